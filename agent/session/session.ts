// One device, one attempt: connect, verify the host key, log in, settle the terminal, run the commands,
// prove each output whole, leave politely. Whatever goes wrong becomes the attempt's failure; nothing throws
// past runSession. The seam to the worker is SessionPorts: a session knows no process, lease or message.
import type { Duplex } from 'node:stream';
import { Kind, type Output, Purpose, Stage } from '../../proto/gen/netsweep/v1/model.js';
import type { Attempt, HostKey } from '../../proto/gen/netsweep/v1/session.js';
import type { CalledOff } from '../calloff.js';
import { Course } from '../course.js';
import { Secret } from '../credentials.js';
import { asFailure, type DeviceFailure } from '../failure.js';
import type { Rules } from '../line/platform.js';
import { LEAVE_MS } from '../line/terminal.js';
import { Transcript } from '../record/transcript.js';
import { Admission } from '../ssh/admission.js';
import type { Bastions, Passage } from '../ssh/bastions.js';
import type { Answer, Step, Turn } from '../ssh/login.js';
import type { Question } from '../ssh/questions.js';
import { Shell, type ShellEvents } from '../ssh/shell.js';
import { type Limit, Watch } from '../watch.js';
import { attemptOf, type Ending, figuresOf, type Instants, transcriptOf } from './attempt.js';
import { overdue } from './overdue.js';
import { Reading } from './reading.js';
import type { SessionPorts, SessionTask } from './seam.js';
import { keyExchangeOutput, keyOutput, learnedOf } from './survey.js';
import { rulesOf, walkTask } from './tasks.js';
import { Walk } from './walk.js';
import { sshName, traveller, wayOf } from './way.js';

/**
 * Runs one attempt. Resolves only after the socket has closed.
 * `signal` aborts: the socket is destroyed at once and the attempt ends `disconnected`; the caller decides
 * what that means (cancelled, handed back).
 */
export function runSession(
  task: SessionTask,
  ports: SessionPorts,
  signal: CalledOff,
  bastions: Bastions,
): Promise<Attempt> {
  return new Session(task, ports, signal, bastions).run();
}

class Session implements ShellEvents {
  readonly #task: SessionTask;
  readonly #ports: SessionPorts;
  readonly #signal: CalledOff;
  readonly #course = new Course();
  readonly #watch = new Watch((limit) => this.#strike(limit));
  readonly #admission: Admission;
  readonly #transcript: Transcript | null;
  readonly #passage: Passage | null;
  readonly #bastions: Bastions;
  readonly #reading: Reading;
  /** Of a session that runs no commands. */
  readonly #outputs: Output[] = [];
  #failure: DeviceFailure | null = null;
  #shell: Shell | null = null;
  #walk: Walk | null = null;
  /** Named by the learner. */
  #platform = '';
  #through: (() => void) | null = null;
  #closed = false;
  readonly #instants: Instants = { begun: 0, connected: 0, ready: 0 };
  #onGone: (() => void) | null = null;

  constructor(task: SessionTask, ports: SessionPorts, signal: CalledOff, bastions: Bastions) {
    this.#task = task;
    this.#ports = ports;
    this.#signal = signal;
    this.#bastions = bastions;
    const { device, options, credential, hostKeys, marks } = task;
    const { host, port, legacy } = device;
    const username = sshName(task, credential?.username ?? '');
    this.#admission = new Admission(
      { host, port, username, credential, hostKeys, marks, policy: options.hostKeys, legacy },
      ports,
      this.#course,
      this.#watch,
    );
    this.#passage = task.jump.length === 0 ? null : bastions.passage(wayOf(task), traveller(ports, signal));
    this.#reading = new Reading(ports, this.#watch, task.limits.deviceMs, {
      maySlow: () => this.#course.stage === Stage.COMMAND && this.#shell !== null,
      hold: () => this.#shell?.hold(),
      goOn: () => {
        this.#walk?.readAgain();
        this.#shell?.goOn();
      },
    });
    this.#transcript = options.transcripts ? new Transcript(task, this.#course) : null;
  }

  async run(): Promise<Attempt> {
    const started = performance.now();
    const onAbort = () =>
      this.#breakOff(this.#course.failure(Kind.DISCONNECTED, 'the session was called off'));
    this.#signal.addEventListener('abort', onAbort, { once: true });
    const leaveHold = this.#reading.follow();
    try {
      if (this.#signal.aborted) onAbort();
      await this.#work(rulesOf(this.#task));
    } catch (thrown) {
      this.#failure ??= asFailure(thrown, this.#course.stage);
      if (this.#failure.local) this.#ports.troubled(this.#failure.local);
      this.#transcript?.failed(this.#failure);
      await this.#walk?.abandon();
    }
    leaveHold?.();
    this.#reading.again();
    this.#course.finish();
    const leftClean = await this.#leave();
    this.#signal.removeEventListener('abort', onAbort);
    this.#watch[Symbol.dispose]();
    this.#admission[Symbol.dispose]();
    this.#walk?.[Symbol.dispose]();
    this.#ports.measured?.(figuresOf(this.#instants, this.#shell));
    const ending = this.#ending(performance.now() - started, leftClean);
    const attempt = attemptOf(ending);
    if (this.#transcript) attempt.transcript = await transcriptOf(this.#transcript, attempt, ending);
    return attempt;
  }

  // What the walk is made of, in its order.

  async #work(rules: Rules): Promise<void> {
    const { options, credential } = this.#task;
    await this.#connect();
    if (options.purpose === Purpose.HOST_KEYS) return;
    const shell = this.#shell as Shell; // opened by #connect
    if (options.purpose === Purpose.LEARN) return this.#learn(rules, shell);
    const channels = this.#transcript?.listen(shell, rules) ?? shell;
    // Copies: the login has wiped its own by now.
    const secrets = {
      password: Secret.copy(credential?.password),
      enable: Secret.copy(credential?.enableSecret),
    };
    this.#walk = new Walk(walkTask(this.#task, rules), secrets, this.#ports, {
      course: this.#course,
      watch: this.#watch,
      channels,
      readable: () => this.#reading.readable(),
    });
    this.#walk.onRules = (found) => this.#transcript?.adopt(found);
    await this.#walk.run();
    this.#failure ??= this.#walk.complaint;
  }

  /** Describes the command line instead of running commands. */
  async #learn(rules: Rules, shell: Shell): Promise<void> {
    this.#course.stage = Stage.SHELL;
    this.#watch.clear('login'); // the learner gives up by itself
    const means = { ports: this.#ports, shell, course: this.#course };
    const { output, platform } = await learnedOf(this.#task, rules, means);
    this.#platform = platform;
    this.#outputs.push(output);
  }

  async #connect(): Promise<void> {
    const { options, limits } = this.#task;
    const learning = options.purpose === Purpose.HOST_KEYS;
    const endpoint = learning
      ? this.#admission.keyEndpoint()
      : await this.#course.during(this.#admission.endpoint(limits.loginMs));
    if (!this.#ports.mayStart())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the connect');
    this.#watch.set('device', limits.deviceMs);
    const way = this.#passage === null ? null : await this.#travel(this.#passage);
    if (way === null) this.#watch.set('connect', limits.connectMs);
    await this.#course.until<void>((done) => {
      this.#through = done;
      this.#instants.begun = performance.now();
      this.#shell = new Shell(endpoint, this, way);
    });
    if (!learning) return;
    // The key exchange is all that was wanted, and the device is being left; the ledger's answer needs none.
    await this.#admission.keyAccepted();
    this.#outputs.push(await keyOutput(this.#admission.seenKey as HostKey)); // the key exchange is through
    if (options.describes) this.#outputs.push(await keyExchangeOutput(this.#instants, this.#shell));
  }

  /** Through the bastions; the wait for them is no time of the device's. */
  async #travel(passage: Passage): Promise<Duplex> {
    this.#watch.hold();
    await this.#course.during(passage.reserve()).finally(() => this.#watch.release());
    if (!this.#ports.mayStart())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the connect');
    this.#watch.set('connect', this.#task.limits.connectMs);
    return this.#course.during(passage.connect());
  }

  // What the connection asks and tells.

  mayConnect(): boolean {
    return this.#ports.mayStart();
  }

  refused(address: string, port: number): DeviceFailure | null {
    return this.#bastions.refused(address, port);
  }

  mayWrite(): boolean {
    return this.#ports.mayWrite();
  }

  connected(): void {
    this.#instants.connected = performance.now();
    this.#watch.clear('connect');
    this.#watch.set('login', this.#task.limits.loginMs);
  }

  hostKey(key: HostKey): boolean {
    return this.#admission.hostKey(key);
  }

  secured(weak: readonly string[]): Promise<void> | null {
    const accepting = this.#admission.secured(weak);
    if (this.#task.options.purpose !== Purpose.HOST_KEYS) return accepting;
    this.#through?.();
    this.#shell?.end();
    return null;
  }

  method(turn: Turn): Promise<Step> {
    return this.#admission.method(turn);
  }

  answer(questions: readonly Question[]): Promise<Answer[]> {
    return this.#admission.answer(questions);
  }

  passwordExpired(): void {
    this.#admission.passwordExpired();
  }

  ready(): void {
    this.#instants.ready = performance.now();
    this.#admission.ready();
    this.#through?.();
  }

  failed(toFailure: (stage: Stage) => DeviceFailure): void {
    this.#admission.failed(toFailure);
  }

  closed(): void {
    this.#closed = true;
    const byUs = this.#shell?.wire.destroyed === true;
    if (!byUs) this.#admission.hungUp();
    this.#transcript?.closed(byUs);
    this.#course.disconnected('the device closed the connection');
    this.#walk?.gone();
    this.#onGone?.();
  }

  // Limits and endings.

  #strike(limit: Limit): void {
    switch (limit) {
      case 'quiet':
        return this.#walk?.onQuiet();
      case 'wake':
        return this.#walk?.onSilence();
      case 'leave':
        this.#walk?.gone();
        this.#onGone?.();
        return;
      default: {
        const reached = {
          course: this.#course,
          passage: this.#passage,
          shell: this.#shell,
          walk: this.#walk,
        };
        this.#breakOff(overdue(limit, this.#task.limits, reached));
      }
    }
  }

  /** Fails and destroys the socket at once. */
  #breakOff(failure: DeviceFailure): void {
    this.#course.fail(failure);
    this.#shell?.wire.destroy();
  }

  /** Ends the connection, politely where that is possible; whether the device has closed its session. */
  async #leave(): Promise<boolean> {
    const shell = this.#shell;
    if (!shell) {
      this.#passage?.close();
      return true;
    }
    this.#watch.clear('connect');
    this.#watch.clear('login');
    if (!shell.wire.destroyed && !this.#closed && this.#ports.mayWrite()) {
      await this.#walk?.leave();
      this.#watch.set('leave', LEAVE_MS);
      shell.end();
      await this.#gone();
    }
    const clean =
      !shell.wire.connected || (!shell.wire.destroyed && (this.#closed || this.#walk?.ended === true));
    if (!this.#closed) {
      shell.wire.destroy();
      await this.#gone();
    }
    this.#passage?.close();
    return clean;
  }

  /** Resolves once the socket has closed, or has had its time to. */
  #gone(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onGone = resolve;
    });
  }

  #ending(durationMs: number, leftClean: boolean): Ending {
    return {
      task: this.#task,
      admission: this.#admission,
      shell: this.#shell,
      walk: this.#walk,
      outputs: this.#outputs,
      platform: this.#platform,
      failure: this.#failure,
      durationMs,
      leftClean,
    };
  }
}

// One device, one attempt: connect, verify the host key, log in, settle the terminal, run the commands,
// prove each output whole, leave politely. Whatever goes wrong becomes the attempt's failure; nothing throws
// past runSession. The seam to the worker is SessionPorts: a session knows no process, lease or message.
import { hash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  type Credential,
  type Device,
  Kind,
  type Output,
  Proof,
  Purpose,
  Stage,
  Status,
  type SweepOptions,
} from '../../proto/gen/netsweep/v1/model.js';
import {
  Attempt,
  type HostKey,
  type HostMarks,
  type LoginResult,
  type Permit,
  type SecretUse,
  type Secured,
} from '../../proto/gen/netsweep/v1/session.js';
import { AUTO } from '../../proto/platform.js';
import type { CalledOff } from '../calloff.js';
import { Course } from '../course.js';
import { Secret } from '../credentials.js';
import { asFailure, DeviceFailure, type Local } from '../failure.js';
import type { Figures } from '../figures.js';
import type { Hold } from '../hold.js';
import { recordOutput } from '../line/output.js';
import { type Rules, rulesOf } from '../line/platform.js';
import { LEAVE_MS } from '../line/terminal.js';
import { Redaction } from '../record/redaction.js';
import { Transcript } from '../record/transcript.js';
import { Admission } from '../ssh/admission.js';
import type { Hop } from '../ssh/bastion.js';
import type { Bastions, Passage, Traveller, Way } from '../ssh/bastions.js';
import { describeKey } from '../ssh/hostkeys.js';
import type { Answer, Step, Turn } from '../ssh/login.js';
import type { Question } from '../ssh/questions.js';
import { Shell, type ShellEvents } from '../ssh/shell.js';
import { type Limit, Watch } from '../watch.js';
import { admit } from './gate.js';
import { Learner } from './learn.js';
import { Walk, type WalkTask } from './walk.js';

/** Of the digest of a key that the coordinator knows: enough to tell it from others of the device. */
const KNOWN_KEY_BYTES = 2;

/** What one session works on. */
export interface SessionTask {
  sweep: string;
  device: Device;
  options: SweepOptions;
  /** Limits with nothing left at 0: the device's own over the sweep's. */
  limits: { connectMs: number; loginMs: number; idleMs: number; commandMs: number; deviceMs: number };
  credential: Credential | null;
  /** Keys known for the endpoint; empty: none yet. */
  hostKeys: HostKey[];
  /** What known_hosts says of it besides. */
  marks: HostMarks | null;
  /** The bastions on the way, in the order of Device.jump. */
  jump: Hop[];
  /** Logins by a key alone ask for leave, too. */
  paced?: boolean;
  /** How long it waits before it connects, as others begin at the same time; it is nobody's time. */
  beginInMs?: number;
}

/** What a session asks of the world outside its device. `hop`: the nth bastion on the way; without it the device. */
export interface SessionPorts {
  /** May the secret be sent now? Resolves when the coordinator has answered; rejects when the lease is over. */
  permit(use: SecretUse, hop?: number): Promise<Permit>;
  /** How a permitted secret fared; called exactly once per permit that said SEND. */
  loggedIn(use: SecretUse, result: LoginResult, hop?: number): void;
  /** Offers a first-seen host key to the ledger, before authentication. */
  acceptHostKey(key: HostKey, hop?: number): Promise<{ accepted: boolean; known: HostKey[] }>;
  /** As in SessionTask. */
  paced?: boolean | undefined;
  /** May the first command be sent? Asked in sweeps that may write; the answer may take a while. False: nothing may. */
  start(): Promise<boolean>;
  /** False once the lease allows no new connect and no new command. Checked before each. */
  mayStart(): boolean;
  /** False once the lease allows no byte at all. Checked before every write. */
  mayWrite(): boolean;
  /** What the attempt fails by is not the device's. */
  troubled(local: Local): void;
  /** Whether the device may be read; without it it always may. */
  hold?: Hold;
  /** It was not read for longer than a session may take: the caller gives it back. */
  heldTooLong?(): void;
  /** At its end, once: how long it took to get there, and what it carried. */
  measured?(figures: Figures): void;
}

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
  /** Of a session that runs no commands. */
  readonly #outputs: Output[] = [];
  #failure: DeviceFailure | null = null;
  #shell: Shell | null = null;
  #walk: Walk | null = null;
  /** Named by the learner. */
  #platform = '';
  #through: (() => void) | null = null;
  #closed = false;
  /** When the connection was begun, when it stood, and when we were logged in; 0: not yet. */
  readonly #instants = { begun: 0, connected: 0, ready: 0 };
  #onGone: (() => void) | null = null;
  /** Strikes when the device has not been read for too long. */
  #unread: NodeJS.Timeout | null = null;

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
    this.#transcript = options.transcripts ? new Transcript(task, this.#course) : null;
  }

  async run(): Promise<Attempt> {
    const started = performance.now();
    const onAbort = () =>
      this.#breakOff(this.#course.failure(Kind.DISCONNECTED, 'the session was called off'));
    this.#signal.addEventListener('abort', onAbort, { once: true });
    const leaveHold = this.#ports.hold?.follow((on) => (on ? this.#stopReading() : this.#readAgain()));
    try {
      if (this.#signal.aborted) onAbort();
      await this.#work(this.#rules());
    } catch (thrown) {
      this.#failure ??= asFailure(thrown, this.#course.stage);
      if (this.#failure.local) this.#ports.troubled(this.#failure.local);
      this.#transcript?.failed(this.#failure);
      await this.#walk?.abandon();
    }
    leaveHold?.();
    this.#readAgain();
    this.#course.finish();
    const leftClean = await this.#leave();
    this.#signal.removeEventListener('abort', onAbort);
    this.#watch[Symbol.dispose]();
    this.#admission[Symbol.dispose]();
    this.#walk?.[Symbol.dispose]();
    this.#ports.measured?.(this.#figures());
    const attempt = this.#attempt(performance.now() - started, leftClean);
    if (this.#transcript) attempt.transcript = await this.#record(this.#transcript, attempt);
    return attempt;
  }

  // What the walk is made of, in its order.

  /** The platform's rules, once every command has passed the gate; no device is touched before. */
  #rules(): Rules {
    const { device, options } = this.#task;
    // What is yet to be found out begins as a device of any kind.
    const rules = rulesOf(device.platform === AUTO ? 'generic' : device.platform, options.platforms);
    if (!rules)
      throw new DeviceFailure(
        Kind.NOT_ALLOWED,
        Stage.PLAN,
        `this agent knows no platform ${device.platform}`,
      );
    if (options.purpose === Purpose.COMMANDS && device.platform !== AUTO)
      admit(rules, device, options.allowWrites);
    return rules;
  }

  async #work(rules: Rules): Promise<void> {
    const { device, options, credential, limits } = this.#task;
    await this.#connect();
    if (options.purpose === Purpose.HOST_KEYS) return;
    const shell = this.#shell as Shell; // opened by #connect
    const task: WalkTask = {
      platform: device.platform,
      commands: device.commands,
      foundCommands: device.foundCommands,
      enable: device.enable,
      enableCommand: device.enableCommand,
      rules,
      limits,
      username: credential?.username ?? '',
      allowWrites: options.allowWrites,
      outputLimit: options.outputLimit,
      platforms: options.platforms,
    };
    if (options.purpose === Purpose.LEARN) return this.#learn(task, shell);
    const channels = this.#transcript?.listen(shell, rules) ?? shell;
    // Copies: the login has wiped its own by now.
    const secrets = {
      password: Secret.copy(credential?.password),
      enable: Secret.copy(credential?.enableSecret),
    };
    this.#walk = new Walk(task, secrets, this.#ports, {
      course: this.#course,
      watch: this.#watch,
      channels,
      readable: () => this.#readable(),
    });
    this.#walk.onRules = (found) => this.#transcript?.adopt(found);
    await this.#walk.run();
    this.#failure ??= this.#walk.complaint;
  }

  /** Describes the command line instead of running commands. */
  async #learn({ rules, limits, platforms }: WalkTask, shell: Shell): Promise<void> {
    this.#course.stage = Stage.SHELL;
    const { device } = this.#task;
    this.#watch.clear('login'); // the learner gives up by itself
    const task = { rules, limits, ports: this.#ports };
    const learner = new Learner(task, shell, this.#course, platforms);
    const description = await learner.describe(device.platform, device.name);
    this.#platform = learner.platform;
    const raw = { settled: null, rest: Buffer.from(this.#redacted(description)) };
    this.#outputs.push(await recordOutput({ command: 'learn', durationMs: 0 }, raw, () => Proof.COMPLETE));
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
    const text = Buffer.from(`${describeKey(this.#admission.seenKey as HostKey)}\n`); // the key exchange is through
    this.#outputs.push(
      await recordOutput(
        { command: 'host-key', durationMs: 0 },
        { settled: null, rest: text },
        () => Proof.COMPLETE,
      ),
    );
    if (options.describes) this.#outputs.push(await this.#describe());
  }

  /** What the key exchange tells of the device beside its key, a line each. */
  async #describe(): Promise<Output> {
    const { begun, connected } = this.#instants;
    const { wire, settled = {} } = this.#shell ?? {};
    const lines = [
      ['identification', wire?.identification ?? ''],
      ...Object.entries(settled),
      ['connect_ms', String(Math.max(1, Math.round(connected - begun)))],
    ].map(([name, value]) => `${name}: ${value}\n`);
    const raw = { settled: null, rest: Buffer.from(lines.join('')) };
    return recordOutput({ command: 'key-exchange', durationMs: 0 }, raw, () => Proof.COMPLETE);
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

  // While nobody takes what the device says.

  /** What comes before the first command is little, and others may wait for its outcome. */
  #stopReading(): void {
    if (this.#course.stage !== Stage.COMMAND || this.#shell === null || this.#unread !== null) return;
    this.#watch.freeze();
    this.#shell.hold();
    this.#unread = setTimeout(() => this.#ports.heldTooLong?.(), this.#task.limits.deviceMs);
  }

  #readAgain(): void {
    if (this.#unread === null) return;
    clearTimeout(this.#unread);
    this.#unread = null;
    this.#watch.thaw();
    this.#walk?.readAgain();
    this.#shell?.goOn();
  }

  #readable(): Promise<void> | null {
    if (this.#ports.hold?.on !== true) return null;
    this.#stopReading();
    return this.#ports.hold.released();
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
    const { limits } = this.#task;
    switch (limit) {
      case 'quiet':
        return this.#walk?.onQuiet();
      case 'wake':
        return this.#walk?.onSilence();
      case 'leave':
        this.#walk?.gone();
        this.#onGone?.();
        return;
      case 'connect':
        return this.#breakOff(
          this.#shell?.wire.unreached(limits.connectMs) ??
            this.#passage?.unreached(limits.connectMs) ??
            this.#course.failure(Kind.UNREACHABLE, 'no connection'),
        );
      case 'login':
        return this.#breakOff(this.#noLogin());
      case 'idle':
        return this.#breakOff(this.#course.failure(Kind.TIMEOUT, `nothing came for ${limits.idleMs} ms`));
      case 'command':
        return this.#breakOff(
          this.#course.failure(Kind.TIMEOUT, `the command took more than ${limits.commandMs} ms`),
        );
      case 'device':
        return this.#breakOff(
          this.#course.failure(Kind.DEADLINE, `the device took more than ${limits.deviceMs} ms`),
        );
      default:
        limit satisfies never;
    }
  }

  #noLogin(): DeviceFailure {
    const { loginMs } = this.#task.limits;
    const greeting = this.#shell?.wire.greeting ?? '';
    if (greeting !== '') return this.#course.failure(Kind.PROTOCOL, `not SSH; it says: ${greeting}`);
    return (
      this.#walk?.noPrompt(loginMs) ?? this.#course.failure(Kind.TIMEOUT, `no login within ${loginMs} ms`)
    );
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

  async #record(transcript: Transcript, attempt: Attempt): Promise<Output> {
    using recorded = transcript;
    const { seenKey } = this.#admission;
    recorded.note('identification', this.#shell?.wire.identification ?? '');
    recorded.note('host_key', seenKey ? describeKey(seenKey) : '');
    for (const [name, algorithm] of Object.entries(this.#shell?.settled ?? {}))
      recorded.note(name, algorithm);
    return await recorded.record(attempt, this.#walk?.commands ?? this.#task.device.commands);
  }

  /** A device may repeat what it was given, in whatever it says. */
  #redacted(text: string): string {
    const { credential, jump } = this.#task;
    using redaction = new Redaction(credential, ...jump.map((hop) => hop.credential));
    return redaction.text(text);
  }

  #figures(): Figures {
    const { begun, connected, ready } = this.#instants;
    const wire = this.#shell?.wire;
    const connectUs = Math.round((connected - begun) * 1_000);
    const loginUs = Math.round((ready - connected) * 1_000);
    return [Math.max(0, connectUs), Math.max(0, loginUs), wire?.bytesIn ?? 0, wire?.bytesOut ?? 0];
  }

  #attempt(durationMs: number, leftClean: boolean): Attempt {
    const outputs = this.#walk?.outputs ?? this.#outputs;
    const secretSent = this.#admission.login.passwordSent || this.#walk?.secretSent === true;
    const failure = this.#failure?.record(secretSent);
    if (failure) failure.message = this.#redacted(failure.message);
    const stopped = failure?.kind === Kind.CREDENTIAL_STOPPED && failure.stage === Stage.AUTH;
    const whole = outputs.every((output) => output.proof === Proof.COMPLETE);
    let status: Status = whole ? Status.OK : Status.SUSPECT;
    if (failure) status = stopped ? Status.SKIPPED : Status.FAILED;
    return Attempt.create({
      status,
      failure,
      outputs,
      durationMs: Math.round(durationMs),
      endedAgoMs: 0,
      secretSent,
      leftClean,
      platform: this.#walk?.platform || this.#platform,
      notes: [...this.#admission.notes, ...(this.#walk?.notes ?? [])],
      secured: this.#secured(),
    });
  }

  #secured(): Secured | undefined {
    const settled = Object.values(this.#shell?.settled ?? {});
    const { seenKey } = this.#admission;
    if (seenKey === null || settled.length === 0) return undefined;
    const digest = hash('sha256', seenKey.blob, 'buffer');
    const hostKey = this.#admission.keyIsKnown ? digest.subarray(0, KNOWN_KEY_BYTES) : digest;
    return { hostKey, algorithms: settled.filter((name) => name !== '').join(' '), settled: 0 };
  }
}

function wayOf({ sweep, jump, device, options, limits }: SessionTask): Way {
  return { sweep, hops: jump, host: device.host, port: device.port, policy: options.hostKeys, limits };
}

/** A session whose leave its bastions log in with, if it is the first that goes their way. */
function traveller(ports: SessionPorts, calledOff: CalledOff): Traveller {
  return {
    calledOff,
    mayStart: () => ports.mayStart(),
    ports: (hop) => ({
      permit: (use) => ports.permit(use, hop),
      loggedIn: (use, result) => ports.loggedIn(use, result, hop),
      acceptHostKey: (key) => ports.acceptHostKey(key, hop),
      mayWrite: () => ports.mayWrite(),
      paced: ports.paced,
    }),
  };
}

/** What SSH is told: some platforms have a name of their own there, or take words about the terminal behind it. */
function sshName({ device, options }: SessionTask, username: string): string {
  const platform = rulesOf(device.platform, options.platforms)?.platform;
  return username === '' ? '' : (platform?.ssh_username ?? username) + (platform?.username_suffix ?? '');
}

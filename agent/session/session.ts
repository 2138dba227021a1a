// One device, one attempt: connect, verify the host key, log in, settle the terminal, run the commands,
// prove each output whole, leave politely. Whatever goes wrong becomes the attempt's failure; nothing throws
// past runSession. The seam to the worker is SessionPorts: a session knows no process, lease or message.
import { setMaxListeners } from 'node:events';
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
  type LoginResult,
  type Permit,
  SecretUse,
} from '../../proto/gen/netsweep/v1/session.js';
import { AUTO } from '../../proto/platform.js';
import { Course } from '../course.js';
import { Permission, Secret } from '../credentials.js';
import { asFailure, DeviceFailure } from '../failure.js';
import { Exec } from '../line/exec.js';
import { recordOutput } from '../line/output.js';
import { type Rules, rulesOf } from '../line/platform.js';
import { LEAVE_MS, Terminal, type TerminalTask } from '../line/terminal.js';
import { Transcript } from '../record/transcript.js';
import { Admission } from '../ssh/admission.js';
import type { Hop } from '../ssh/bastion.js';
import type { Bastions, Passage, Traveller, Way } from '../ssh/bastions.js';
import { describeKey } from '../ssh/hostkeys.js';
import type { Answer, Step, Turn } from '../ssh/login.js';
import type { Question } from '../ssh/questions.js';
import { type Channels, Shell, type ShellEvents } from '../ssh/shell.js';
import { quote } from '../text.js';
import { type Limit, Watch } from '../watch.js';
import { findPlatform } from './detect.js';
import { admit } from './gate.js';
import { Learner } from './learn.js';

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
  /** The bastions on the way, in the order of Device.jump. */
  jump: Hop[];
}

/** What a session asks of the world outside its device. `hop`: the nth bastion on the way; without it the device. */
export interface SessionPorts {
  /** May the secret be sent now? Resolves when the coordinator has answered; rejects when the lease is over. */
  permit(use: SecretUse, hop?: number): Promise<Permit>;
  /** How a permitted secret fared; called exactly once per permit that said SEND. */
  loggedIn(use: SecretUse, result: LoginResult, hop?: number): void;
  /** Offers a first-seen host key to the ledger, before authentication. */
  acceptHostKey(key: HostKey, hop?: number): Promise<{ accepted: boolean; known: HostKey[] }>;
  /** False once the lease allows no new connect and no new command. Checked before each. */
  mayStart(): boolean;
  /** False once the lease allows no byte at all. Checked before every write. */
  mayWrite(): boolean;
}

/**
 * Runs one attempt. Resolves only after the socket has closed.
 * `signal` aborts: the socket is destroyed at once and the attempt ends `disconnected`; the caller decides
 * what that means (cancelled, handed back).
 */
export function runSession(
  task: SessionTask,
  ports: SessionPorts,
  signal: AbortSignal,
  bastions: Bastions,
): Promise<Attempt> {
  return new Session(task, ports, signal, bastions).run();
}

class Session implements ShellEvents {
  readonly #task: SessionTask;
  readonly #ports: SessionPorts;
  readonly #signal: AbortSignal;
  readonly #course = new Course();
  readonly #watch = new Watch((limit) => this.#strike(limit));
  readonly #admission: Admission;
  readonly #enabling: Permission;
  /** For a second login inside the channel, after the first has wiped its own copy. */
  readonly #channelPassword: Secret | null;
  readonly #channelLogin: Permission;
  readonly #outputs: Output[] = [];
  #commands: readonly string[];
  /** What detection found. */
  #platform = '';
  readonly #notes: string[] = [];
  readonly #transcript: Transcript | null;
  #failure: DeviceFailure | null = null;
  readonly #passage: Passage | null;
  #shell: Shell | null = null;
  #terminal: Terminal | null = null;
  #exec: Exec | null = null;
  #through: (() => void) | null = null;
  #closed = false;
  #onGone: (() => void) | null = null;

  constructor(task: SessionTask, ports: SessionPorts, signal: AbortSignal, bastions: Bastions) {
    this.#task = task;
    this.#commands = task.device.commands;
    this.#ports = ports;
    this.#signal = signal;
    const { device, options, credential, hostKeys } = task;
    const { host, port, legacy } = device;
    const username = sshName(task, credential?.username ?? '');
    this.#admission = new Admission(
      { host, port, username, credential, hostKeys, policy: options.hostKeys, legacy },
      ports,
      this.#course,
      this.#watch,
    );
    this.#passage = task.jump.length === 0 ? null : bastions.passage(wayOf(task), traveller(ports, signal));
    this.#transcript = options.transcripts ? new Transcript(task, this.#course) : null;
    this.#enabling = new Permission(SecretUse.ENABLE, ports);
    this.#channelPassword = Secret.copy(task.credential?.password);
    this.#channelLogin = new Permission(SecretUse.CHANNEL, ports);
  }

  async run(): Promise<Attempt> {
    const started = performance.now();
    const onAbort = () =>
      this.#breakOff(this.#course.failure(Kind.DISCONNECTED, 'the session was called off'));
    setMaxListeners(0, this.#signal); // many sessions may share one
    this.#signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (this.#signal.aborted) onAbort();
      await this.#work(this.#rules());
    } catch (thrown) {
      this.#failure ??= asFailure(thrown, this.#course.stage);
      this.#transcript?.failed(this.#failure);
      const remains = await (this.#exec ?? this.#terminal)?.remains();
      if (remains) this.#outputs.push(remains);
    }
    this.#course.finish();
    const leftClean = await this.#leave();
    this.#signal.removeEventListener('abort', onAbort);
    this.#watch[Symbol.dispose]();
    this.#admission[Symbol.dispose]();
    this.#channelPassword?.[Symbol.dispose]();
    this.#channelLogin.close();
    this.#enabling.close();
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
      admit(rules, device.commands, options.allowWrites);
    return rules;
  }

  async #work(rules: Rules): Promise<void> {
    const { device, options } = this.#task;
    await this.#connect();
    if (options.purpose === Purpose.HOST_KEYS) return;
    const terminalTask: TerminalTask = {
      rules,
      limits: this.#task.limits,
      outputLimit: options.outputLimit,
      ports: this.#ports,
      login: {
        username: this.#task.credential?.username ?? '',
        password: this.#channelPassword,
        permission: this.#channelLogin,
      },
    };
    const shell = this.#shell as Shell; // opened by #connect
    const channels = this.#transcript?.listen(shell, rules) ?? shell;
    if (options.purpose === Purpose.LEARN) return this.#learn(terminalTask, shell);
    if (rules.platform.mode === 'exec' && (await this.#runEach(terminalTask, channels))) return;
    this.#course.stage = Stage.SHELL;
    this.#terminal = new Terminal(terminalTask, channels, this.#course, this.#watch);
    await this.#terminal.open();
    this.#channelPassword?.[Symbol.dispose]();
    this.#watch.clear('login');
    if (device.platform === AUTO && (await this.#findPlatform(this.#terminal, terminalTask, channels)))
      return;
    await this.#terminal.prepare();
    if (device.enable) await this.#enable(this.#terminal);
    this.#course.stage = Stage.COMMAND;
    for (const command of this.#commands) {
      const { output, complaint } = await this.#terminal.run(command);
      this.#outputs.push(output);
      if (complaint !== null)
        this.#failure ??= this.#course.failure(Kind.CLI_ERROR, `${JSON.stringify(command)}: ${complaint}`);
    }
  }

  /** Goes on by the rules of the platform that it finds; true: that is a shell, and has run the commands. */
  async #findPlatform(terminal: Terminal, task: TerminalTask, channels: Channels): Promise<boolean> {
    const { options } = this.#task;
    const { rules, note } = await findPlatform(terminal, channels.wire.identification, options.platforms);
    this.#platform = rules.platform.name;
    this.#notes.push(note);
    if (this.#commands.length === 0) this.#commands = rules.platform.default_commands;
    admit(rules, this.#commands, options.allowWrites);
    terminal.adopt(rules);
    this.#transcript?.adopt(rules);
    const isDone = rules.platform.mode === 'exec' && (await this.#runEach({ ...task, rules }, channels));
    this.#watch.clear('login');
    return isDone;
  }

  /** Describes the command line instead of running commands. */
  async #learn(task: TerminalTask, shell: Shell): Promise<void> {
    this.#course.stage = Stage.SHELL;
    const { device, options } = this.#task;
    this.#watch.clear('login'); // the learner gives up by itself
    const learner = new Learner(task, shell, this.#course, options.platforms);
    const description = await learner.describe(device.platform, device.name);
    this.#platform = learner.platform;
    this.#outputs.push(
      await recordOutput(
        { command: 'learn', durationMs: 0 },
        { settled: null, rest: Buffer.from(description) },
        () => Proof.COMPLETE,
      ),
    );
  }

  /** Each command on a channel of its own; false when the device gives none, and a command line is all there is. */
  async #runEach(task: TerminalTask, channels: Channels): Promise<boolean> {
    this.#course.stage = Stage.COMMAND;
    this.#exec = new Exec(task, channels, this.#course, this.#watch);
    this.#watch.clear('login');
    for (const command of this.#commands) {
      const output = await this.#exec.run(command);
      if (output !== null) this.#outputs.push(output);
      else if (this.#outputs.length > 0)
        throw this.#course.failure(Kind.PROTOCOL, 'the device refused to run the command');
      else {
        this.#exec = null;
        this.#watch.set('login', this.#task.limits.loginMs);
        return false;
      }
    }
    return true;
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

  async #enable(terminal: Terminal): Promise<void> {
    const secret = Secret.copy(this.#task.credential?.enableSecret);
    try {
      await terminal.enable(this.#task.device.enableCommand, secret, this.#enabling);
    } finally {
      secret?.[Symbol.dispose]();
    }
  }

  // What the connection tells.

  connected(): void {
    this.#watch.clear('connect');
    this.#watch.set('login', this.#task.limits.loginMs);
  }

  hostKey(key: HostKey): boolean {
    return this.#admission.hostKey(key);
  }

  secured(weak: readonly string[]): void {
    this.#admission.secured(weak);
    if (this.#task.options.purpose !== Purpose.HOST_KEYS) return;
    this.#through?.();
    this.#shell?.end();
  }

  async method(turn: Turn): Promise<Step> {
    // Leaving after the key exchange; nothing more is said.
    if (this.#task.options.purpose === Purpose.HOST_KEYS) return new Promise(() => {});
    return this.#admission.method(turn);
  }

  answer(questions: readonly Question[]): Promise<Answer[]> {
    return this.#admission.answer(questions);
  }

  passwordExpired(): void {
    this.#admission.passwordExpired();
  }

  ready(): void {
    this.#admission.ready();
    this.#through?.();
  }

  failed(toFailure: (stage: Stage) => DeviceFailure): void {
    this.#admission.failed(toFailure);
  }

  closed(): void {
    this.#closed = true;
    this.#transcript?.closed(this.#shell?.wire.destroyed === true);
    this.#course.disconnected('the device closed the connection');
    this.#terminal?.gone();
    this.#onGone?.();
  }

  // Limits and endings.

  #strike(limit: Limit): void {
    const { limits } = this.#task;
    switch (limit) {
      case 'quiet':
        return this.#terminal?.onQuiet();
      case 'wake':
        return this.#terminal?.onSilence();
      case 'leave':
        this.#terminal?.gone();
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
    const within = `within ${this.#task.limits.loginMs} ms`;
    const greeting = this.#shell?.wire.greeting ?? '';
    if (greeting !== '') return this.#course.failure(Kind.PROTOCOL, `not SSH; it says: ${greeting}`);
    if ((this.#terminal?.received ?? 0) > 0)
      return this.#course.failure(
        Kind.PROMPT,
        `text came, but no prompt that is known ${within}${this.#lastLine()}`,
      );
    return this.#course.failure(Kind.TIMEOUT, `no login ${within}`);
  }

  /** For a message; not once a secret was typed, which the device may have echoed. */
  #lastLine(): string {
    if (this.#channelLogin.wasSent) return '';
    return `; the last line is "${quote(this.#terminal?.lastLine ?? '')}"`;
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
      this.#watch.set('leave', LEAVE_MS);
      if (this.#terminal?.atPrompt) await this.#terminal.leave();
      shell.end();
      await this.#gone();
    }
    const clean =
      !shell.wire.connected || (!shell.wire.destroyed && (this.#closed || this.#terminal?.ended === true));
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
    return await recorded.record(attempt, this.#commands);
  }

  #attempt(durationMs: number, leftClean: boolean): Attempt {
    const secretSent =
      this.#admission.login.passwordSent || this.#channelLogin.wasSent || this.#enabling.wasSent;
    const failure = this.#failure?.record(secretSent);
    const stopped = failure?.kind === Kind.CREDENTIAL_STOPPED && failure.stage === Stage.AUTH;
    const whole = this.#outputs.every((output) => output.proof === Proof.COMPLETE);
    let status: Status = whole ? Status.OK : Status.SUSPECT;
    if (failure) status = stopped ? Status.SKIPPED : Status.FAILED;
    return Attempt.create({
      status,
      failure,
      outputs: this.#outputs,
      durationMs: Math.round(durationMs),
      endedAgoMs: 0,
      secretSent,
      leftClean,
      platform: this.#platform,
      notes: [...this.#admission.notes, ...this.#notes],
    });
  }
}

function wayOf({ sweep, jump, device, options, limits }: SessionTask): Way {
  return { sweep, hops: jump, host: device.host, port: device.port, policy: options.hostKeys, limits };
}

/** A session whose leave its bastions log in with, if it is the first that goes their way. */
function traveller(ports: SessionPorts, calledOff: AbortSignal): Traveller {
  return {
    calledOff,
    mayStart: () => ports.mayStart(),
    ports: (hop) => ({
      permit: (use) => ports.permit(use, hop),
      loggedIn: (use, result) => ports.loggedIn(use, result, hop),
      acceptHostKey: (key) => ports.acceptHostKey(key, hop),
      mayWrite: () => ports.mayWrite(),
    }),
  };
}

/** What SSH is told: some platforms have a name of their own there, or take words about the terminal behind it. */
function sshName({ device, options }: SessionTask, username: string): string {
  const platform = rulesOf(device.platform, options.platforms)?.platform;
  return username === '' ? '' : (platform?.ssh_username ?? username) + (platform?.username_suffix ?? '');
}

// One device, one attempt: connect, verify the host key, log in, settle the terminal, run the commands,
// prove each output whole, leave politely. Whatever goes wrong becomes the attempt's failure; nothing throws
// past runSession. The seam to the worker is SessionPorts: a session knows no process, lease or message.
import { setMaxListeners } from 'node:events';
import {
  type Credential,
  type Device,
  HostKeyPolicy,
  Kind,
  type Output,
  Proof,
  Purpose,
  Stage,
  Status,
  type SweepOptions,
} from '../proto/gen/netsweep/v1/model.js';
import {
  Attempt,
  type HostKey,
  type LoginResult,
  type Permit,
  SecretUse,
} from '../proto/gen/netsweep/v1/session.js';
import { Course } from './course.js';
import { Permission, Secret } from './credentials.js';
import { Exec } from './exec.js';
import { asFailure, DeviceFailure } from './failure.js';
import { refusal } from './gate.js';
import { describeKey, keyAlgorithms, trust } from './hostkeys.js';
import { Login, type Method, type Question } from './login.js';
import { recordOutput } from './output.js';
import { type Rules, rulesOf } from './platform.js';
import { readPrivateKey, Shell, type ShellEvents } from './shell.js';
import { LEAVE_MS, Terminal, type TerminalTask } from './terminal.js';
import { type Limit, Watch } from './watch.js';

/** What one session works on. */
export interface SessionTask {
  device: Device;
  options: SweepOptions;
  /** Limits with nothing left at 0: the device's own over the sweep's. */
  limits: { connectMs: number; loginMs: number; idleMs: number; commandMs: number; deviceMs: number };
  credential: Credential | null;
  /** Keys known for the endpoint; empty: none yet. */
  hostKeys: HostKey[];
}

/** What a session asks of the world outside its device. */
export interface SessionPorts {
  /** May the secret be sent now? Resolves when the coordinator has answered; rejects when the lease is over. */
  permit(use: SecretUse): Promise<Permit>;
  /** How a permitted secret fared; called exactly once per permit that said SEND. */
  loggedIn(use: SecretUse, result: LoginResult): void;
  /** Offers a first-seen host key to the ledger, before authentication. */
  acceptHostKey(key: HostKey): Promise<{ accepted: boolean; known: HostKey[] }>;
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
export function runSession(task: SessionTask, ports: SessionPorts, signal: AbortSignal): Promise<Attempt> {
  return new Session(task, ports, signal).run();
}

class Session implements ShellEvents {
  readonly #task: SessionTask;
  readonly #ports: SessionPorts;
  readonly #signal: AbortSignal;
  readonly #course = new Course();
  readonly #watch = new Watch((limit) => this.#strike(limit));
  readonly #password: Secret | null;
  readonly #login: Login;
  readonly #enabling: Permission;
  readonly #outputs: Output[] = [];
  #failure: DeviceFailure | null = null;
  #shell: Shell | null = null;
  #terminal: Terminal | null = null;
  #exec: Exec | null = null;
  #seenKey: HostKey | null = null;
  #newKey = false;
  #accepting: Promise<void> | null = null;
  #through: (() => void) | null = null;
  #closed = false;
  #onGone: (() => void) | null = null;

  constructor(task: SessionTask, ports: SessionPorts, signal: AbortSignal) {
    this.#task = task;
    this.#ports = ports;
    this.#signal = signal;
    this.#password = Secret.copy(task.credential?.password);
    const hasKey = (task.credential?.privateKey.length ?? 0) > 0;
    this.#login = new Login({ password: this.#password, hasKey }, ports);
    this.#enabling = new Permission(SecretUse.ENABLE, ports);
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
      const remains = await (this.#terminal ?? this.#exec)?.remains();
      if (remains) this.#outputs.push(remains);
    }
    this.#course.finish();
    const leftClean = await this.#leave();
    this.#signal.removeEventListener('abort', onAbort);
    this.#watch[Symbol.dispose]();
    this.#password?.[Symbol.dispose]();
    this.#login.permission.close();
    this.#enabling.close();
    return this.#attempt(performance.now() - started, leftClean);
  }

  // What the walk is made of, in its order.

  /** The platform's rules, once every command has passed the gate; no device is touched before. */
  #rules(): Rules {
    const { device, options } = this.#task;
    const rules = rulesOf(device.platform);
    if (!rules)
      throw new DeviceFailure(
        Kind.NOT_ALLOWED,
        Stage.PLAN,
        `this agent knows no platform ${device.platform}`,
      );
    if (options.purpose === Purpose.HOST_KEYS) return rules;
    for (const command of device.commands) {
      const reason = refusal(rules, command, options.allowWrites);
      if (reason !== null) throw new DeviceFailure(Kind.NOT_ALLOWED, Stage.PLAN, reason);
    }
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
    };
    const shell = this.#shell as Shell; // opened by #connect
    if (rules.platform.mode === 'exec') {
      this.#watch.clear('login');
      this.#course.stage = Stage.COMMAND;
      this.#exec = new Exec(terminalTask, shell, this.#course, this.#watch);
      for (const command of device.commands) this.#outputs.push(await this.#exec.run(command));
      return;
    }
    this.#course.stage = Stage.SHELL;
    this.#terminal = new Terminal(terminalTask, shell, this.#course, this.#watch);
    await this.#terminal.open();
    this.#watch.clear('login');
    await this.#terminal.prepare();
    if (device.enable) await this.#enable(this.#terminal);
    this.#course.stage = Stage.COMMAND;
    for (const command of device.commands) {
      const { output, complaint } = await this.#terminal.run(command);
      this.#outputs.push(output);
      if (complaint !== null)
        this.#failure ??= this.#course.failure(Kind.CLI_ERROR, `${JSON.stringify(command)}: ${complaint}`);
    }
  }

  async #connect(): Promise<void> {
    const { device, options, credential, hostKeys, limits } = this.#task;
    const learning = options.purpose === Purpose.HOST_KEYS;
    if (!learning && !credential?.username)
      throw new DeviceFailure(Kind.AUTH, Stage.AUTH, 'no user name is given');
    const key =
      !learning && credential && credential.privateKey.length > 0
        ? readPrivateKey(credential.privateKey)
        : null;
    if (!this.#ports.mayStart())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the connect');
    this.#watch.set('device', limits.deviceMs);
    this.#watch.set('connect', limits.connectMs);
    await this.#course.until<void>((done) => {
      this.#through = done;
      this.#shell = new Shell(
        {
          host: device.host,
          port: device.port,
          username: learning ? '' : (credential?.username ?? ''),
          key,
          hostKeyAlgorithms: keyAlgorithms(hostKeys),
        },
        this,
      );
    });
    if (!learning) return;
    // The key exchange is all that was wanted, and the device is being left; the ledger's answer needs none.
    await this.#accepting;
    const text = Buffer.from(`${describeKey(this.#seenKey as HostKey)}\n`); // the key exchange is through
    this.#outputs.push(
      await recordOutput({ command: 'host-key', durationMs: 0 }, text, () => Proof.COMPLETE),
    );
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
    const { options, hostKeys, device } = this.#task;
    this.#course.stage = Stage.HOSTKEY;
    this.#seenKey = key;
    if (options.hostKeys === HostKeyPolicy.OFF) return true;
    const trusted = trust(hostKeys, key);
    if (trusted === 'known') return true;
    if (trusted === 'new' && options.hostKeys !== HostKeyPolicy.STRICT) {
      this.#newKey = true;
      return true;
    }
    const words =
      trusted === 'new'
        ? `no host key is known for ${device.host}:${device.port}; it shows ${describeKey(key)}`
        : `the host key has changed: known is ${hostKeys.map(describeKey).join(', ')}, the device shows ${describeKey(key)}`;
    this.#course.fail(this.#course.failure(Kind.HOST_KEY, words));
    return false;
  }

  secured(): void {
    if (this.#newKey) this.#accepting = this.#acceptKey(this.#seenKey as HostKey);
    this.#accepting?.catch(() => {}); // whoever waits for it hears of it; the device may be gone by then
    if (this.#task.options.purpose !== Purpose.HOST_KEYS) return;
    this.#through?.();
    this.#shell?.end();
  }

  async method(left: readonly string[] | null, partial: boolean): Promise<Method> {
    // Leaving after the key exchange; nothing more is said.
    if (this.#task.options.purpose === Purpose.HOST_KEYS) return new Promise(() => {});
    if (this.#accepting) {
      await this.#held(this.#accepting);
      this.#accepting = null;
    }
    this.#course.stage = Stage.AUTH;
    if (!this.#ports.mayWrite())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the login');
    return this.#held(this.#login.next(left, partial));
  }

  password(): Secret {
    return this.#password as Secret; // Login names a password method only when there is one
  }

  answer(questions: readonly Question[]): Promise<Secret> {
    return this.#held(this.#login.answer(questions));
  }

  passwordExpired(): void {
    this.#course.fail(this.#login.expired());
  }

  ready(): void {
    this.#login.permission.accepted();
    this.#password?.[Symbol.dispose]();
    this.#through?.();
  }

  failed(toFailure: (stage: Stage) => DeviceFailure): void {
    const failure = toFailure(this.#course.stage);
    const { permission } = this.#login;
    if (failure.kind === Kind.DISCONNECTED && permission.sent && REFUSED.test(failure.message)) {
      permission.refused();
      this.#course.fail(this.#course.failure(Kind.AUTH, failure.message));
    } else this.#course.fail(failure);
  }

  closed(): void {
    this.#closed = true;
    this.#course.disconnected('the device closed the connection');
    this.#terminal?.gone();
    this.#onGone?.();
  }

  // Limits and endings.

  /** The login limit stands still while the coordinator is asked. */
  async #held<T>(answer: Promise<T>): Promise<T> {
    this.#watch.hold();
    try {
      return await answer;
    } finally {
      this.#watch.release();
    }
  }

  async #acceptKey(key: HostKey): Promise<void> {
    let answer: Awaited<ReturnType<SessionPorts['acceptHostKey']>>;
    try {
      answer = await this.#ports.acceptHostKey(key);
    } catch (cause) {
      throw new DeviceFailure(Kind.DISCONNECTED, Stage.HOSTKEY, 'the lease ended before the login', {
        cause,
      });
    }
    if (answer.accepted || trust(answer.known, key) === 'known') return;
    const known = answer.known.map(describeKey).join(', ') || 'another key';
    throw new DeviceFailure(
      Kind.HOST_KEY,
      Stage.HOSTKEY,
      `the host key has changed: known is ${known}, the device shows ${describeKey(key)}`,
    );
  }

  #strike(limit: Limit): void {
    const { limits } = this.#task;
    switch (limit) {
      case 'quiet':
        return this.#terminal?.onQuiet();
      case 'leave':
        this.#terminal?.gone();
        this.#onGone?.();
        return;
      case 'connect':
        return this.#breakOff(
          this.#shell?.wire.unreached(limits.connectMs) ??
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
      return this.#course.failure(Kind.PROMPT, `text came, but no known prompt ${within}`);
    return this.#course.failure(Kind.TIMEOUT, `no login ${within}`);
  }

  /** Fails and destroys the socket at once. */
  #breakOff(failure: DeviceFailure): void {
    this.#course.fail(failure);
    this.#shell?.wire.destroy();
  }

  /** Ends the connection, politely where that is possible; whether the device has closed its session. */
  async #leave(): Promise<boolean> {
    const shell = this.#shell;
    if (!shell) return true;
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
    return clean;
  }

  /** Resolves once the socket has closed, or has had its time to. */
  #gone(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onGone = resolve;
    });
  }

  #attempt(durationMs: number, leftClean: boolean): Attempt {
    const secretSent = this.#login.passwordSent || this.#enabling.wasSent;
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
    });
  }
}

/** Some devices say that a login failed only as they hang up. */
const REFUSED =
  /authentication (fail|attempts|error)|too many auth|login (failed|incorrect)|permission denied/i;

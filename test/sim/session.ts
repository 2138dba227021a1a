// A worker's session with a simulated device: the steps of the real one, asking the same leave at the same places and
// looking at its lease before the same writes. The real one speaks SSH, which takes too long to be simulated.
import { createHash } from 'node:crypto';
import { Permission } from '../../agent/credentials.ts';
import { asFailure, DeviceFailure } from '../../agent/failure.ts';
import type { SessionPorts, SessionTask } from '../../agent/session/seam.ts';
import { Kind, Output, Proof, Stage, Status } from '../../proto/gen/netsweep/v1/model.ts';
import { Attempt, SecretUse } from '../../proto/gen/netsweep/v1/session.ts';
import { DeviceSession, digestOf, type Fleet, type SimDevice } from './fleet.ts';
import type { Process } from './machine.ts';

/** How long a device may take to close a session that was ended politely, in ms. */
const LEAVE_MS = 2_000;

/** Where a session runs and who looks on. */
export interface SessionPlace {
  process: Process;
  fleet: Fleet;
  agent: string;
  epoch: string;
  did(session: DeviceSession, what: 'opened' | 'closed' | 'secret' | 'command'): void;
}

/** As runSession: resolves only after the socket has closed. */
export function simulateSession(
  task: SessionTask,
  ports: SessionPorts,
  signal: AbortSignal,
  place: SessionPlace,
): Promise<Attempt> {
  return new SimSession(task, ports, signal, place).run();
}

class SimSession {
  readonly #device: SimDevice;
  readonly #outputs: Output[] = [];
  readonly #permission: Permission;
  #stage: Stage = Stage.CONNECT;
  #socket: DeviceSession | null = null;
  readonly #try: number;
  #goesWrong = false;
  #passwordSent = false;

  constructor(
    private readonly task: SessionTask,
    private readonly ports: SessionPorts,
    private readonly signal: AbortSignal,
    private readonly place: SessionPlace,
  ) {
    this.#device = place.fleet.at(task.device.host, task.device.port);
    this.#permission = new Permission(SecretUse.LOGIN, ports);
    const { fleet, process, epoch, agent } = place;
    const beganAt = process.machine.timeline.now;
    const { sweep, device } = task;
    this.#try = fleet.tries.push({ sweep, index: device.index, epoch, agent, beganAt, touched: false }) - 1;
  }

  async run(): Promise<Attempt> {
    const { host, onDeath } = this.place.process;
    const began = host.monotonicMs();
    const close = () => this.#close();
    onDeath.push(close);
    this.signal.addEventListener('abort', close, { once: true });
    let failure: DeviceFailure | null = null;
    try {
      await this.#walk();
    } catch (thrown) {
      failure = asFailure(thrown, this.#stage);
    }
    const leftClean = await this.#leave();
    this.#permission.close();
    this.signal.removeEventListener('abort', close);
    const at = onDeath.indexOf(close);
    if (at >= 0) onDeath.splice(at, 1);
    // What becomes of it can be followed by its number.
    const record = failure?.record(this.#passwordSent);
    if (record !== undefined) record.message += ` [try ${this.#try}]`;
    const skipped = failure?.kind === Kind.CREDENTIAL_STOPPED;
    return Attempt.create({
      status: failure === null ? Status.OK : skipped ? Status.SKIPPED : Status.FAILED,
      failure: record,
      outputs: this.#outputs,
      durationMs: Math.round(host.monotonicMs() - began),
      secretSent: this.#passwordSent,
      leftClean,
    });
  }

  async #walk(): Promise<void> {
    await this.#connect();
    await this.#hostKey();
    await this.#login();
    this.#stage = Stage.COMMAND;
    await this.#start();
    for (const command of this.task.device.commands) await this.#command(command);
  }

  async #connect(): Promise<void> {
    const { manner } = this.#device;
    if (!this.ports.mayStart()) throw this.#failure(Kind.DISCONNECTED, 'the lease ended before the connect');
    const begunAt = this.place.process.machine.timeline.now;
    await this.#answered(manner.connectMs, this.task.limits.connectMs, Kind.UNREACHABLE);
    this.#goesWrong = this.#device.meet();
    if (this.#goesWrong && manner.kind === 'refuses') throw this.#failure(Kind.REFUSED, 'it refuses');
    const { fleet, process, agent, epoch } = this.place;
    const { device, sweep } = this.task;
    this.#socket = new DeviceSession({
      number: fleet.sessions.length + 1,
      endpoint: `${device.segment} ${device.host}:${device.port}`,
      device: device.name,
      index: device.index,
      sweep,
      epoch,
      agent,
      process,
      begunAt,
      openedAt: process.machine.timeline.now,
    });
    fleet.sessions.push(this.#socket);
    const made = fleet.tries[this.#try];
    if (made !== undefined) made.touched = true;
    this.place.did(this.#socket, 'opened');
  }

  async #hostKey(): Promise<void> {
    this.#stage = Stage.HOSTKEY;
    const key = { type: 'ssh-ed25519', blob: Buffer.from(`key of ${this.task.device.host}`) };
    const isKnown = (keys: { blob: Uint8Array }[]) => keys.some(({ blob }) => key.blob.equals(blob));
    if (isKnown(this.task.hostKeys)) return;
    if (this.task.hostKeys.length > 0) throw this.#failure(Kind.HOST_KEY, 'the host key has changed');
    const asked = this.ports.acceptHostKey(key).catch(() => {
      throw this.#failure(Kind.DISCONNECTED, 'the lease ended before the login');
    });
    const { accepted, known } = await this.#unlessCalledOff(asked);
    if (!accepted && !isKnown(known)) throw this.#failure(Kind.HOST_KEY, 'the host key has changed');
  }

  async #login(): Promise<void> {
    this.#stage = Stage.AUTH;
    const { manner, passwords } = this.#device;
    const { credential, limits } = this.task;
    this.#mayWrite('login');
    await this.#unlessCalledOff(this.#permission.ask());
    this.#mayWrite('login');
    const isKey = credential !== null && credential.privateKey.length > 0;
    const secret = isKey ? 'key' : (credential?.password.toString() ?? '');
    this.#permission.markSent();
    this.#passwordSent = !isKey;
    const taken = isKey || passwords.get(credential?.username ?? '') === secret;
    this.#wrote('secret', { credential: credential?.id ?? '', secret, taken });
    const failing = this.#goesWrong ? manner.kind : 'well';
    await this.#answered(
      failing === 'mute' ? Number.POSITIVE_INFINITY : manner.loginMs,
      limits.loginMs,
      Kind.TIMEOUT,
    );
    if (failing === 'hangs-up') {
      this.#close();
      this.#permission.hungUp();
      throw this.#failure(Kind.DISCONNECTED, 'the device ended the connection');
    }
    if (!taken) {
      const sent = this.place.fleet.secrets.find(({ session }) => session === this.#socket);
      if (sent !== undefined) sent.refusedAt = this.place.process.machine.timeline.now;
      this.#permission.refused();
      throw this.#failure(Kind.AUTH, 'the device refused the login');
    }
    if (this.#socket !== null) this.#socket.hasEntered = true;
    this.#permission.accepted();
  }

  /** Once, before the first command of a sweep that may write. */
  async #start(): Promise<void> {
    if (!this.task.options.allowWrites) return;
    if (!(await this.#unlessCalledOff(this.ports.start())))
      throw this.#failure(Kind.DISCONNECTED, 'no leave to begin: the lease or the sweep is over');
  }

  async #command(command: string): Promise<void> {
    if (!this.ports.mayStart()) throw this.#failure(Kind.DISCONNECTED, 'the lease ended before the command');
    this.#mayWrite('command');
    const { manner } = this.#device;
    this.#wrote('command', command);
    const drops = this.#goesWrong && manner.kind === 'drops';
    await this.#answered(
      drops ? manner.commandMs / 2 : manner.commandMs,
      this.task.limits.commandMs,
      Kind.TIMEOUT,
    );
    if (drops) {
      this.#close();
      throw this.#failure(Kind.DISCONNECTED, 'the device ended the connection');
    }
    const body = Buffer.from(`${this.task.device.name}: ${command} [try ${this.#try}]`);
    const sha256 = createHash('sha256').update(body).digest();
    this.place.fleet.digests.set(digestOf(sha256), this.#try);
    this.#give(command, body, sha256);
    // And what every session gives alike, so that it need not travel again.
    const same = Buffer.from(`${this.task.device.name} is as it was`);
    this.#give(`${command} | same`, same, createHash('sha256').update(same).digest());
  }

  #give(command: string, body: Buffer, sha256: Buffer): void {
    this.#outputs.push(Output.create({ command, proof: Proof.COMPLETE, body, sha256, bytes: body.length }));
  }

  /** Politely where that is possible; whether the device has closed its session. */
  async #leave(): Promise<boolean> {
    const socket = this.#socket;
    if (socket === null) return true;
    if (socket.closedAt === null && this.ports.mayWrite() && !this.signal.aborted) {
      this.#wrote('bye');
      const clean = this.#device.manner.kind !== 'rude';
      await this.#answered(clean ? 5 : Number.POSITIVE_INFINITY, LEAVE_MS, Kind.TIMEOUT).catch(
        () => undefined,
      );
      this.#close();
      return clean && !this.signal.aborted;
    }
    const clean = socket.closedAt !== null && !this.signal.aborted;
    this.#close();
    return clean;
  }

  #close(): void {
    const socket = this.#socket;
    if (socket === null || socket.closedAt !== null) return;
    socket.close(this.place.process.machine.timeline.now);
    this.place.did(socket, 'closed');
  }

  #wrote(what: 'bye'): void;
  #wrote(what: 'command', command: string): void;
  #wrote(what: 'secret', secret: { credential: string; secret: string; taken: boolean }): void;
  #wrote(
    what: 'bye' | 'command' | 'secret',
    said?: string | { credential: string; secret: string; taken: boolean },
  ): void {
    const socket = this.#socket;
    if (socket === null || socket.closedAt !== null) throw this.#failure(Kind.DISCONNECTED, 'closed');
    const at = this.place.process.machine.timeline.now;
    socket.lastWriteAt = at;
    if (typeof said === 'string') socket.commands.push({ at, command: said });
    else if (said !== undefined)
      this.place.fleet.secrets.push({ at, session: socket, refusedAt: null, ...said });
    if (what !== 'bye') this.place.did(socket, what);
  }

  /** The device's answer comes after `ms`; too late after `limitMs` on our clock. */
  #answered(ms: number, limitMs: number, late: Kind): Promise<void> {
    const { process } = this.place;
    const { timeline } = process.machine;
    const answer = new Promise<void>((resolve, reject) => {
      if (ms < Number.POSITIVE_INFINITY) timeline.at(timeline.now + ms, () => process.hear(resolve));
      process.host.after(limitMs, () => reject(this.#failure(late, `nothing within ${limitMs} ms`)));
    });
    return this.#unlessCalledOff(answer);
  }

  #unlessCalledOff<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const calledOff = () => reject(this.#failure(Kind.DISCONNECTED, 'the session was called off'));
      if (this.signal.aborted) calledOff();
      this.signal.addEventListener('abort', calledOff, { once: true });
      work.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', calledOff));
    });
  }

  #mayWrite(what: string): void {
    if (!this.ports.mayWrite()) throw this.#failure(Kind.DISCONNECTED, `the lease ended before the ${what}`);
  }

  #failure(kind: Kind, message: string): DeviceFailure {
    return new DeviceFailure(kind, this.#stage, message);
  }
}

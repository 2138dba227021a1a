// What an agent and its workers say to each other, as messages over a stream of their own. A worker that loses the
// stream knows that its agent has gone. What a worker says is read as a stranger's: it holds hostile devices.
import type { Socket } from 'node:net';
import { Status } from '../proto/gen/netsweep/v1/model.js';
import {
  Attempt,
  Chunk,
  HostKey,
  LoginResult,
  type Permit,
  SecretUse,
} from '../proto/gen/netsweep/v1/session.js';
import { CHUNK_BYTES } from '../proto/subjects.js';
import type { Local } from './failure.js';
import { type Figures, NO_FIGURES } from './figures.js';
import { FRAME_BYTES, Frames, frameOf } from './frames.js';
import type { SessionTask } from './session/seam.js';

/** The stream's descriptor in a worker, the first after the standard ones. */
export const AGENT_FD = 3;
/** The word in a worker's arguments after which stands how it rehearses. */
export const REHEARSE = '--rehearse';
/** The words after which stands whom it may connect to. */
export const [ALLOW_TARGETS, ALLOW_PORTS] = ['--allow-targets', '--allow-ports'] as const;

/** When a lease ends for us: instants on the host's monotonic clock, in ms. */
export interface LeaseClock {
  /** No new connect and no new command from then on. */
  startUntil: number;
  /** Sockets are destroyed then. */
  stopAt: number;
  /** By how much Unix time was ahead when it was counted: once that has jumped, the instants are worth nothing. */
  ahead: number;
}

/** Whether a secret may be sent. */
export interface Leave {
  permit: Permit;
  /** When the login leaves, on the host's monotonic clock; 0: at once. */
  at: number;
}

/** `mayLogIn`: the login at the device that follows has leave. */
export interface KeyAnswer {
  accepted: boolean;
  known: HostKey[];
  mayLogIn: boolean;
}

export type ToWorker =
  | { say: 'run'; job: number; lease: string; clock: LeaseClock; task: SessionTask }
  | { say: 'renewed'; lease: string; clock: LeaseClock }
  /** Devices are not read from now on, or again. */
  | { say: 'hold'; hold: boolean }
  /** Destroy these sessions now; each still answers `ended`. */
  | { say: 'abandon'; jobs: number[] }
  /** `at`: when the login may leave, on the host's monotonic clock; 0: at once. */
  | { say: 'permit'; ask: number; permit: Permit | null; at: number }
  /** `answer` null: nobody can say, as the lease is over. */
  | { say: 'hostKey'; ask: number; answer: KeyAnswer | null }
  | { say: 'start'; ask: number; granted: boolean };

export type FromWorker =
  /**
   * `memory`: bytes that the process takes, buffers and all; 0: unknown. `busy`: its share of one core since it said
   * so last, in percent.
   */
  | { say: 'alive'; memory: number; busy: number }
  /** `hop`: the nth bastion on the way to the job's device; 0: the device. */
  | { say: 'askPermit'; ask: number; job: number; use: SecretUse; hop: number }
  /** The login has left so many ms after its moment. */
  | { say: 'late'; job: number; ms: number }
  | { say: 'loggedIn'; job: number; use: SecretUse; result: LoginResult; hop: number }
  | { say: 'askHostKey'; ask: number; job: number; key: HostKey; hop: number }
  | { say: 'askStart'; ask: number; job: number }
  /** Pieces of an output that is too large for one message; they come before their job's `ended`. */
  | { say: 'chunk'; job: number; chunk: Chunk }
  | { say: 'ended'; job: number; attempt: Attempt; how: Ended; figures: Figures };

/**
 * What ended a session: itself or its device; the agent's order or the lease's end; a hold that outlasted it; the
 * machine's own trouble.
 */
export type Ended = 'done' | 'cut' | 'unread' | Local;

/** How often a worker says that it is alive, in ms. */
export const ALIVE_EVERY_MS = 250;

/** What is said in one turn travels together, up to so many bytes. */
const TOGETHER_BYTES = 1 << 20;
/** What a worker says gathers for such a part of what its sessions take, and so many ms at most. */
const GATHER_SHARE = 1 / 32;
const GATHER_MOST_MS = 25;
/** How much the latest session counts in what they take. */
const LATEST = 1 / 16;

/** An agent's end of the stream to one worker. */
export class WorkerLink {
  readonly #frames: Frames<FromWorker[]>;
  #gathered: ToWorker[] = [];

  /** `broken`: the worker says what no worker says; nothing of it is heard after that. */
  constructor(
    private readonly stream: Socket,
    heard: (message: FromWorker) => void,
    broken: (why: string) => void,
  ) {
    const understand = (value: unknown) => {
      if (!Array.isArray(value)) throw new Error('no list of messages');
      return value.map(readFromWorker);
    };
    const hear = (messages: FromWorker[]) => messages.forEach(heard);
    this.#frames = new Frames(stream, understand, hear, broken);
    stream.on('error', () => undefined); // its end says the same
  }

  /** False when the worker has gone. What is said in one turn travels together, and what messages share only once. */
  send(message: ToWorker): boolean {
    if (this.#gathered.push(message) === 1) setImmediate(() => this.#flush());
    if (message.say === 'renewed') this.#flush(); // it prolongs what may end at any moment
    return this.stream.writable;
  }

  /** The worker ends at once. */
  end(): void {
    this.#flush();
    this.stream.end();
  }

  #flush(): void {
    if (this.stream.writable) this.#sendTogether(this.#gathered);
    this.#gathered = [];
  }

  #sendTogether(messages: ToWorker[]): void {
    if (messages.length === 0) return;
    const frame = frameOf(messages);
    if (frame.length <= FRAME_BYTES || messages.length === 1)
      return this.#frames.send(frame, () => undefined);
    frame.fill(0);
    const half = messages.length >> 1;
    this.#sendTogether(messages.slice(0, half));
    this.#sendTogether(messages.slice(half));
  }
}

interface Outgoing {
  value: unknown;
  bytes: number;
  sent: () => void;
}

/** A worker's end. */
export class AgentLink {
  readonly #frames: Frames<ToWorker[]>;
  #gathered: Outgoing[] = [];
  /** At the end of this turn all of it leaves. */
  #atTurn = false;
  #later: NodeJS.Timeout | undefined;
  /** What a session takes, in ms. */
  #tookMs = 0;

  constructor(
    private readonly stream: Socket,
    heard: (message: ToWorker) => void,
    gone: () => void,
  ) {
    const hear = (messages: ToWorker[]) => messages.forEach(heard);
    this.#frames = new Frames(stream, (value) => value as ToWorker[], hear, gone); // our own agent
    stream.on('end', gone);
    stream.on('close', gone);
    stream.on('error', gone);
  }

  /** Resolves when the message has left this process. */
  send(message: FromWorker): Promise<void> {
    return new Promise((sent) => {
      this.#gathered.push({ ...packed(message), sent });
      if (message.say === 'ended') this.#tookMs += (message.attempt.durationMs - this.#tookMs) * LATEST;
      // A session goes on with the next piece once this one has left.
      this.#leave(message.say === 'chunk' ? 0 : Math.min(GATHER_MOST_MS, this.#tookMs * GATHER_SHARE));
    });
  }

  /** All that has gathered, after so many ms at the latest. */
  #leave(ms: number): void {
    if (this.#atTurn) return;
    if (ms >= 1) this.#later ??= setTimeout(() => this.#flush(), ms);
    else {
      this.#atTurn = true;
      setImmediate(() => this.#flush());
    }
  }

  #flush(): void {
    this.#atTurn = false;
    clearTimeout(this.#later);
    this.#later = undefined;
    while (this.#gathered.length > 0) {
      let bytes = 0;
      const further = this.#gathered.findIndex((one, at) => {
        bytes += one.bytes;
        return at > 0 && bytes > TOGETHER_BYTES;
      });
      const batch = this.#gathered.splice(0, further < 0 ? this.#gathered.length : further);
      const done = () => {
        for (const { sent } of batch) sent();
      };
      if (this.stream.writable) this.#frames.send(frameOf(batch.map(({ value }) => value)), done);
      else done();
    }
  }
}

/** What has a shape of the contract's travels as its bytes, so that reading it also checks it. */
function packed(message: FromWorker): { value: unknown; bytes: number } {
  switch (message.say) {
    case 'askHostKey':
      return packedPart(message, 'key', HostKey.encode(message.key).finish());
    case 'chunk':
      return packedPart(message, 'chunk', Chunk.encode(message.chunk).finish());
    case 'ended':
      return packedPart(message, 'attempt', Attempt.encode(message.attempt).finish());
    default:
      return { value: message, bytes: 100 };
  }
}

function packedPart(message: FromWorker, name: string, bytes: Uint8Array) {
  return { value: { ...message, [name]: bytes }, bytes: bytes.length };
}

/** A digest names bytes by SHA-256. */
const DIGEST_BYTES = 32;
const USES = [SecretUse.LOGIN, SecretUse.ENABLE, SecretUse.CHANNEL, SecretUse.KEY];
const RESULTS = Object.values(LoginResult).filter((result) => result !== LoginResult.UNRECOGNIZED);
const STATUSES: readonly Status[] = [Status.OK, Status.SUSPECT, Status.FAILED, Status.SKIPPED];
const ENDS: readonly Ended[] = ['done', 'cut', 'unread', 'lacking', 'routeless'];

/** Throws when it is no message of a worker's. */
function readFromWorker(value: unknown): FromWorker {
  const said = new Said(value);
  const say = said.field('say');
  switch (say) {
    case 'alive':
      return { say, memory: said.number('memory'), busy: said.number('busy') };
    case 'askPermit':
      return { say, ask: said.number('ask'), ...said.place(), use: said.one('use', USES) };
    case 'loggedIn':
      return {
        say,
        ...said.place(),
        use: said.one('use', USES),
        result: said.one('result', RESULTS),
      };
    case 'late':
      return { say, job: said.number('job'), ms: said.number('ms') };
    case 'askHostKey':
      return { say, ask: said.number('ask'), ...said.place(), key: HostKey.decode(said.bytes('key')) };
    case 'askStart':
      return { say, ask: said.number('ask'), job: said.number('job') };
    case 'chunk': {
      const chunk = Chunk.decode(said.bytes('chunk'));
      if (chunk.data.length > CHUNK_BYTES || chunk.sha256.length !== DIGEST_BYTES)
        throw new Error('no piece of an output');
      return { say, job: said.number('job'), chunk };
    }
    case 'ended': {
      const attempt = Attempt.decode(said.bytes('attempt'));
      if (!STATUSES.includes(attempt.status)) throw new Error('no attempt that has ended');
      return { say, job: said.number('job'), attempt, how: said.one('how', ENDS), figures: said.figures() };
    }
    default:
      throw new Error('no message that is known');
  }
}

class Said {
  readonly #fields: Record<string, unknown>;

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null) throw new Error('no message');
    this.#fields = value as Record<string, unknown>; // each is looked at when it is taken
  }

  field(name: string): unknown {
    return this.#fields[name];
  }

  number(name: string): number {
    const value = this.field(name);
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error(`no number as ${name}`);
    return value as number;
  }

  figures(): Figures {
    const value = this.field('figures');
    if (value === undefined) return NO_FIGURES;
    const isFigure = (one: unknown) => Number.isSafeInteger(one) && (one as number) >= 0;
    if (!Array.isArray(value) || value.length !== NO_FIGURES.length || !value.every(isFigure))
      throw new Error('no figures');
    return value as unknown as Figures; // each was looked at
  }

  place(): { job: number; hop: number } {
    return { job: this.number('job'), hop: this.number('hop') };
  }

  bytes(name: string): Uint8Array {
    const value = this.field(name);
    if (value instanceof Uint8Array) return value;
    throw new Error(`no bytes as ${name}`);
  }

  one<Value>(name: string, values: readonly Value[]): Value {
    const found = values.find((value) => value === this.field(name));
    if (found === undefined) throw new Error(`nothing known as ${name}`);
    return found;
  }
}

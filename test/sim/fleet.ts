// Simulated devices, and the log that they keep in true time: every session, secret and command, as the far end saw it.
import type { Report } from '../../proto/gen/netsweep/v1/model.ts';
import type { Process } from './machine.ts';

/** How a device treats whoever comes. */
export interface Manner {
  kind: 'well' | 'refuses' | 'drops' | 'mute' | 'hangs-up' | 'rude';
  /** Of the kinds that go wrong: how many sessions do, before one goes well. */
  times: number;
  connectMs: number;
  loginMs: number;
  commandMs: number;
}

/** How long a process that was stopped may take to look at its leases, in ms of true time. */
const AWAKE_MS = 600;

/** One of our sockets to a device. */
export class DeviceSession {
  readonly number: number;
  readonly endpoint: string;
  readonly device: string;
  readonly index: number;
  readonly sweep: string;
  readonly epoch: string;
  readonly agent: string;
  readonly process: Process;
  /** When it was begun, and when it was there. */
  readonly begunAt: number;
  readonly openedAt: number;
  readonly commands: { at: number; command: string }[] = [];
  lastWriteAt: number;
  /** It was let in. */
  hasEntered = false;
  closedAt: number | null = null;
  #usedUntil: number | null = null;

  constructor(
    about: Pick<
      DeviceSession,
      | 'number'
      | 'endpoint'
      | 'device'
      | 'index'
      | 'sweep'
      | 'epoch'
      | 'agent'
      | 'process'
      | 'begunAt'
      | 'openedAt'
    >,
  ) {
    this.number = about.number;
    this.endpoint = about.endpoint;
    this.device = about.device;
    this.index = about.index;
    this.sweep = about.sweep;
    this.epoch = about.epoch;
    this.agent = about.agent;
    this.process = about.process;
    this.begunAt = about.begunAt;
    this.openedAt = about.openedAt;
    // A connect that the kernel was asked for before the machine slept comes about after it, without us.
    this.lastWriteAt = about.begunAt;
  }

  /**
   * Until when it was in use. A process that stood still, and closed its socket as soon as it went on, has not touched
   * the device since it was stopped, although its kernel kept the socket open.
   */
  inUseUntil(now: number): number {
    if (this.#usedUntil !== null) return this.#usedUntil;
    const { lastGo, lastStop, stoppedSince } = this.process;
    const stopped = stoppedSince ?? (lastGo > this.lastWriteAt && now - lastGo < AWAKE_MS ? lastStop : null);
    return stopped === null ? now : Math.min(now, Math.max(stopped, this.lastWriteAt));
  }

  /** Until when it was in use is settled now: its process may be stopped again later. */
  close(now: number): void {
    this.#usedUntil = this.inUseUntil(now);
    this.closedAt = now;
  }
}

export interface SecretSent {
  at: number;
  session: DeviceSession;
  credential: string;
  secret: string;
  /** Whether it is the right one. */
  taken: boolean;
  /** When the device said that it is not; null: it has not, or hung up instead. */
  refusedAt: number | null;
}

export class SimDevice {
  /** The passwords that it takes, by user name. */
  readonly passwords = new Map<string, string>();
  #met = 0;

  constructor(readonly manner: Manner) {}

  /** Somebody has come; whether it goes wrong this time. */
  meet(): boolean {
    return this.#met++ < this.manner.times;
  }
}

/** One run of a session in a worker, whether it got as far as a socket or not. */
export interface Try {
  sweep: string;
  index: number;
  epoch: string;
  agent: string;
  beganAt: number;
  /** It opened a socket. */
  touched: boolean;
}

export class Fleet {
  readonly devices = new Map<string, SimDevice>();
  readonly sessions: DeviceSession[] = [];
  /** In order; a report tells by number which of them it came from. */
  readonly tries: Try[] = [];
  /** Numbers of tries by the digest of an output. */
  readonly digests = new Map<string, number>();
  readonly secrets: SecretSent[] = [];

  at(host: string, port: number): SimDevice {
    const device = this.devices.get(`${host}:${port}`);
    if (device === undefined) throw new Error(`nothing answers at ${host}:${port}`);
    return device;
  }

  /** Which try a report came from; null: none that got far enough to say. */
  tryOf({ outputs, failure }: Pick<Report, 'outputs' | 'failure'>): number | null {
    const [output] = outputs;
    if (output !== undefined) return this.digests.get(digestOf(output.sha256)) ?? null;
    const marked = /\[try (\d+)\]$/.exec(failure?.message ?? '');
    return marked === null ? null : Number(marked[1]);
  }
}

export function digestOf(sha256: Uint8Array): string {
  return Buffer.from(sha256).toString('hex');
}

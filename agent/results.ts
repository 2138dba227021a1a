// Results on their way to the coordinator's disk: kept until acknowledged, sent again on every new stream, cut into
// batches. What memory has no room for goes to the spool. Knows nothing of streams; the uplink takes a batch when it
// can send one. A session reserves room before it begins, and when more came than was expected, devices are not read
// until there is room again.

import { type KnownOutput, Result, ResultBatch, Verdict } from '../proto/gen/netsweep/v1/agent.js';
import type { Output } from '../proto/gen/netsweep/v1/model.js';
import type { Chunk } from '../proto/gen/netsweep/v1/session.js';
import { BATCH_BYTES } from '../proto/subjects.js';
import type { Host } from './host.js';
import { handedBack } from './pool.js';
import type { Place, Spool } from './spool.js';

/** Unacknowledged bytes that are kept in memory unless told otherwise. */
export const MEMORY_BYTES = 64 * 1024 * 1024;
/** What a session is taken to bring before one has ended. */
const FIRST_GUESS_BYTES = 64 * 1024;
/** How much a larger result moves the guess, and a smaller one: too high a guess costs little, too low a one memory. */
const LARGER_SHARE = 0.5;
const SMALLER_SHARE = 0.1;
/** Devices are read again when this share of the room is free. */
const FREE_SHARE = 0.25;
const NO_BYTES = Buffer.alloc(0);
const UTF8 = 'utf-8';

/** One piece of an output, or the result itself. */
interface Parcel {
  bytes: number;
  /** Null: it lies in the spool. */
  batch: ResultBatch | null;
  place: Place | null;
  /** The bytes of an output that the coordinator has; sent only if it asks for them. */
  spare: boolean;
  /** Of which output it is a piece; null: of none. */
  sha256: Buffer | null;
}

interface Kept {
  seq: number;
  parcels: Parcel[];
  /** For the age that is sent along; null: its session has not ended. */
  endedAt: number | null;
  of: Omit<Outcome, 'end'> | null;
  /** The coordinator has asked for bytes that it was taken to have. */
  asked: boolean;
  settle: (verdict: Verdict) => void;
}

/** A result before it is numbered and sent. */
export type Outcome = Omit<Result, 'seq' | 'lease'>;

/** Room for one session's output, and the output as it comes. */
export interface Delivery {
  add(chunk: Chunk): void;
  /**
   * Resolves with the coordinator's verdict once the result is on its disk, or refused. `known`: outputs that travel
   * as their digest.
   */
  end(result: Outcome, known?: readonly KnownOutput[]): Promise<Verdict>;
}

/** Where results wait. */
export interface WaitingRoom {
  memoryBytes: number;
  spool: Spool | null;
}

export class Results {
  readonly #kept = new Map<number, Kept>();
  /** What lies in memory, oldest first: that is likely to be on its way already, and only needed if it must go again. */
  readonly #inMemory = new Set<Parcel>();
  /** Parcels that are already on their way, by result. */
  readonly #sentParcels = new Map<number, number>();
  readonly #room: (() => void)[] = [];
  #unsent: number[] = [];
  /** Grows with each new stream. */
  #round = 0;
  #memory = 0;
  #reserved = 0;
  #guess = FIRST_GUESS_BYTES;
  #seq = 0;
  #full = false;
  /** The coordinator takes outputs that leave out what it knows of them. */
  abridges = false;
  #spilling = false;

  /** `onFull`: from now on, or no longer, more than there is room for. */
  constructor(
    private readonly host: Pick<Host, 'monotonicMs'>,
    private readonly waiting: WaitingRoom = { memoryBytes: MEMORY_BYTES, spool: null },
    private readonly onFull: (full: boolean) => void = () => undefined,
  ) {}

  /** For whoever watches over it: bytes in memory and on disk, results without an acknowledgement. */
  get load(): { memory: number; spool: number; waiting: number; full: boolean } {
    let waiting = 0;
    for (const { endedAt } of this.#kept.values()) if (endedAt !== null) waiting += 1;
    return { memory: this.#memory, spool: this.waiting.spool?.used ?? 0, waiting, full: this.#full };
  }

  /** How many are to be sent. */
  get unsent(): number {
    return this.#unsent.length;
  }

  get empty(): boolean {
    return ![...this.#kept.values()].some(({ endedAt }) => endedAt !== null);
  }

  /** A result without a session of its own. */
  keep(result: Outcome, chunks: Chunk[]): Promise<Verdict> {
    this.#reserved += 1;
    const delivery = this.#deliver();
    for (const chunk of chunks) delivery.add(chunk);
    return delivery.end(result);
  }

  /** Waits until there is room for what one more session may bring, or `signal` aborts. */
  async reserve(signal: AbortSignal): Promise<Delivery> {
    while (!this.#fits() && !signal.aborted) await this.#freed(signal);
    this.#reserved += 1;
    return this.#deliver();
  }

  /** Waits while there is no room for another session. */
  async room(signal: AbortSignal): Promise<void> {
    while (!this.#fits() && !signal.aborted) await this.#freed(signal);
  }

  /** Everything unacknowledged is to be sent from the start: there is a new stream. */
  sendAgain(): void {
    this.#round += 1;
    this.#unsent = [...this.#kept.values()].flatMap(({ seq, endedAt }) => (endedAt === null ? [] : [seq]));
    this.#sentParcels.clear();
  }

  /** True when it must be sent again. */
  acknowledged(seq: number, verdict: Verdict): boolean {
    const kept = this.#kept.get(seq);
    if (kept === undefined || kept.endedAt === null) return false;
    if (verdict === Verdict.LATER || verdict === Verdict.NEED_BODY) {
      if (verdict === Verdict.NEED_BODY) kept.asked = true;
      if (!this.#unsent.includes(seq)) this.#unsent.push(seq);
      return true;
    }
    this.#kept.delete(seq);
    this.#forget(kept.parcels);
    kept.settle(verdict);
    this.#changed();
    return false;
  }

  /** What is sent next; a large output goes piece by piece, and its result follows with the last one. */
  async nextBatch(): Promise<ResultBatch> {
    const batch: ResultBatch = { chunks: [], results: [] };
    const round = this.#round;
    for (let bytes = 0; bytes < BATCH_BYTES; ) {
      const [seq] = this.#unsent;
      if (seq === undefined) return batch;
      const kept = this.#kept.get(seq);
      const at = this.#sentParcels.get(seq) ?? 0;
      const parcel = kept?.parcels[at];
      if (kept === undefined || parcel === undefined) {
        this.#sentParcels.delete(seq);
        this.#unsent.shift();
        continue;
      }
      if (parcel.spare && !kept.asked) {
        this.#sentParcels.set(seq, at + 1); // the result itself is the last of its parcels
        continue;
      }
      const content = parcel.batch ?? (await this.#fetch(parcel));
      // Meanwhile there may be a new stream, or an acknowledgement that came late.
      if (round !== this.#round) return { chunks: [], results: [] };
      if (this.#kept.get(seq) !== kept) continue;
      if (content === null) {
        this.#lost(kept);
        continue;
      }
      batch.chunks.push(...content.chunks);
      batch.results.push(...content.results.map((result) => this.#asSent(result, kept)));
      bytes += parcel.bytes;
      this.#sentParcels.set(seq, at + 1);
      if (at + 1 < kept.parcels.length) continue;
      this.#sentParcels.delete(seq);
      this.#unsent.shift();
    }
    return batch;
  }

  get #used(): number {
    return this.#memory + (this.waiting.spool?.used ?? 0);
  }

  get #capacity(): number {
    return this.waiting.memoryBytes + (this.waiting.spool?.capacity ?? 0);
  }

  /** One session more; where none is under way, any room is enough, as its output may never fit. */
  #fits(): boolean {
    if (this.#full) return false;
    const expected = this.#reserved === 0 ? 0 : (this.#reserved + 1) * this.#guess;
    return this.#used + expected <= this.#capacity;
  }

  #deliver(): Delivery {
    const seq = ++this.#seq;
    const settle = () => undefined;
    const kept: Kept = { seq, parcels: [], endedAt: null, of: null, asked: false, settle };
    this.#kept.set(seq, kept);
    return {
      add: (chunk) => this.#add(kept, { chunks: [chunk], results: [] }, chunk.data.length),
      end: (result, known = []) => this.#end(kept, result, known),
    };
  }

  #end(kept: Kept, result: Outcome, known: readonly KnownOutput[]): Promise<Verdict> {
    const { seq } = kept;
    this.#reserved -= 1;
    // Pieces of what is no attempt are nobody's.
    if (result.end?.$case !== 'attempt') this.#forget(kept.parcels.splice(0));
    if (known.length > 0) this.#setAside(kept, result.end, known);
    this.#add(kept, { chunks: [], results: [{ ...result, seq, lease: 0 }] }, sizeOf(result.end));
    if (result.end?.$case === 'attempt') {
      const bytes = kept.parcels.reduce((sum, parcel) => sum + parcel.bytes, 0);
      this.#guess += (bytes - this.#guess) * (bytes > this.#guess ? LARGER_SHARE : SMALLER_SHARE);
    }
    const { end: _, ...of } = result;
    Object.assign(kept, { of, endedAt: this.host.monotonicMs() });
    this.#unsent.push(seq);
    return new Promise((settle) => {
      kept.settle = settle;
      this.#changed();
    });
  }

  /** The bytes of outputs that the coordinator has become pieces, which stay here unless they are asked for. */
  #setAside(kept: Kept, end: Result['end'], known: readonly KnownOutput[]): void {
    if (end?.$case !== 'attempt') return;
    for (const output of end.value.outputs) {
      const { sha256, body, command } = output;
      const place = known.findIndex((one) => sha256.equals(one.sha256) && one.command === command);
      if (place < 0) continue;
      output.known = place + 1;
      for (const parcel of kept.parcels) if (parcel.sha256?.equals(sha256)) parcel.spare = true;
      if (body.length === 0) continue;
      this.#add(kept, { chunks: [{ sha256, seq: 0, data: body }], results: [] }, body.length, true);
      output.body = Buffer.alloc(0);
    }
  }

  #add(kept: Kept, batch: ResultBatch, bytes: number, spare = false): void {
    const parcel: Parcel = { bytes, batch, place: null, spare, sha256: batch.chunks[0]?.sha256 ?? null };
    kept.parcels.push(parcel);
    this.#inMemory.add(parcel);
    this.#memory += bytes;
    this.#changed();
    if (this.#memory > this.waiting.memoryBytes && !this.#spilling) void this.#spill();
  }

  #forget(parcels: Parcel[]): void {
    for (const parcel of parcels) {
      const { bytes, place } = parcel;
      if (this.#inMemory.delete(parcel)) this.#memory -= bytes;
      if (place !== null) this.waiting.spool?.free(place);
    }
  }

  /** Moves the oldest into the spool, until memory has room. */
  async #spill(): Promise<void> {
    this.#spilling = true;
    const { memoryBytes, spool } = this.waiting;
    while (spool !== null && this.#memory > memoryBytes) {
      const [parcel] = this.#inMemory.keys();
      if (parcel === undefined || parcel.batch === null) break;
      const data = ResultBatch.encode(parcel.batch).finish();
      const place = await spool.write(data);
      if (place === null) break;
      if (this.#inMemory.delete(parcel)) {
        this.#memory -= parcel.bytes;
        Object.assign(parcel, { batch: null, place });
      } else spool.free(place); // acknowledged meanwhile
    }
    this.#spilling = false;
    this.#changed();
  }

  async #fetch({ place }: Parcel): Promise<ResultBatch | null> {
    const data = place === null ? null : ((await this.waiting.spool?.read(place)) ?? null);
    try {
      return data === null ? null : ResultBatch.decode(data);
    } catch {
      return null; // the disk gave back something else
    }
  }

  /** The disk has lost a part of it: the device is given back, as if its worker had gone. */
  #lost(kept: Kept): void {
    const { seq, of } = kept;
    this.#forget(kept.parcels.splice(0));
    this.#sentParcels.delete(seq);
    const end = handedBack('its result was lost on its agent', { touched: false });
    this.#add(kept, { chunks: [], results: [Result.create({ ...of, seq, end })] }, sizeOf(end));
  }

  /**
   * With its age: the coordinator counts back from when it receives; clocks of two hosts are never compared. What the
   * coordinator knows of an output is left out, unless it has asked.
   */
  #asSent(result: Result, { endedAt, asked }: Kept): Result {
    if (result.end?.$case !== 'attempt' || endedAt === null) return result;
    const { value } = result.end;
    const outputs = value.outputs.map((output) => {
      if (output.known === 0) return output;
      if (asked || !this.abridges) return { ...output, known: 0 };
      return {
        ...output,
        command: '',
        bytes: 0,
        sha256: NO_BYTES,
        encoding: output.encoding === UTF8 ? '' : output.encoding,
      };
    });
    const attempt = { ...value, outputs, endedAgoMs: Math.round(this.host.monotonicMs() - endedAt) };
    return { ...result, end: { $case: 'attempt', value: attempt } };
  }

  #changed(): void {
    const full = this.#used > this.#capacity * (this.#full ? 1 - FREE_SHARE : 1);
    if (full !== this.#full) {
      this.#full = full;
      this.onFull(full);
    }
    if (!full) for (const wake of this.#room.splice(0)) wake();
  }

  #freed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#room.push(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

function sizeOf(end: Result['end']): number {
  if (end?.$case !== 'attempt') return 100;
  const { outputs, transcript } = end.value;
  const bytes = outputs.reduce((sum, output) => sum + sizeOfOutput(output), 200);
  return bytes + (transcript?.body.length ?? 0);
}

function sizeOfOutput({ body, command, stderr }: Output): number {
  return body.length + Buffer.byteLength(command) + Buffer.byteLength(stderr ?? '') + 200;
}

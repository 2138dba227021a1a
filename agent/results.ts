// Results on their way to the coordinator's disk: kept until acknowledged, sent again on every new stream, cut into
// batches. Knows nothing of streams; the uplink takes a batch when it can send one.
import { type Result, type ResultBatch, Verdict } from '../proto/gen/netsweep/v1/agent.js';
import type { Output } from '../proto/gen/netsweep/v1/model.js';
import type { Chunk } from '../proto/gen/netsweep/v1/session.js';
import { BATCH_BYTES } from '../proto/subjects.js';
import type { Host } from './host.js';

/** Unacknowledged bytes above which no new session starts. */
const UNACKED_MOST_BYTES = 64 * 1024 * 1024;

interface Kept {
  result: Result;
  chunks: Chunk[];
  bytes: number;
  /** For the age that is sent along. */
  endedAt: number;
  settle: (verdict: Verdict) => void;
}

export class Results {
  readonly #kept = new Map<number, Kept>();
  /** Pieces of a large output that are already on their way, by result. */
  readonly #sentChunks = new Map<number, number>();
  readonly #room: (() => void)[] = [];
  #unsent: number[] = [];
  #bytes = 0;
  #seq = 0;

  constructor(private readonly host: Pick<Host, 'monotonicMs'>) {}

  get unsent(): boolean {
    return this.#unsent.length > 0;
  }

  get empty(): boolean {
    return this.#kept.size === 0;
  }

  /** Resolves with the coordinator's verdict once the result is on its disk, or refused. */
  keep(result: Omit<Result, 'seq'>, chunks: Chunk[]): Promise<Verdict> {
    const seq = ++this.#seq;
    const bytes = sizeOf(result.end) + chunks.reduce((sum, chunk) => sum + chunk.data.length, 0);
    this.#bytes += bytes;
    this.#unsent.push(seq);
    return new Promise((settle) => {
      this.#kept.set(seq, {
        result: { ...result, seq },
        chunks,
        bytes,
        endedAt: this.host.monotonicMs(),
        settle,
      });
    });
  }

  /** Everything unacknowledged is to be sent from the start: there is a new stream. */
  sendAgain(): void {
    this.#unsent = [...this.#kept.keys()];
    this.#sentChunks.clear();
  }

  /** True when it must be sent again. */
  acknowledged(seq: number, verdict: Verdict): boolean {
    const kept = this.#kept.get(seq);
    if (kept === undefined) return false;
    if (verdict === Verdict.LATER || verdict === Verdict.NEED_BODY) {
      this.#unsent.push(seq);
      return true;
    }
    this.#kept.delete(seq);
    this.#bytes -= kept.bytes;
    kept.settle(verdict);
    for (const wake of this.#room.splice(0)) wake();
    return false;
  }

  /** Waits while too much is unacknowledged, so that a slow store slows the devices instead of filling memory. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#bytes > UNACKED_MOST_BYTES && !signal.aborted)
      await new Promise<void>((resolve) => {
        const done = () => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#room.push(done);
        signal.addEventListener('abort', done, { once: true });
      });
  }

  /** What is sent next; a large output goes piece by piece, and its result follows with the last one. */
  nextBatch(): ResultBatch {
    const batch: ResultBatch = { chunks: [], results: [] };
    let bytes = 0;
    while (bytes < BATCH_BYTES) {
      const [seq] = this.#unsent;
      if (seq === undefined) return batch;
      const kept = this.#kept.get(seq);
      const at = this.#sentChunks.get(seq) ?? 0;
      const chunk = kept?.chunks[at];
      if (chunk !== undefined) {
        batch.chunks.push(chunk);
        bytes += chunk.data.length;
        this.#sentChunks.set(seq, at + 1);
        continue;
      }
      this.#sentChunks.delete(seq);
      this.#unsent.shift();
      if (kept === undefined) continue;
      batch.results.push(withAge(kept, this.host.monotonicMs()));
      bytes += sizeOf(kept.result.end);
    }
    return batch;
  }
}

/** The coordinator counts back from when it receives; clocks of two hosts are never compared. */
function withAge({ result, endedAt }: Kept, now: number): Result {
  if (result.end?.$case !== 'attempt') return result;
  const attempt = { ...result.end.value, endedAgoMs: Math.round(now - endedAt) };
  return { ...result, end: { $case: 'attempt', value: attempt } };
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

// What happened in a session, step by step and bounded: of a very long one its beginning and its end are kept.
import type { Step } from './recordingfile.js';

/** Of what was said, this much is kept from the beginning, and as much from the end. */
const HALF_BYTES = 4 << 20;
/** What is received in a row gathers in blocks up to this size. */
const BLOCK_BYTES = 64 << 10;
/** What a step takes beside its bytes. */
const STEP_BYTES = 100;
const LF = 10;

export type Received = Extract<Step, { bytes: Buffer }>;
/** A step without its time. */
export type Event = Step extends infer One ? (One extends Step ? Omit<One, 'atMs'> : never) : never;

export class Tape {
  readonly #began = performance.now();
  readonly #head: Step[] = [];
  #tail: Step[] = [];
  #headBytes = 0;
  #tailBytes = 0;
  #leftOut = 0;
  #receivedAt = -Infinity;
  /** The last step, while more may be added to it; its bytes are the beginning of `room`. */
  #block: { step: Received; room: Buffer } | null = null;

  get empty(): boolean {
    return this.#head.length === 0;
  }

  /** All that happened is here. */
  get whole(): boolean {
    return this.#leftOut === 0;
  }

  /** Since something was received. */
  get quietMs(): number {
    return this.#now() - this.#receivedAt;
  }

  add(event: Event): void {
    this.#block = null;
    // An event and its time make a step.
    const step = { ...event, atMs: this.#now() } as Step;
    this.#keep(step, sizeOf(step) + STEP_BYTES);
  }

  /** Copies the chunk, as the connection goes on using its own. */
  receive(what: Received['what'], chunk: Buffer): void {
    this.#receivedAt = this.#now();
    const block = this.#block;
    const length = (block?.step.bytes.length ?? 0) + chunk.length;
    if (block?.step.what !== what || length > BLOCK_BYTES) {
      const room = Buffer.from(chunk);
      const step: Received = { what, bytes: room, atMs: this.#now() };
      this.#keep(step, chunk.length + STEP_BYTES);
      this.#block = { step, room };
      return;
    }
    if (length > block.room.length) {
      block.room = Buffer.alloc(Math.min(BLOCK_BYTES, length * 2));
      block.room.set(block.step.bytes);
    }
    block.room.set(chunk, block.step.bytes.length);
    block.step.bytes = block.room.subarray(0, length);
    this.#count(chunk.length);
  }

  /** In order, what was received in a row in one step; whole lines on both sides of what is left out. */
  steps(): Step[] {
    if (this.whole) return joined([...this.#head, ...this.#tail]);
    const head = joined(this.#head);
    const tail = joined(this.#tail);
    const count = this.#leftOut + dropHalfLine(head.at(-1), 'last') + dropHalfLine(tail[0], 'first');
    return [...head, { what: 'left_out', count, atMs: head.at(-1)?.atMs ?? 0 }, ...tail];
  }

  #keep(step: Step, bytes: number): void {
    (this.#headBytes < HALF_BYTES ? this.#head : this.#tail).push(step);
    this.#count(bytes);
  }

  #count(bytes: number): void {
    if (this.#tail.length === 0) this.#headBytes += bytes;
    else this.#tailBytes += bytes;
    while (this.#tailBytes > HALF_BYTES && this.#tail.length > 1) {
      const size = sizeOf(this.#tail.shift() as Step); // it has more than one
      this.#tailBytes -= size + STEP_BYTES;
      this.#leftOut += size;
    }
  }

  #now(): number {
    return performance.now() - this.#began;
  }
}

/** What was received in a row, in one step. */
function joined(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  let parts: Buffer[] = [];
  const close = () => {
    const last = result.at(-1);
    if (parts.length > 1 && last && 'bytes' in last) last.bytes = Buffer.concat(parts);
    parts = [];
  };
  for (const step of steps) {
    const last = result.at(-1);
    if ('bytes' in step && last?.what === step.what) parts.push(step.bytes);
    else {
      close();
      result.push({ ...step });
      if ('bytes' in step) parts = [step.bytes];
    }
  }
  close();
  return result;
}

/** Takes away what may be half a line, where something is left out; answers how much that was. */
function dropHalfLine(step: Step | undefined, which: 'first' | 'last'): number {
  if (!step || !('bytes' in step)) return 0;
  const { length } = step.bytes;
  const at = which === 'last' ? step.bytes.lastIndexOf(LF) + 1 : step.bytes.indexOf(LF) + 1 || length;
  step.bytes = which === 'last' ? step.bytes.subarray(0, at) : step.bytes.subarray(at);
  return length - step.bytes.length;
}

function sizeOf(step: Step): number {
  if ('bytes' in step) return step.bytes.length;
  return 'text' in step ? step.text.length : 0;
}

// What a device has sent since the last line was typed: bytes that grow, and the lines they make. Pure.
import { shown } from '../text.js';

/** Of a longer line only this many bytes are looked at. */
export const LINE_WITHIN = 1024;

const LF = 10;
const CR = 13;
const ESCAPE = Buffer.from('\x1b');
const NEXT_LINE = '\x1bE';
const NOTHING = Buffer.alloc(0);
/** Most answers are as short as that; thousands of sessions wait at once. */
const LEAST = 512;

export class Screen {
  #bytes = NOTHING;
  /** Bytes that have been dropped from the beginning; positions count them. */
  #dropped = 0;
  #held = 0;
  /** An escape character that waits for what follows it. */
  #escape = false;

  /** Bytes received; positions go from 0 to here. */
  get length(): number {
    return this.#dropped + this.#held;
  }

  /** Bytes that are still here. */
  get held(): number {
    return this.#held;
  }

  clear(): void {
    if (this.#bytes.length > 1 << 20) this.#bytes = NOTHING;
    this.#dropped = 0;
    this.#held = 0;
  }

  push(received: Buffer): void {
    const chunk = this.#withLineEnds(received);
    const held = this.#held + chunk.length;
    if (held > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(LEAST, held, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#held));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#held);
    this.#held = held;
  }

  /** Lets go of what comes before a position. */
  drop(before: number): void {
    this.#bytes.copyWithin(0, before - this.#dropped, this.#held);
    this.#held = this.length - before;
    this.#dropped = before;
  }

  /** The bytes between two positions, as far as they are here; a view, good until the next byte. */
  bytes(from: number, to = this.length): Buffer {
    return this.#bytes.subarray(this.#at(from), this.#at(to));
  }

  /** Byte for character, so that positions are those of the bytes. */
  text(from: number, to = this.length): string {
    return this.#bytes.toString('latin1', this.#at(from), this.#at(to));
  }

  /** Where the line begins that ends at `end`. */
  lineStart(end: number): number {
    const at = this.#at(end);
    return this.#dropped + (at <= 0 ? 0 : this.#bytes.lastIndexOf(LF, at - 1) + 1);
  }

  /** Where the line that begins at `start` ends, its line feed left out. */
  lineEnd(start: number): number {
    const end = this.#bytes.indexOf(LF, this.#at(start));
    return end < 0 || end > this.#held ? this.length : this.#dropped + end;
  }

  /** Where the last line before `start` that is not empty ends. */
  endBefore(start: number): number {
    let at = this.#at(start);
    while (at > 0 && (this.#bytes[at - 1] === LF || this.#bytes[at - 1] === CR)) at--;
    return this.#dropped + at;
  }

  /** The line that begins at `start`, as shown. */
  lineAt(start: number): string {
    return shown(this.text(start, Math.min(this.lineEnd(start), start + LINE_WITHIN)).replace(/\r+$/, ''));
  }

  #at(position: number): number {
    return Math.min(this.#held, Math.max(0, position - this.#dropped));
  }

  /** Some devices end lines with the terminal's own "next line", ESC E, which may come in two pieces. */
  #withLineEnds(received: Buffer): Buffer {
    const chunk = this.#escape ? Buffer.concat([ESCAPE, received]) : received;
    this.#escape = chunk.at(-1) === ESCAPE[0];
    const whole = this.#escape ? chunk.subarray(0, -1) : chunk;
    if (!whole.includes(NEXT_LINE)) return whole;
    return Buffer.from(whole.toString('latin1').replaceAll(NEXT_LINE, '\r\n'), 'latin1');
  }
}

// The pagers of one output: seen, answered once, and cut out again with all that wiped them. Pure.

import { shown } from '../text.js';
import { afterErasure, ERASURE_WITHIN, type Pager, WIDELY_SEEN } from './pager.js';
import type { Rules } from './platform.js';
import { LINE_WITHIN, type Screen } from './screen.js';

export class Pagers {
  readonly #rules: Rules;
  readonly #screen: Screen;
  #answered: Pager[] = [];
  #mayBeText = false;

  constructor(rules: Rules, screen: Screen) {
    this.#rules = rules;
    this.#screen = screen;
  }

  clear(): void {
    this.#answered = [];
    this.#mayBeText = false;
  }

  /** Where the last one ends; what comes before it has been answered. */
  get end(): number {
    return this.#answered.at(-1)?.end ?? 0;
  }

  /** The pager that the platform names, on a line that begins at `start`. */
  named(start: number): { key: string; text: RegExp } | undefined {
    return this.#shownBy(this.#rules.pager, start);
  }

  /** One that many devices have, though this platform does not name it. */
  likely(start: number): { key: string; text: RegExp } | undefined {
    return this.#shownBy(WIDELY_SEEN, start);
  }

  /** The key to type now: from here on it has been answered. `end`: where its line ends. */
  answer(start: number, pager: { text: RegExp; key: string }, end = this.#screen.length): string {
    const key = this.#keyAt(start, pager);
    // With escapes around it only the whole line is known to be the pager's.
    const match = pager.text.exec(this.#screen.text(start, end));
    this.#answered.push({ lineStart: start, start: start + (match?.index ?? 0), end, key });
    return key;
  }

  /** What to type at the one on a line that begins at `start`: a space where its own key brought nothing new. */
  #keyAt(start: number, { key }: { key: string }): string {
    const last = this.#answered.at(-1);
    return last?.key === key && afterErasure(this.#screen, last) === start ? ' ' : key;
  }

  /** Where a line that begins at `start` goes on after the pager that was on it. */
  after(start: number, end: number): number {
    const pager = this.#answered.at(-1);
    if (!pager || pager.end > end || pager.end <= start) return start;
    return Math.max(start, afterErasure(this.#screen, pager));
  }

  /** The bytes between, without pagers. */
  cut(from: number, end: number): Buffer {
    const parts: Buffer[] = [];
    let at = from;
    for (const pager of this.#answered) {
      if (pager.start >= end) break;
      if (pager.start > at) parts.push(this.#screen.bytes(at, pager.start));
      at = Math.max(at, afterErasure(this.#screen, pager));
    }
    if (at < end) parts.push(this.#screen.bytes(at, end));
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** A line start before `end` that no pager and nothing that wipes one reaches over. */
  apart(end: number): number {
    const near = this.#answered.find((pager) => pager.start < end && pager.end + ERASURE_WITHIN > end);
    return this.#screen.lineStart(near ? near.lineStart : end);
  }

  /** What was answered may have been text: it was never wiped, and its line goes on behind it. */
  get mayBeText(): boolean {
    this.#mayBeText ||= this.#answered.some((pager) => {
      if (afterErasure(this.#screen, pager) > pager.end) return false;
      const end = Math.min(this.#screen.lineEnd(pager.end), pager.end + ERASURE_WITHIN);
      return shown(this.#screen.text(pager.end, end)).trim() !== '';
    });
    return this.#mayBeText;
  }

  /** What comes before has been cut. */
  drop(before: number): void {
    this.#mayBeText = this.mayBeText;
    this.#answered = this.#answered.filter((pager) => pager.start >= before);
  }

  #shownBy<P extends { text: RegExp }>(pagers: readonly P[], start: number): P | undefined {
    const end = this.#screen.lineEnd(start);
    if (end === start || end - start > LINE_WITHIN) return undefined;
    const raw = this.#screen.text(start, end);
    const line = shown(raw);
    return pagers.find(({ text }) => text.test(line) || text.test(raw));
  }
}

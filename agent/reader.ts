// Reads an interactive command line: bytes in, and on request what they mean so far - more to come, a pager,
// a question, or the end of an output. Pure: it knows no socket and no clock; the session says how long it
// has been quiet. A prompt counts only on the last line, after the command's echo; one that might be text of
// the output is confirmed by an empty line that brings it again.
import { isEcho } from './echo.js';
import { afterErasure, type Pager } from './pager.js';
import type { Rules } from './platform.js';
import { clean, shown } from './text.js';

/** Quiet that is believed at once, given an echo and the known prompt. */
export const SETTLE_MS = 20;
/** The same where nothing depends on what was printed. */
export const SETUP_SETTLE_MS = 5;
/** Quiet before a line that only looks like a prompt is put to the test. */
const DOUBT_MS = 300;
/** Quiet before a prompt without an echo before it is believed. */
const NO_ECHO_MS = 1000;
/** Quiet before an unanswered empty line is given up. */
const CONFIRM_MS = 2000;
/** An echo is looked for in this many first bytes; a prompt in this many last bytes of a line. */
const ECHO_WITHIN = 65_536;
const LINE_WITHIN = 1024;

const LF = 10;

export type Sighting =
  /** Nothing to do before more bytes come. */
  | { kind: 'more' }
  /** Look again when it has been quiet this long. */
  | { kind: 'wait'; quietMs: number }
  | { kind: 'pager'; key: string }
  | { kind: 'confirm' }
  | { kind: 'question' }
  | Ending;

export interface Ending {
  kind: 'prompt';
  prompt: string;
  /** The echo was seen, and the prompt is beyond doubt. */
  proved: boolean;
}

export class Reader {
  /** The prompt learnt last, with its trailing space if it has one; null until the first. */
  prompt: string | null = null;
  readonly #rules: Rules;
  #bytes = Buffer.allocUnsafeSlow(4096);
  #length = 0;
  #command: string | null = null;
  /** The prompt at which the command was typed. */
  #promptBefore: string | null = null;
  #question: RegExp | null = null;
  #scanned = 0;
  #echoStart = -1;
  #echoEnd = -1;
  #promptStart = -1;
  #confirms = 0;
  #pagers: Pager[] = [];

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** Bytes held for the present command. */
  get length(): number {
    return this.#length;
  }

  /** Starts afresh for a command; null when nothing is echoed. `question`: a last line that asks. */
  begin(command: string | null, question: RegExp | null = null): void {
    // Typed as UTF-8, compared byte by byte.
    this.#command = command === null ? null : Buffer.from(command, 'utf8').toString('latin1').trimEnd();
    this.#question = question;
    this.#promptBefore = this.#bare;
    if (this.#bytes.length > 1 << 20) this.#bytes = Buffer.allocUnsafeSlow(4096);
    this.#length = 0;
    this.#scanned = 0;
    this.#echoStart = -1;
    this.#echoEnd = -1;
    this.#promptStart = -1;
    this.#confirms = 0;
    this.#pagers = [];
  }

  push(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  /** What has come, given that nothing has come for `quietMs`. */
  look(quietMs: number): Sighting {
    if (this.#length === 0) return { kind: 'more' };
    this.#findEcho();
    const line = this.#lastLine();
    const key = this.#pagerAt(line.start);
    if (key !== null) return { kind: 'pager', key };
    const { text } = line;
    if (this.#question?.test(text)) {
      if (this.#echoed || quietMs >= NO_ECHO_MS) return { kind: 'question' };
      return { kind: 'wait', quietMs: NO_ECHO_MS };
    }
    if (!this.#looksLikePrompt(text)) return { kind: 'more' };
    if (!this.#echoed && quietMs < NO_ECHO_MS) return { kind: 'wait', quietMs: NO_ECHO_MS };
    if (this.#confirms > 0) return this.#confirmed(line, quietMs);
    this.#promptStart = line.start;
    if (this.#isCertain(text)) return this.#end(text, this.#echoed);
    if (!this.#isKnown(text) && quietMs < DOUBT_MS) return { kind: 'wait', quietMs: DOUBT_MS };
    this.#confirms = 1;
    return { kind: 'confirm' };
  }

  /** What came before the echo, when it is more than a prompt: the output before this one had gone on. */
  get stray(): Buffer | null {
    if (this.#echoStart < 0 || this.#command === null) return null;
    const echo = this.#bytes.toString('latin1', this.#echoStart, this.#echoEnd);
    const typed = echo.lastIndexOf(this.#command);
    const before = this.#bytes.subarray(0, this.#echoStart + Math.max(0, typed));
    const lines = clean(before.toString('latin1')).split('\n');
    return lines.some((line) => line.trim() !== '' && line.trim() !== this.#promptBefore) ? before : null;
  }

  /** Takes back an end that was none: `stray` came after it, up to the true prompt. False: it is no end either. */
  extend(stray: Buffer): boolean {
    this.push(stray);
    const line = this.#lastLine();
    const prompt = this.#promptBefore ?? '';
    if (!line.text.trimEnd().endsWith(prompt)) return false;
    const raw = this.#bytes.toString('latin1', line.start, this.#length);
    this.#promptStart = line.start + (this.#isKnown(line.text) ? 0 : Math.max(0, raw.lastIndexOf(prompt)));
    return true;
  }

  /** The output: from the line after the echo up to the prompt, or up to now when there is none yet. */
  output(): Buffer {
    const end = this.#promptStart < 0 ? this.#length : this.#promptStart;
    let from = Math.max(0, this.#echoEnd);
    const parts: Buffer[] = [];
    for (const pager of this.#pagers) {
      if (pager.start >= end) break;
      if (pager.start > from) parts.push(this.#bytes.subarray(from, pager.start));
      from = Math.max(from, afterErasure(this.#bytes.subarray(0, this.#length), pager));
    }
    if (from < end) parts.push(this.#bytes.subarray(from, end));
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  }

  /** The session ended before a prompt was believed: what is here is the output so far. */
  abandon(): void {
    this.#promptStart = -1;
  }

  /** The prompt without trailing spaces, which may come late. */
  get #bare(): string | null {
    return this.prompt?.trimEnd() ?? null;
  }

  get #echoed(): boolean {
    return this.#command === null || this.#echoEnd >= 0;
  }

  #findEcho(): void {
    if (this.#command === null || this.#echoEnd >= 0) return;
    const limit = Math.min(this.#length, ECHO_WITHIN);
    while (this.#scanned < limit) {
      const end = this.#bytes.indexOf(LF, this.#scanned);
      if (end < 0 || end >= this.#length) return;
      const start = this.#scanned;
      this.#scanned = end + 1;
      if (!isEcho(this.#bytes.toString('latin1', start, end), this.#command, this.#bare, this.#rules))
        continue;
      this.#echoStart = start;
      this.#echoEnd = end + 1;
      return;
    }
  }

  /** The last line, as shown, and where its bytes start; what a pager left of it does not count. */
  #lastLine(end = this.#length): { start: number; text: string } {
    let start = lineStart(this.#bytes, end);
    const pager = this.#pagers.at(-1);
    if (pager && pager.end <= end && pager.end > start)
      start = Math.max(start, afterErasure(this.#bytes.subarray(0, this.#length), pager));
    const from = Math.max(start, end - LINE_WITHIN);
    return { start, text: shown(this.#bytes.toString('latin1', from, end)) };
  }

  /** The key that the pager on the last line waits for; it counts as answered from then on. */
  #pagerAt(start: number): string | null {
    const { pager } = this.#rules;
    if (pager.length === 0 || this.#length - start > LINE_WITHIN || this.#length === start) return null;
    const raw = this.#bytes.toString('latin1', start, this.#length);
    const line = shown(raw);
    const waiting = pager.find(({ text }) => text.test(line) || text.test(raw));
    if (!waiting) return null;
    const match = waiting.text.exec(raw);
    // With escapes around it only the whole line is known to be the pager's.
    this.#pagers.push({ lineStart: start, start: start + (match?.index ?? 0), end: this.#length });
    return waiting.key;
  }

  #looksLikePrompt(text: string): boolean {
    const bare = this.#bare;
    if (bare !== null && text.trimEnd().endsWith(bare)) return true;
    return this.#rules.prompt.test(text);
  }

  #isKnown(text: string): boolean {
    return this.prompt?.startsWith(text) === true && text.trimEnd() === this.#bare;
  }

  /** Needs no test: the very prompt, and none like it within the output. */
  #isCertain(text: string): boolean {
    if (this.prompt === null) return true;
    if (!this.#isKnown(text)) return this.#command === null && promptName(text) === promptName(this.prompt);
    const needle = Buffer.from(this.prompt.trimEnd(), 'latin1');
    const body = this.#bytes.subarray(Math.max(0, this.#echoEnd), this.#promptStart);
    for (let at = body.indexOf(needle); at >= 0; at = body.indexOf(needle, at + 1)) {
      const before = at === 0 ? LF : body[at - 1];
      if (before === LF || before === 13) return false;
    }
    return true;
  }

  /** After an empty line: the prompt must stand there twice, one line after the other. */
  #confirmed(last: { start: number; text: string }, quietMs: number): Sighting {
    const prompt = last.text.trimEnd();
    let previous = last;
    for (let back = 0; back < this.#confirms && previous.start > 0; back++)
      previous = this.#lastLine(lineBefore(this.#bytes, previous.start));
    const whole = previous.text.trimEnd();
    if (previous.start < last.start && whole.endsWith(prompt)) {
      // Text without a line end may stand before the prompt and belongs to the output.
      const glued = whole.length - prompt.length;
      this.#promptStart = previous.start + (glued > 0 ? this.#glueLength(previous.start, prompt) : 0);
      return this.#end(last.text, this.#echoed);
    }
    if (quietMs < CONFIRM_MS) return { kind: 'wait', quietMs: CONFIRM_MS };
    this.#promptStart = last.start;
    return this.#end(last.text, false);
  }

  #glueLength(start: number, prompt: string): number {
    const end = this.#bytes.indexOf(LF, start);
    const raw = this.#bytes.toString('latin1', start, end < 0 ? this.#length : end);
    return Math.max(0, raw.lastIndexOf(prompt));
  }

  #end(prompt: string, proved: boolean): Ending {
    this.prompt = prompt;
    return { kind: 'prompt', prompt, proved };
  }
}

/** The index after the last line feed before `end`. */
function lineStart(bytes: Buffer, end: number): number {
  return end === 0 ? 0 : bytes.lastIndexOf(LF, end - 1) + 1;
}

/** The end of the line before the one that starts at `start`, its line end left out. */
function lineBefore(bytes: Buffer, start: number): number {
  let end = start;
  while (end > 0 && (bytes[end - 1] === LF || bytes[end - 1] === 13)) end--;
  return end;
}

/** A prompt without its mode and its last sign: R1> and R1(config)# are of one device. */
function promptName(prompt: string): string {
  return prompt
    .trimEnd()
    .replace(/[>#$%]$/, '')
    .replace(/\([^()]*\)$/, '');
}

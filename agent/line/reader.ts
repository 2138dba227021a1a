// Reads an interactive command line: bytes in, and on request what they mean so far - more to come, a pager,
// a question, or the end of an output. Pure: it knows no socket and no clock; the session says how long it
// has been quiet. A prompt counts only on the last line, after the command's echo; one that might be text of
// the output is confirmed by an empty line that brings it again.

import { clean, shown } from '../text.js';
import { isEcho, typedAt } from './echo.js';
import { Pagers } from './pagers.js';
import type { Rules } from './platform.js';
import { Prompt } from './prompt.js';
import { LINE_WITHIN, Screen } from './screen.js';
import { type Raw, Settled } from './settled.js';

/** Quiet that is believed at once, given an echo and the known prompt. */
export const SETTLE_MS = 20;
/** The same where nothing depends on what was printed. */
export const SETUP_SETTLE_MS = 5;
/** Quiet before a line that only looks like a prompt is put to the test, or a question is answered unasked. */
const DOUBT_MS = 300;
/** Quiet before a prompt without an echo before it is believed, or a pager that the platform doesn't name. */
const NO_ECHO_MS = 1000;
/** Quiet before an unanswered empty line is given up. */
const CONFIRM_MS = 2000;
/** An echo is looked for in this many first bytes. */
const ECHO_WITHIN = 65_536;
/** Lines above a prompt that may belong to it, at most. */
const ABOVE = 4;
/** Lines that a device may have logged over its prompt or pager, at most. */
const NOISE_LINES = 8;
/** More than this is not held: of a larger output the beginning is settled, a piece at a time. */
const HELD = 512 << 10;
const PIECE = 256 << 10;
/** A log message, by its facility and severity; more loosely, by a time of day. */
const SYSLOG_LINE =
  /%[A-Z][A-Z0-9_]*-(?:[A-Z0-9_]+-)?\d-[A-Z0-9_]+|(?:%%\d\d|\b)[A-Z][A-Z0-9_]*\/\d\/[A-Z][A-Z0-9_]+/;
const LOG_LINE = new RegExp(`${SYSLOG_LINE.source}|\\b\\d\\d:\\d\\d:\\d\\d\\b`);

export type Sighting =
  /** Nothing to do before more bytes come. */
  | { kind: 'more' }
  /** Look again when it has been quiet this long. */
  | { kind: 'wait'; quietMs: number }
  | { kind: 'pager'; key: string }
  | { kind: 'confirm' }
  /** The device has put the command on a new prompt to be edited; it has to be taken back. */
  | { kind: 'pending' }
  | Asked
  | Ending;

/** The last line asks; `index` says which of the questions given to `begin`. */
export interface Asked {
  kind: 'question';
  index: number;
}

export interface Ending {
  kind: 'prompt';
  prompt: string;
  /** The echo was seen, and the prompt is beyond doubt. */
  proved: boolean;
}

/** Which prompts need no test. */
export type Believed = 'known' | 'kin' | 'any';

/** A line, as shown, and where its bytes start. */
interface Line {
  start: number;
  text: string;
}

export class Reader {
  readonly prompt: Prompt;
  readonly #rules: Rules;
  readonly #screen = new Screen();
  readonly #pagers: Pagers;
  #command: string | null = null;
  /** The prompt at which the command was typed. */
  #promptBefore: Prompt;
  #expected: readonly RegExp[] = [];
  #possible: readonly RegExp[] = [];
  #believed: Believed = 'known';
  #answeredAt = 0;
  #scanned = 0;
  /** Nothing but blank lines and log messages has come so far: an echo may stand bare. */
  #first = true;
  #echoStart = -1;
  #echoEnd = -1;
  #promptStart = -1;
  /** An empty line was typed, which brings the prompt once more. */
  #confirming = false;
  /** From a prompt that something was printed over, to where the empty line was typed. */
  #noise: { start: number; end: number } | null = null;
  #doubtful = false;
  #settled: Settled | null = null;
  #settledTo = 0;
  /** The prompt stands in what is settled. */
  #stood = false;
  #strayBefore: Buffer | null = null;

  /** `prompt`: the session's, which the reader teaches. */
  constructor(rules: Rules, prompt = new Prompt(rules)) {
    this.#rules = rules;
    this.#pagers = new Pagers(rules, this.#screen);
    this.prompt = prompt;
    this.#promptBefore = prompt;
  }

  /** Bytes held for the present command. */
  get length(): number {
    return this.#screen.length;
  }

  /** The last line, as shown. */
  get lastLine(): string {
    return this.#lastLine().text;
  }

  /**
   * Starts afresh for a command; null when nothing is echoed. Of the questions that the last line may ask, the
   * expected ones are believed at once, the possible ones after a quiet; so is a prompt that is not the known
   * one, unless the device's own in another mode, or any, is expected.
   */
  begin(
    command: string | null,
    expected: readonly RegExp[] = [],
    possible: readonly RegExp[] = [],
    believed: Believed = command === null ? 'kin' : 'known',
  ): void {
    // Typed as UTF-8, compared byte by byte.
    this.#command = command === null ? null : Buffer.from(command, 'utf8').toString('latin1').trimEnd();
    this.#expected = expected;
    this.#possible = possible;
    this.#believed = believed;
    this.#answeredAt = 0;
    this.#promptBefore = this.prompt.copy();
    this.#screen.clear();
    this.#pagers.clear();
    this.#scanned = 0;
    this.#first = true;
    this.#echoStart = -1;
    this.#echoEnd = -1;
    this.#promptStart = -1;
    this.#confirming = false;
    this.#noise = null;
    this.#doubtful = false;
    this.#settled = null;
    this.#settledTo = 0;
    this.#stood = false;
    this.#strayBefore = null;
  }

  push(chunk: Buffer): void {
    this.#screen.push(chunk);
    while (this.#screen.held > HELD) this.#settle();
  }

  /** What has come, given that nothing has come for `quietMs`. */
  look(quietMs: number): Sighting {
    if (this.#screen.length === 0) return { kind: 'more' };
    this.#findEcho();
    const line = this.#promptLine();
    const waiting =
      this.#questionIn(line.text, quietMs, this.#expected, 0) ??
      this.#pagerOn(line, quietMs) ??
      this.#questionIn(line.text, quietMs, this.#possible, DOUBT_MS);
    if (waiting !== null) return waiting;
    if (this.#isPending(line)) return patiently(DOUBT_MS, quietMs, () => ({ kind: 'pending' }));
    return this.#looksLikePrompt(line.text)
      ? this.#promptOn(line, quietMs)
      : this.#behindNoise(line, quietMs);
  }

  /** What came before the echo, when it is more than a prompt: the output before this one had gone on. */
  get stray(): Buffer | null {
    if (this.#settled) return this.#strayBefore;
    if (this.#echoStart < 0 || this.#command === null) return null;
    const echo = this.#screen.text(this.#echoStart, this.#echoEnd);
    const before = this.#screen.bytes(0, this.#echoStart + typedAt(echo, this.#command));
    const lines = clean(before.toString('latin1')).split('\n');
    const isStray = (line: string) => line !== '' && !this.#isPromptPart(line) && !SYSLOG_LINE.test(line);
    return lines.some((line) => isStray(line.trim())) ? before : null;
  }

  /** Whole lines came where an echo was to come: the output before this one may have gone on, and eaten it. */
  get isUnechoed(): boolean {
    if (this.#command === null || this.#echoEnd >= 0 || this.prompt.echoes !== true) return false;
    if (this.#settled) return true;
    const whole = this.#screen.bytes(0, this.#screen.lineStart(this.#screen.length));
    const lines = clean(whole.toString('latin1')).split('\n');
    return lines.some((line) => {
      const text = line.trim();
      return text !== '' && !this.#isPromptPart(text) && !LOG_LINE.test(text);
    });
  }

  /**
   * Takes back an end that was none: `stray` came after it, up to the true prompt. False: it is no end either, or
   * may be a log that was printed over the prompt.
   */
  extend(stray: Buffer): boolean {
    this.push(stray);
    const line = this.#lastLine();
    const at = this.#promptBefore.endOf(line.text);
    if (at < 0) return false;
    this.#promptStart = at === 0 ? this.#aboveStart(line.start) : line.start + this.#glueLength(line, at);
    const next = clean(stray.toString('latin1'))
      .split('\n')
      .find((text) => text.trim() !== '');
    return next === undefined || !LOG_LINE.test(next);
  }

  /** The output: from the line after the echo up to the prompt, or up to now when there is none yet. */
  output(): Raw {
    const end = this.#promptStart < 0 ? this.#screen.length : this.#promptStart;
    return { settled: this.#settled, rest: this.#pagers.cut(this.#outputFrom, end) };
  }

  /** The session ended before a prompt was believed: what is here is the output so far. */
  abandon(): void {
    this.#findEcho();
    this.#promptStart = -1;
  }

  /** Where the part of the output begins that is still here. */
  get #outputFrom(): number {
    return Math.max(0, this.#echoEnd, this.#settledTo);
  }

  /** Nothing that is yet to come can change the first piece: it is cut, compressed and let go. */
  #settle(): void {
    this.#findEcho();
    const from = this.#outputFrom;
    const apart = this.#pagers.apart(from + PIECE);
    // A line without an end is cut anywhere.
    const to = apart > from ? apart : from + PIECE;
    if (this.#settled === null) this.#strayBefore = copied(this.stray);
    const piece = this.#pagers.cut(from, to);
    this.#stood ||= this.prompt.standsIn(piece);
    this.#settled ??= new Settled();
    this.#settled.add(piece);
    this.#settledTo = to;
    this.#pagers.drop(to);
    this.#screen.drop(to);
  }

  get #echoed(): boolean {
    return this.#command === null || this.#echoEnd >= 0;
  }

  #findEcho(): void {
    if (this.#command === null || this.#echoEnd >= 0) return;
    const limit = Math.min(this.#screen.length, ECHO_WITHIN);
    while (this.#scanned < limit) {
      const start = this.#scanned;
      const end = this.#screen.lineEnd(start);
      if (end === this.#screen.length) return;
      this.#scanned = end + 1;
      const line = this.#screen.text(start, end);
      this.#first &&= this.#scannedFirst(start);
      if (!isEcho(line, this.#command, this.prompt.bare, this.#rules, this.#first)) continue;
      // A line of the output may read like an echo where nothing is echoed at all.
      if (!this.#first && this.prompt.echoes !== true) continue;
      this.prompt.echoes = true;
      if (start === 0 && line.startsWith(` ${this.#command}`)) this.prompt.widen();
      this.#echoStart = start;
      this.#echoEnd = end + 1;
      return;
    }
  }

  /** Whether the line before `start` leaves an echo's place as it was. */
  #scannedFirst(start: number): boolean {
    if (start === 0) return true;
    const before = this.#screen.lineAt(this.#screen.lineStart(start - 1));
    return before.trim() === '' || this.#isPromptPart(before.trim()) || LOG_LINE.test(before);
  }

  /** The line up to `end`; what a pager left of it does not count. */
  #lastLine(end = this.#screen.length): Line {
    const start = this.#pagers.after(this.#screen.lineStart(end), end);
    const from = Math.max(start, end - LINE_WITHIN);
    const raw = this.#screen.text(from, end);
    // Some devices draw their prompt from the first column on, over a line that the output has not ended.
    const redrawn = raw.lastIndexOf('\r') + 1;
    const text = shown(raw.slice(redrawn));
    if (redrawn > 0 && this.prompt.is(text)) {
      const under = shown(raw.slice(0, redrawn)).trim();
      const isCovered = under !== '' && this.prompt.at(under, false) === null;
      if (isCovered || shown(raw).trimEnd() !== text.trimEnd()) return { start: from + redrawn, text };
    }
    return { start, text: shown(raw) };
  }

  /** The line that a prompt may stand on: the last one, or where prompts end their line, the one before it. */
  #promptLine(): Line {
    const last = this.#lastLine();
    if (!this.#rules.platform.prompt_ends) return last;
    if (last.text !== '') return { start: last.start, text: '' };
    const before = this.#lastLine(this.#screen.endBefore(last.start));
    return before.start >= Math.max(0, this.#echoEnd) && this.#rules.prompt.test(before.text) ? before : last;
  }

  /** The pager on the last line; it counts as answered once its key is named. */
  #pagerOn({ start, text }: Line, quietMs: number): Sighting | null {
    const named = this.#pagers.named(start);
    const pager = named ?? (this.#looksLikePrompt(text) ? undefined : this.#pagers.likely(start));
    if (pager === undefined) return null;
    return patiently(named ? 0 : NO_ECHO_MS, quietMs, () => {
      return { kind: 'pager', key: this.#pagers.answer(start, pager) };
    });
  }

  /** The question on the last line; it counts as answered from then on. */
  #questionIn(
    text: string,
    quietMs: number,
    questions: readonly RegExp[],
    neededMs: number,
  ): Sighting | null {
    const found = questions.findIndex((asks) => asks.test(text));
    if (found < 0 || this.#screen.length === this.#answeredAt) return null;
    return patiently(this.#echoed ? neededMs : NO_ECHO_MS, quietMs, () => {
      this.#answeredAt = this.#screen.length;
      return {
        kind: 'question',
        index: questions === this.#expected ? found : this.#expected.length + found,
      };
    });
  }

  /** The device has refused the command and offers it again behind a prompt. */
  #isPending({ start, text }: Line): boolean {
    const { bare } = this.prompt;
    if (this.#command === null || bare === null || this.#echoEnd < 0 || start < this.#echoEnd) return false;
    return text.startsWith(bare) && text.slice(bare.length).trim() === this.#command;
  }

  #looksLikePrompt(text: string): boolean {
    return this.prompt.endOf(text) >= 0 || this.#rules.prompt.test(text);
  }

  #promptOn(line: Line, quietMs: number): Sighting {
    if (!this.#echoed && quietMs < NO_ECHO_MS) return { kind: 'wait', quietMs: NO_ECHO_MS };
    if (this.#confirming) return this.#confirmed(line, quietMs);
    if (this.prompt.isShort(line.text) && quietMs < DOUBT_MS) return { kind: 'wait', quietMs: DOUBT_MS };
    this.#promptStart = line.start;
    if (this.#isCertain(line.text)) return this.#end(line.text, this.#echoed);
    return patiently(this.prompt.is(line.text) ? 0 : DOUBT_MS, quietMs, () => {
      this.#confirming = true;
      return { kind: 'confirm' };
    });
  }

  /** Needs no test: the very prompt, and none like it within the output. */
  #isCertain(text: string): boolean {
    if (this.prompt.text === null) return true;
    if (this.#believed === 'any' || this.#rules.platform.prompt_ends) return true;
    if (!this.prompt.is(text)) return this.#believed === 'kin' && this.prompt.isKin(text);
    return !this.#stood && !this.prompt.standsIn(this.#screen.bytes(this.#outputFrom, this.#promptStart));
  }

  /** After an empty line: the prompt must stand there twice, one line after the other. */
  #confirmed(last: Line, quietMs: number): Sighting {
    if (this.#noise !== null && this.#answersOnly(last.text, this.#noise.end)) {
      this.#promptStart = this.#noise.start;
      return this.#end(last.text, this.#echoed && this.#isLog(this.#noise));
    }
    const seen = new Prompt(this.#rules);
    seen.learn(last.text);
    const previous = this.#lastLine(this.#screen.endBefore(this.#aboveStart(last.start)));
    const glued = previous.start < last.start ? seen.endOf(previous.text) : -1;
    if (glued >= 0) {
      // Text without a line end may stand before the prompt and belongs to the output.
      this.#promptStart =
        glued > 0 ? previous.start + this.#glueLength(previous, glued) : this.#endUnderLog(previous.start);
      return this.#end(last.text, this.#echoed);
    }
    return patiently(CONFIRM_MS, quietMs, () => {
      this.#promptStart = last.start;
      return this.#end(last.text, false);
    });
  }

  /** Where the output ends if a log was printed over its prompt before the prompt was drawn again. */
  #endUnderLog(end: number): number {
    let start = end;
    for (let back = 0; back < NOISE_LINES && start > this.#outputFrom; back++) {
      start = this.#screen.lineStart(start - 1);
      const text = this.#screen.lineAt(start);
      if (text.trim() !== '' && !LOG_LINE.test(text)) return end;
      if (this.#promptBefore.at(text, false) === null || start < this.#outputFrom) continue;
      if (SYSLOG_LINE.test(text)) return start;
      this.#doubtful = true; // a time of day alone may be the output's
      return end;
    }
    return end;
  }

  /** How many bytes of a line stand before the prompt that begins at `at` of what is shown. */
  #glueLength({ start, text }: Line, at: number): number {
    const raw = this.#screen.text(start, this.#screen.lineEnd(start));
    return Math.max(0, raw.lastIndexOf(text.slice(at).trimEnd()));
  }

  /** A device that logs to its lines waits although the last one shows nothing to wait at: that stands above. */
  #behindNoise(last: Line, quietMs: number): Sighting {
    const floor = Math.max(this.#echoEnd, this.#pagers.end, 1);
    let { start } = last;
    for (let back = 0; back <= NOISE_LINES && start >= floor; back++) {
      const line = { start, text: this.#screen.lineAt(start) };
      const pager = back > 0 ? this.#pagers.named(start) : undefined;
      if (pager || this.#isPromptUnderNoise(line))
        return patiently(NO_ECHO_MS, quietMs, () => this.#answerUnderNoise(line, pager));
      start = this.#screen.lineStart(start - 1);
    }
    return { kind: 'more' };
  }

  /** What stands between is not known to be the output's; after a prompt it is no part of it. */
  #answerUnderNoise({ start }: Line, pager: { text: RegExp; key: string } | undefined): Sighting {
    if (pager) {
      this.#doubtful = true;
      const end = this.#screen.endBefore(this.#screen.lineEnd(start));
      return { kind: 'pager', key: this.#pagers.answer(start, pager, end) };
    }
    this.#confirming = true;
    this.#noise = { start, end: this.#screen.length };
    return { kind: 'confirm' };
  }

  #isPromptUnderNoise({ text }: Line): boolean {
    if (this.#confirming || this.prompt.text === null) return false;
    const prompt = this.#promptBefore.at(text, this.#believed === 'kin');
    return prompt !== null && (text.trimEnd() === prompt || LOG_LINE.test(text));
  }

  /** Nothing but the prompt came in answer to the empty line: the device had been waiting. */
  #answersOnly(prompt: string, from: number): boolean {
    return clean(this.#screen.text(from)).trim() === prompt.trim();
  }

  /** What stands between a prompt and the end are log messages. */
  #isLog({ start, end }: { start: number; end: number }): boolean {
    const lines = clean(this.#screen.text(start, end)).split('\n');
    return lines.every((line) => this.prompt.is(line) || line.trim() === '' || LOG_LINE.test(line));
  }

  /** Where the lines above a prompt that belong to it begin. */
  #aboveStart(start: number): number {
    const { above } = this.#rules;
    let from = start;
    for (let line = 0; above !== null && line < ABOVE && from > 0; line++) {
      const before = this.#lastLine(from - 1);
      if (before.start < this.#echoEnd || !above.test(before.text.trimEnd())) break;
      from = before.start;
    }
    return from;
  }

  #isPromptPart(line: string): boolean {
    return this.#promptBefore.is(line) || this.#rules.above?.test(line) === true;
  }

  #end(prompt: string, proved: boolean): Ending {
    if (this.#promptStart === this.#screen.lineStart(this.#promptStart))
      this.#promptStart = this.#aboveStart(this.#promptStart);
    // Where nothing is echoed, not even a line's end, it stands there twice.
    const at = this.prompt.endOf(prompt);
    const isTwice = at > 0 && this.prompt.is(prompt.slice(0, at).trimEnd());
    this.prompt.learn(isTwice ? prompt.slice(at) : prompt);
    if (this.#command !== null && this.#echoEnd < 0) this.prompt.echoes ??= false;
    return { kind: 'prompt', prompt, proved: proved && !this.#doubtful && !this.#pagers.mayBeText };
  }
}

/** What is seen, once it has been quiet long enough for it. */
function patiently(neededMs: number, quietMs: number, see: () => Sighting): Sighting {
  return quietMs < neededMs ? { kind: 'wait', quietMs: neededMs } : see();
}

function copied(bytes: Buffer | null): Buffer | null {
  return bytes && Buffer.from(bytes);
}

// Takes secrets out of what is written down about a session: the credential's own wherever they stand, and in
// lines of outputs what the platform says is secret. A text is taken for a stream of lines that may come in
// parts, so that a secret is found across them; the same secret is replaced alike everywhere, and what is
// left can still be played.
import { isUtf8 } from 'node:buffer';
import type { Credential } from '../../proto/gen/netsweep/v1/model.js';
import { Breath } from '../breath.js';
import { Secret, secretBuffer } from '../credentials.js';
import { shown } from '../text.js';

const TOKEN = Buffer.from('<redacted>');
/** What a broken off stream ends in counts as the beginning of a secret from this many bytes on. */
const BEGINNING = 4;
/** Shorter ones are found everywhere; to hide them would only show what they are. */
const SHORTEST = 3;
const LF = 10;
const CR = 13;
/** Lines that are looked at in a row. */
const LINES = 500;

interface Range {
  start: number;
  end: number;
  /** What stands in its place; else the token. */
  by?: Buffer;
}

export class Redaction implements Disposable {
  readonly #secrets: Secret[] = [];
  #patterns: readonly RegExp[] = [];

  constructor(...credentials: (Credential | null)[]) {
    for (const credential of credentials)
      for (const bytes of [credential?.password, credential?.enableSecret, credential?.passphrase])
        this.#hide(bytes);
  }

  /** Matches of these, their first group or all of them, are hidden in the lines where they stand. */
  hideMatches(patterns: readonly RegExp[]): void {
    this.#patterns = patterns;
  }

  /** What these match in a line that was typed is hidden everywhere, as the device repeats it behind its prompt. */
  learn(line: string): void {
    for (const value of valuesIn(line, this.#patterns)) this.#hide(Buffer.from(value));
  }

  text(text: string): string {
    return this.bytes([Buffer.from(text)])[0]?.toString() ?? '';
  }

  /** As `text`, for long ones: others have their turn meanwhile. */
  async longText(text: string): Promise<string> {
    const [clean] = await this.longBytes([Buffer.from(text)]);
    return clean?.toString() ?? '';
  }

  /** The parts of one stream, each without its secrets. */
  bytes(parts: readonly Buffer[]): Buffer[] {
    const whole = Buffer.concat(parts);
    return replaced(parts, whole, [...this.#secretRanges(whole), ...[...this.#lineRanges(whole)].flat()]);
  }

  /** As `bytes`, for long ones: others have their turn meanwhile. */
  async longBytes(parts: readonly Buffer[]): Promise<Buffer[]> {
    const breath = new Breath();
    const whole = Buffer.concat(parts);
    const ranges = [...this.#secretRanges(whole)];
    for (const some of this.#lineRanges(whole)) {
      ranges.push(...some);
      await breath.taken();
    }
    return replaced(parts, whole, ranges);
  }
  [Symbol.dispose](): void {
    for (const secret of this.#secrets) secret[Symbol.dispose]();
  }

  #hide(bytes: Uint8Array | undefined): void {
    const latin1 = bytes && asLatin1(bytes);
    for (const form of [bytes, latin1]) {
      const secret = Secret.copy(form);
      if (secret && secret.bytes.length >= SHORTEST) this.#secrets.push(secret);
      else secret?.[Symbol.dispose]();
    }
    latin1?.fill(0);
  }

  *#secretRanges(whole: Buffer): Generator<Range> {
    for (const { bytes } of this.#secrets) {
      yield* rangesOf(bytes, whole, 0);
      const beginning = beginningAtEnd(whole, bytes);
      if (beginning > 0) yield { start: whole.length - beginning, end: whole.length };
    }
  }

  /** Where lines hold what the patterns match, and lines that show a secret which is sent in bits; some at a time. */
  *#lineRanges(whole: Buffer): Generator<Range[]> {
    let [ranges, lines]: [Range[], number] = [[], 0];
    for (let start = 0; start < whole.length; ) {
      const feed = whole.indexOf(LF, start);
      let end = feed < 0 ? whole.length : feed;
      const next = end + 1;
      while (end > start && whole[end - 1] === CR) end--;
      ranges.push(...this.#rangesIn(whole.subarray(start, end), start));
      start = next;
      if (++lines % LINES !== 0) continue;
      yield ranges;
      ranges = [];
    }
    yield ranges;
  }

  *#rangesIn(line: Buffer, start: number): Generator<Range> {
    const encoding = isUtf8(line) ? 'utf8' : 'latin1';
    const raw = line.toString(encoding);
    const text = shown(raw);
    const values = valuesIn(text, this.#patterns).map((value) => Buffer.from(value, encoding));
    const hidden = raw === text ? values : [...values, ...this.#secrets.map(({ bytes }) => bytes)];
    const plain = raw === text ? line : Buffer.from(text, encoding);
    // Escapes stand between what is shown together: the line stays as it is shown.
    if (hidden.some((bytes) => plain.includes(bytes) && !line.includes(bytes))) {
      const ranges = united(hidden.flatMap((bytes) => [...rangesOf(bytes, plain, 0)]));
      yield { start, end: start + line.length, by: without(plain, { start: 0, end: plain.length }, ranges) };
    } else for (const value of values) yield* rangesOf(value, line, start);
  }
}

function replaced(parts: readonly Buffer[], whole: Buffer, found: Range[]): Buffer[] {
  const ranges = united(found);
  let from = 0;
  return parts.map((part) => {
    const left = without(whole, { start: from, end: from + part.length }, ranges);
    from += part.length;
    return left;
  });
}

function* rangesOf(secret: Buffer, within: Buffer, offset: number): Generator<Range> {
  for (let at = within.indexOf(secret); at >= 0; at = within.indexOf(secret, at + 1))
    yield { start: offset + at, end: offset + at + secret.length };
}

/** How much of a secret's beginning a stream ends in; 0: none worth hiding. */
function beginningAtEnd(whole: Buffer, secret: Buffer): number {
  for (let length = Math.min(secret.length - 1, whole.length); length >= BEGINNING; length--)
    if (whole.subarray(whole.length - length).equals(secret.subarray(0, length))) return length;
  return 0;
}

function valuesIn(line: string, patterns: readonly RegExp[]): string[] {
  const values: string[] = [];
  for (const pattern of patterns) {
    pattern.lastIndex = 0; // they are global
    for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
      if (match[0] === '') pattern.lastIndex++;
      const value = (match[1] ?? match[0]).trim();
      if (value !== '') values.push(value);
    }
  }
  return values;
}

/** Overlapping and adjoining ranges as one, in order. */
function united(ranges: Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of ranges.sort((one, other) => one.start - other.start)) {
    const last = joined.at(-1);
    if (last && range.start <= last.end) {
      last.end = Math.max(last.end, range.end);
      delete last.by; // a secret within a line that is shown otherwise: nothing of it is kept
    } else joined.push({ ...range });
  }
  return joined;
}

/** A part of the whole with each range replaced where it begins. */
function without(whole: Buffer, part: Range, ranges: readonly Range[]): Buffer {
  const pieces: Buffer[] = [];
  let from = part.start;
  for (let index = firstBehind(ranges, part.start); index < ranges.length; index++) {
    const { start, end, by } = ranges[index] as Range; // within its length
    if (start >= part.end) break;
    if (start > from) pieces.push(whole.subarray(from, start));
    if (start >= part.start) pieces.push(by ?? TOKEN);
    from = Math.min(part.end, Math.max(from, end));
  }
  pieces.push(whole.subarray(from, part.end));
  return Buffer.concat(pieces);
}

/** The first range that ends behind a place. */
function firstBehind(ranges: readonly Range[], place: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle] as Range).end > place) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * UTF-8 as a device would repeat it that knows one byte for each character, for the caller to zero; undefined where
 * there is no such form.
 */
function asLatin1(utf8: Uint8Array): Uint8Array | undefined {
  const latin1 = secretBuffer(utf8.length);
  const length = writeLatin1(utf8, latin1);
  if (length > 0 && length < utf8.length) return latin1.subarray(0, length);
  latin1.fill(0);
  return undefined;
}

/** How many bytes it takes; 0: it has no such form. */
function writeLatin1(utf8: Uint8Array, latin1: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < utf8.length; at++) {
    const byte = utf8[at] as number; // within its length
    const next = utf8[at + 1] ?? 0;
    if (byte < 0x80) latin1[length++] = byte;
    else if ((byte === 0xc2 || byte === 0xc3) && next >= 0x80) {
      latin1[length++] = ((byte & 3) << 6) | (next & 0x3f);
      at++;
    } else return 0;
  }
  return length;
}

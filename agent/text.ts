// From a device's bytes to what its terminal would have shown; pure. Line ends become LF, NUL and BEL vanish,
// ANSI sequences act and vanish, backspace and a carriage return within a line overwrite. Everything else
// stays to the byte.
import { isUtf8 } from 'node:buffer';

const [NUL, BEL, BS, LF, CR, ESC] = [0, 7, 8, 10, 13, 0x1b] as const;
const SPECIAL = /[\x00\x07\x08\r\x1b]/;
/** CSI; OSC up to BEL or ST; character sets; the other two-character sequences. */
const ANSI =
  /\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[()*+\-./ #%][0-~]|[0-Z\\^_`-~])/y;
/** A cursor sent further right than this stays here. */
const WIDEST = 4096;

/** What a device has printed, decoded once. */
export interface Text {
  /** UTF-8. */
  bytes: Buffer;
  encoding: 'utf-8' | 'latin-1';
}

/** An output from its raw bytes, decoded once: UTF-8 when it is, Latin-1 otherwise. */
export function toText(raw: Buffer): Text {
  const plain = plainLines(raw);
  if (plain !== null) return { bytes: plain, encoding: 'utf-8' };
  const utf8 = isUtf8(raw);
  const text = clean(utf8 ? raw.toString('utf8') : raw.toString('latin1'));
  return { bytes: Buffer.from(text, 'utf8'), encoding: utf8 ? 'utf-8' : 'latin-1' };
}

/** The usual output without a string being made of it: ASCII in lines. Null: it needs more than other line ends. */
function plainLines(raw: Buffer): Buffer | null {
  const lines = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at] as number; // within the length
    if (byte === CR) {
      while (raw[at + 1] === CR) at++;
      if (raw[at + 1] !== LF) return null;
    } else if (byte >= 0x80 || (byte <= ESC && (byte === NUL || byte === BEL || byte === BS || byte === ESC)))
      return null;
    else lines[length++] = byte;
  }
  return lines.subarray(0, length);
}

/** Its beginning, with at least `most` lines that show something if it has so many. */
export function firstLines(bytes: Buffer, most: number): string {
  let end = 0;
  for (let seen = 0; end < bytes.length && seen < most; ) {
    const start = end;
    end = bytes.indexOf(LF, start) + 1 || bytes.length;
    if (shows(bytes, start, end)) seen++;
  }
  return bytes.toString('utf8', 0, end);
}

/** Its end, from the beginning of the last line that shows something. */
export function lastLines(bytes: Buffer): string {
  let start = bytes.length;
  for (let end = start; start > 0; end = start) {
    start = end < 2 ? 0 : bytes.lastIndexOf(LF, end - 2) + 1;
    if (shows(bytes, start, end)) break;
  }
  return bytes.toString('utf8', start);
}

/** Whether there is a character that certainly is no space. */
function shows(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number; // within the length
    if (byte > 0x20 && byte < 0x7f) return true;
  }
  return false;
}

/** Many lines as a terminal shows them, with LF between. */
export function clean(raw: string): string {
  if (!SPECIAL.test(raw)) return raw;
  const text = raw.replace(/\r+\n/g, '\n');
  if (!SPECIAL.test(text)) return text;
  return text
    .split('\n')
    .map((line) => (SPECIAL.test(line) ? shown(line) : line))
    .join('\n');
}

/** One line as a terminal shows it; trailing spaces stay. */
export function shown(line: string): string {
  if (!SPECIAL.test(line)) return line;
  const cells: string[] = [];
  let column = 0;
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string; // within the length
    if (char === '\x1b') {
      ANSI.lastIndex = at;
      const sequence = ANSI.exec(line);
      if (!sequence) continue;
      at += sequence[0].length - 1;
      column = act(cells, column, sequence[2], sequence[1] ?? '');
    } else if (char === '\b') column = Math.max(0, column - 1);
    else if (char === '\r') column = 0;
    else if (char !== '\x00' && char !== '\x07') {
      while (cells.length < column) cells.push(' ');
      cells[column++] = char;
    }
  }
  return cells.join('');
}

/** What a CSI sequence does within its line; answers the new column. */
function act(cells: string[], column: number, final: string | undefined, parameters: string): number {
  const number = Number.parseInt(parameters, 10);
  const count = Number.isNaN(number) ? 1 : number;
  switch (final) {
    case 'D':
      return Math.max(0, column - Math.max(1, count));
    case 'C':
      return Math.max(column, Math.min(WIDEST, column + Math.max(1, count)));
    case 'H':
    case 'f': // a place on the screen: of it only the column is known to matter
      return Math.max(0, Math.min(WIDEST, (Number.parseInt(parameters.split(';')[1] ?? '', 10) || 1) - 1));
    case 'G':
      return Math.max(0, Math.min(WIDEST, count - 1));
    case 'J':
    case 'K':
      if (parameters === '' || number === 0) cells.length = Math.min(cells.length, column);
      else if (number === 1) cells.fill(' ', 0, column + 1);
      else if (number === 2) cells.length = 0;
      return column;
    case 'P':
      cells.splice(column, Math.max(1, count));
      return column;
    default:
      return column;
  }
}

/** For messages: an endpoint as people write it. */
export function place(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** For messages: a device's words on one line, harmless and short. */
export function quote(words: string): string {
  const plain = words.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e]+/g, ' ').trim();
  return plain.length > 200 ? `${plain.slice(0, 200)}...` : plain;
}

/** A line with nothing but what was typed: for comparing an echo that the device has wrapped. */
export function squeezed(line: string): string {
  return line.replace(/\x1b\[[0-?]*[ -/]*[@-~]/g, '').replace(/[\x00-\x20]+/g, '');
}

// From a file's bytes to its text as the readers take it: UTF-8 without a byte order mark, lines ending in LF.
import { isUtf8 } from 'node:buffer';
import { Source } from './located.js';
import type { Issues } from './wording.js';

export interface Decoding {
  directory: string;
  trusted: boolean;
  isSealed?: boolean;
  /** What should be in the file, for messages; null: it may be empty. */
  expected: string | null;
}

/** Null: it is no text, which was reported. */
export function decodeText(
  file: string,
  bytes: Buffer,
  { directory, trusted, expected, isSealed = false }: Decoding,
  issues: Issues,
): Source | null {
  // Line ends become LF: lines and columns stay what they were, and every reader has one kind of line.
  const text = bytes
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n');
  const source = new Source(file, text, directory, trusted, isSealed);
  issues.open(file);
  const refuse = (offset: number, message: string): null => {
    issues.report({ source, offset: Math.max(0, offset) }, message);
    return null;
  };
  if (!isUtf8(bytes)) {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    return refuse(text.indexOf('\ufffd'), `this is not UTF-8 (found ${isUtf16 ? 'UTF-16' : 'other bytes'})`);
  }
  const binary = /[\0-\x08\x0e-\x1a\x1c-\x1f]/.exec(text);
  if (binary !== null) return refuse(binary.index, 'this is not a text file (found a control character)');
  if (expected !== null && text.trim() === '') return refuse(0, `this file is empty (expected ${expected})`);
  return source;
}

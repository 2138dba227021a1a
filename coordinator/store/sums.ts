// Checksums of rows: what a disk has changed is never told as if it were true. SQLite itself has none on its pages.
import { crc32 } from 'node:zlib';
import type { SqlValue } from './sql.js';

export function sumOf(...values: SqlValue[]): number {
  let sum = 0;
  let text = ''; // several values at once: the sum of what is joined is the same, and each call costs a microsecond
  for (const value of values) {
    if (!(value instanceof Uint8Array)) {
      text += `${value}\n`;
      continue;
    }
    if (text !== '') sum = crc32(text, sum);
    text = '';
    if (value.length > 0) sum = crc32(value, sum); // of no bytes at all zlib may begin anew
  }
  return text === '' ? sum : crc32(text, sum);
}

/** Rows of a format before there were sums have none. */
export function isIntact(sum: number | null, ...values: SqlValue[]): boolean {
  return sum === null || sum === sumOf(...values);
}

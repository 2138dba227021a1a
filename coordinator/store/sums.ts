// Checksums of rows: what a disk has changed is never told as if it were true. SQLite itself has none on its pages.
import { crc32 } from 'node:zlib';
import type { SqlValue } from './sql.js';

export function sumOf(...values: SqlValue[]): number {
  return values.reduce<number>((sum, value) => {
    if (!(value instanceof Uint8Array)) return crc32(`${value}\n`, sum);
    return value.length === 0 ? sum : crc32(value, sum); // of no bytes at all zlib may begin anew
  }, 0);
}

/** Rows of a format before there were sums have none. */
export function isIntact(sum: number | null, ...values: SqlValue[]): boolean {
  return sum === null || sum === sumOf(...values);
}

// A line of the audit log: one record as JSON, with its number first and the value of the chain last. The value is the
// SHA-256 of the value before and of the line's own text up to it, so that whoever changes, drops or moves a line has to
// change all that follow; and then no head fits any more (head.ts).
import { hash } from 'node:crypto';

/** Where a log has got to: the number of a record, and the chain's value behind it. */
export interface Place {
  n: number;
  chain: string;
}

/** A line taken apart, its chain not looked at. */
export interface Line extends Place {
  /** What the chain's value is of. */
  text: string;
  act: string;
}

const LINE = /^(\{"n":(\d{1,15}),"at":"[^"]{24}","act":"([a-z-]+)".*),"chain":"([\w-]{43})"\}$/s;

/** Before the first record of the log of a store. */
export function beginning(storeId: string): Place {
  return { n: 0, chain: hash('sha256', `netsweep audit log ${storeId}`, 'base64url') };
}

/** A record's line, without its end; `body`: a JSON object that begins with `act`. */
export function nextLine(before: Place, at: string, body: string): { line: string; place: Place } {
  const n = before.n + 1;
  const text = `{"n":${n},"at":"${at}",${body.slice(1, -1)}`;
  const chain = chained(before.chain, text);
  return { line: `${text},"chain":"${chain}"}`, place: { n, chain } };
}

/** Null: it is no record. */
export function readLine(line: string): Line | null {
  const [, text, n, act, chain] = LINE.exec(line) ?? [];
  if (text === undefined || n === undefined || act === undefined || chain === undefined) return null;
  return { n: Number(n), text, act, chain };
}

export function chained(before: string, text: string): string {
  return hash('sha256', before + text, 'base64url');
}

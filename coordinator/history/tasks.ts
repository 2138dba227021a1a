// What is done with outputs outside the program's own thread, because patterns of users run over texts of devices: each
// task is its bytes and its patterns, and depends on nothing else.
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { type Comparison, compareTexts } from './compare.js';
import { type Found, find, type Sought } from './find.js';

/** An output's gzip body, and what it has to be. */
export interface Packed {
  body: Uint8Array;
  sha256: Uint8Array;
  bytes: number;
}

export type Task =
  | { do: 'compare'; before: Packed; after: Packed; volatile: readonly string[]; context: number }
  | { do: 'find'; text: Packed | string; sought: Sought };

/** `damaged`: the bytes are not those that the digest names. */
export type Done = { comparison: Comparison } | { found: Found } | { damaged: true };

/** Outputs up to this size are compared line by line. */
export const COMPARED_BYTES = 16 * 1024 * 1024;

export function perform(task: Task): Done {
  if (task.do === 'find') {
    const text = typeof task.text === 'string' ? task.text : unpack(task.text);
    return text === null ? { damaged: true } : { found: find(text, task.sought) };
  }
  const [before, after] = [unpack(task.before), unpack(task.after)];
  if (before === null || after === null) return { damaged: true };
  return { comparison: compareTexts(before, after, task) };
}

function unpack({ body, sha256, bytes }: Packed): string | null {
  if (bytes === 0) return '';
  try {
    const text = gunzipSync(body, { maxOutputLength: bytes });
    return createHash('sha256').update(text).digest().equals(sha256) ? text.toString('utf8') : null;
  } catch {
    return null; // no gzip, cut short, or longer than its record says
  }
}

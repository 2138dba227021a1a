// Makes a directory with those above it. Node's `recursive` goes round for ever, with a core of its own, where a file
// system has no place for a new directory and says ENOENT below one that is there: /proc and automounters do.
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * For its owner alone, unless `mode` says otherwise. Throws what the file system says, EEXIST where a file is in the way.
 * Others may make it at the same time: what was missing a moment ago may be there now.
 */
export function makeDirectory(path: string, mode = 0o700): void {
  try {
    makeOne(path, mode);
  } catch (error) {
    const above = dirname(path);
    if (codeOf(error) !== 'ENOENT' || above === path) throw error;
    makeDirectory(above, mode);
    makeOne(path, mode);
  }
}

/** It may be there. */
function makeOne(path: string, mode: number): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : '';
}

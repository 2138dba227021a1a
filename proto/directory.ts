// Makes a directory with those above it. Node's `recursive` goes round for ever, with a core of its own, where a file
// system has no place for a new directory and says ENOENT below one that is there: /proc and automounters do.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** For its owner alone, unless `mode` says otherwise. Throws what the file system says, EEXIST where a file is in the way. */
export function makeDirectory(path: string, mode = 0o700): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error;
    makeDirectory(dirname(path), mode);
    makeDirectory(path, mode);
  }
}

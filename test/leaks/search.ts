// Where a secret may have fallen on the disk, or into what somebody was told.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Canary } from './canary.ts';

/** In these folders, and in texts by their names; in words. */
export function search(
  canaries: readonly Canary[],
  folders: readonly string[],
  texts: ReadonlyMap<string, string>,
): { hits: string[]; files: number; bytes: number } {
  const hits: string[] = [];
  let bytes = 0;
  const look = (where: string, what: Buffer) => {
    bytes += what.length;
    for (const canary of canaries)
      for (const encoding of canary.in(what)) hits.push(`${encoding} in ${where}`);
  };
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  for (const file of files) {
    look(`the name ${file}`, Buffer.from(file));
    look(file, contentsOf(file));
  }
  for (const [name, text] of texts) look(name, Buffer.from(text));
  return { hits, files: files.length, bytes };
}

/** Empty: it has gone meanwhile. */
function contentsOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

// An inventory with a mistake in it, and what is said of it.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { type Selection, selectEntries } from '../../coordinator/inventory/select.ts';
import { directoryOf, platforms } from './files.ts';

interface Parts {
  files: Record<string, string>;
  /** Default: the files. */
  sources?: string[];
  /** `--map`. */
  columns?: string | null;
  /** Of vaults. */
  passwords?: string[];
  env?: Record<string, string>;
  selection?: Selection;
  /** Of the files. */
  mode?: number;
}

export interface Broken extends Parts {
  title: string;
  errors: string[];
}

export function broken(title: string, parts: Parts): Broken {
  return { title, ...parts, errors: [] };
}

export function says(one: Broken, ...errors: string[]): Broken {
  return { ...one, errors };
}

/** Everything that is said of it; fails when nothing is wrong. */
export async function saidOf({
  files,
  sources,
  columns,
  passwords = [],
  env,
  selection,
  mode,
}: Broken): Promise<string[]> {
  using directory = directoryOf(files);
  if (mode !== undefined) for (const file of Object.keys(files)) chmodSync(join(directory.path, file), mode);
  const vaultPasswordFiles = passwords.map((password, index) => {
    writeFileSync(join(directory.path, `.password${index}`), `${password}\n`, { mode: 0o600 });
    return `.password${index}`;
  });
  const io = {
    cwd: directory.path,
    stdin: nothing(),
    env: { HOME: '/home/me', PATH: process.env.PATH, ...env },
    platforms,
  };
  try {
    const more = { vaultPasswordFiles, columns: columns ?? null };
    const { entries, members } = await readInventory(sources ?? Object.keys(files), { ...io, ...more });
    if (selection !== undefined) selectEntries(entries, { ...selection, cwd: directory.path, members });
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n');
    throw error;
  }
  throw new Error('nothing was wrong with these files');
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

// Inventory files of a test in a directory of its own, read as a user's would be.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { InputError, type Inventory, type ReadyEntry } from '../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { Platforms } from '../../proto/platform.ts';

export const platforms = new Platforms();

export interface Directory extends Disposable {
  path: string;
}

/** A directory with these files, gone at the end of the block. */
export function directoryOf(files: Record<string, string | Uint8Array>): Directory {
  const path = mkdtempSync(join(tmpdir(), 'netsweep-inventory-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content, { mode: 0o600 });
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

export interface Reading {
  sources?: string[];
  stdin?: string;
  env?: Record<string, string>;
}

/** Reads all the files, or the sources named. */
export async function inventoryOf(
  files: Record<string, string | Uint8Array>,
  { sources = Object.keys(files), stdin = '', env = { HOME: '/home/me' } }: Reading = {},
): Promise<Inventory> {
  using directory = directoryOf(files);
  return await readInventory(sources, { cwd: directory.path, stdin: once(stdin), env, platforms });
}

/** What is wrong with the files, one line each; fails when nothing is. */
export async function errorsOf(
  files: Record<string, string | Uint8Array>,
  reading?: Reading,
): Promise<string[]> {
  try {
    await inventoryOf(files, reading);
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n');
    throw error;
  }
  throw new Error('nothing was wrong with these files');
}

/** An entry with the fields that a test is about. */
export function entryOf(fields: Partial<ReadyEntry>): ReadyEntry {
  return {
    name: 'R1',
    host: '10.0.0.1',
    port: 22,
    platform: 'cisco_ios',
    segment: 'default',
    site: '',
    groups: [],
    commands: [],
    username: 'admin',
    password: null,
    enableSecret: null,
    privateKey: null,
    passphrase: null,
    certificate: null,
    sshAgent: null,
    useKeys: null,
    sshConfig: null,
    jump: null,
    via: [],
    legacy: false,
    enable: null,
    enableCommand: '',
    credential: null,
    limits: {},
    data: {},
    at: { file: 'inventory.yaml', line: 1, column: 1 },
    ...fields,
  };
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

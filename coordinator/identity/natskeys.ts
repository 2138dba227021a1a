// Keys of NATS in files: a seed a file, readable by its owner alone, made once and never shown. Whoever asks for a
// pair clears it after use.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';
import { foundOpen } from '../../proto/keyfile.js';
import { InputError } from '../inventory/inventory.js';
import { syncDirectory } from '../store/schema.js';

const makers = { operator: createOperator, account: createAccount, user: createUser };

/** The pair of a file; with a kind, one is made where there is none. Throws InputError. */
export function keyPair(file: string, kind: keyof typeof makers | null = null): KeyPair {
  if (existsSync(file)) return fromSeed(readPrivate(file));
  if (kind === null) throw new InputError([{ at: null, message: `${file} is missing` }]);
  const pair = makers[kind]();
  writeWhole(file, Buffer.from(pair.getSeed()), 0o600);
  return pair;
}

/** What nobody else may read. Throws InputError where somebody may. */
export function readPrivate(file: string): Buffer {
  const open = foundOpen(statSync(file));
  if (open !== null) throw new InputError([{ at: null, message: `${file} can be read by others ${open}` }]);
  return readFileSync(file);
}

/** Whole or not at all, and on the disk when it returns. */
export function writeWhole(file: string, content: Uint8Array | string, mode: number): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  const handle = openSync(draft, 'wx', mode);
  try {
    writeSync(handle, Buffer.from(content));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
  syncDirectory(dirname(file));
}

/** A user's credentials as clients of NATS read them; the caller zeroes them after use. */
export function credentials(jwt: string, user: KeyPair): Buffer {
  return Buffer.concat([
    Buffer.from(`-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n`),
    Buffer.from('-----BEGIN USER NKEY SEED-----\n'),
    user.getSeed(),
    Buffer.from('\n------END USER NKEY SEED------\n'),
  ]);
}

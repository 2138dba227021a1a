// Where a member keeps what makes it one: its key, its certificate, the authority's, and what it was told when it
// joined. The key is made here and stays; everything else is replaced whole at each renewal.

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
import { join } from 'node:path';
import { makeDirectory } from '../directory.js';
import { Identity, type Role } from '../gen/netsweep/v1/members.js';
import { foundOpen } from '../keyfile.js';

export interface IdentityDirectory {
  directory: string;
  /** Paths, of PEM files. */
  ca: string;
  cert: string;
  key: string;
  /** The coordinator, HOST:PORT. */
  coordinator: string;
  name: string;
  role: Role;
  segments: string[];
  natsServers: string[];
  /** Path of the NATS credentials; null: none. */
  natsCreds: string | null;
  /** The coordinator's public key for leases; null: none. */
  signingKey: Buffer | null;
  /** Unix ms. */
  renewFromMs: number;
}

const ABOUT = 'identity.json';

interface About {
  coordinator: string;
  renewFromMs: number;
  /** Identity, without what has files of its own. */
  identity: unknown;
}

/** Null: nobody has joined there. */
export function readIdentityDirectory(directory: string): IdentityDirectory | null {
  const file = join(directory, ABOUT);
  if (!existsSync(file)) return null;
  const { coordinator, renewFromMs, identity } = JSON.parse(readFileSync(file, 'utf8')) as About; // ours
  const { name, role, segments, natsServers, signingKey } = Identity.fromJSON(identity);
  const creds = join(directory, 'nats.creds');
  return {
    ...{ directory, coordinator, renewFromMs, name, role, segments, natsServers },
    ca: join(directory, 'ca.pem'),
    cert: join(directory, 'cert.pem'),
    key: join(directory, 'key.pem'),
    natsCreds: existsSync(creds) ? creds : null,
    signingKey: signingKey.length === 0 ? null : signingKey,
  };
}

/** A key that others can read too, with its mode; null: none. */
export function exposedKey({ key, natsCreds }: IdentityDirectory): string | null {
  const secret = natsCreds === null ? [key] : [key, natsCreds];
  for (const file of secret) {
    const open = foundOpen(statSync(file));
    if (open !== null) return `${file} can be read by others ${open}`;
  }
  return null;
}

/** The key first: a certificate without it is worth nothing. */
export function keepKey(directory: string, key: string): void {
  makeDirectory(directory);
  writeWhole(join(directory, 'key.pem'), key);
}

/** What the coordinator gave, now. */
export function keepIdentity(directory: string, coordinator: string, identity: Identity): void {
  const { certificate, authority, natsCreds, ...rest } = identity;
  writeWhole(join(directory, 'ca.pem'), authority);
  if (natsCreds !== '') writeWhole(join(directory, 'nats.creds'), natsCreds);
  writeWhole(join(directory, 'cert.pem'), certificate);
  const about: About = {
    coordinator,
    renewFromMs: Date.now() + identity.renewInMs,
    identity: Identity.toJSON(Identity.create(rest)),
  };
  writeWhole(join(directory, ABOUT), `${JSON.stringify(about, null, 2)}\n`);
}

/** The old file or the new one, whatever happens meanwhile; for its owner only. */
function writeWhole(file: string, text: string): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
}

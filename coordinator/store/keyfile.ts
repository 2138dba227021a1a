// Files of keys: made once, whole or not at all, and never read where others can read them too.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { foundOpen } from '../../proto/keyfile.js';
import { StoreRefused } from './refusal.js';
import { syncDirectory } from './schema.js';

/** Written aside and linked into place: the name never shows half a key, and never replaces another. Zeroes `key`. */
export function createKeyFile(path: string, key: Buffer): void {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, key);
    fsyncSync(handle);
    linkSync(draft, path);
  } finally {
    key.fill(0);
    closeSync(handle);
    unlinkSync(draft);
  }
  syncDirectory(dirname(path));
}

/** Throws StoreRefused. */
export function readKeyFile(path: string): Buffer {
  const handle = openSync(path, 'r');
  try {
    const open = isCredential(path) ? null : foundOpen(fstatSync(handle));
    if (open !== null) throw new StoreRefused(`the key ${path} can be read by others ${open}`);
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** systemd's, of this service: root's files, which an ACL shows to it, and that looks like a group that may read them. */
function isCredential(path: string): boolean {
  const { CREDENTIALS_DIRECTORY } = process.env;
  return CREDENTIALS_DIRECTORY !== undefined && dirname(path) === CREDENTIALS_DIRECTORY;
}

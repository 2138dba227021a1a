// Keys in files: made once with their state, and not used where others can read them.
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InputError } from '../../coordinator/inventory/inventory.js';
import { openSigningKey, SIGNING_KEY } from '../../coordinator/signing.js';
import { readIdentity } from '../../coordinator/tls.js';
import { openToOthers } from '../../proto/keyfile.js';
import { TemporaryDirectory } from './samples.js';

test('the signing key is made once, for its owner alone', () => {
  using directory = new TemporaryDirectory();
  const { publicKey } = openSigningKey(directory.path);
  expect(openSigningKey(directory.path).publicKey).toEqual(publicKey);
  expect(statSync(join(directory.path, SIGNING_KEY)).mode & 0o777).toBe(0o600);
});

test('a signing key that others can read, or that is none, is refused', () => {
  using directory = new TemporaryDirectory();
  openSigningKey(directory.path);
  const file = join(directory.path, SIGNING_KEY);
  chmodSync(file, 0o640);
  expect(() => openSigningKey(directory.path)).toThrow(`${file} can be read by others`);
  chmodSync(file, 0o600);
  writeFileSync(file, 'no key');
  expect(() => openSigningKey(directory.path)).toThrow(`${file} is not an Ed25519 key`);
});

test('a private key is for its owner, and for a group only where root has given it to one', () => {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, 'tls.key');
  writeFileSync(file, 'key');
  const isRoot = process.getuid?.() === 0;
  for (const [mode, refused] of [
    [0o600, false],
    [0o400, false],
    [0o640, !isRoot],
    [0o644, true],
    [0o604, true],
  ] as const) {
    chmodSync(file, mode);
    expect(openToOthers(file) !== null, mode.toString(8)).toBe(refused);
  }
  const files = { ca: file, cert: file, key: file };
  expect(() => readIdentity(files)).toThrow(InputError);
  expect(() => readIdentity(files)).toThrow(`--tls-key: ${file} can be read by others (found mode 604`);
});

// Keys in files: made once with their state, and not used where others can read them.
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSigningKey, SIGNING_KEY } from '../../coordinator/signing.js';
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

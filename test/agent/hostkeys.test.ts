// Comparing and naming host keys.
import { expect, test } from 'vitest';
import { fingerprint, hostKey, trust } from '../../agent/ssh/hostkeys.js';

/** A published key and its fingerprint: github.com's, as its documentation gives it. */
const GITHUB = hostKey(
  Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl', 'base64'),
);

test('a key is named by its type and the fingerprint that OpenSSH prints', () => {
  expect(GITHUB.type).toBe('ssh-ed25519');
  expect(fingerprint(GITHUB)).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
});

test('a key is new where none is known, known where it is among them, and changed otherwise', () => {
  const other = hostKey(Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIAAA', 'base64'));
  expect(trust([], GITHUB)).toBe('new');
  expect(trust([other, GITHUB], GITHUB)).toBe('known');
  expect(trust([other], GITHUB)).toBe('changed');
});

test('a blob that is no key has an empty type', () => {
  expect(hostKey(Buffer.alloc(0)).type).toBe('');
  expect(hostKey(Buffer.from([255, 255, 255, 255, 65])).type).toBe('');
});

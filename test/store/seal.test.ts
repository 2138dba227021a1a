import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import { openDatabase } from '../../coordinator/store/schema.js';
import { Seal } from '../../coordinator/store/seal.js';
import { credential, newSweep, TemporaryDirectory } from './samples.js';

const SECRET = 'correct-horse-battery-staple';

/** All bytes of the directory, read by another process: closing its files in this one would unlock them. */
function bytesOf(directory: string): Buffer {
  const files = readdirSync(directory).map((name) => join(directory, name));
  return execFileSync('cat', files, { maxBuffer: 1 << 30 });
}

test('no secret is readable in the files, neither while it is kept nor after it was dropped', async () => {
  using directory = new TemporaryDirectory();
  {
    await using store = await openStore(directory.path, null);
    await store.commit([
      ...newSweep('S1', 1),
      { write: 'secret', sweep: 'S1', credential: credential('c1', SECRET) },
      { write: 'secret', sweep: 'S1', credential: credential('c2', SECRET) },
    ]);
    expect(bytesOf(directory.path).includes('key-S1')).toBe(true);
    expect(bytesOf(directory.path).includes(SECRET)).toBe(false);
    const [sweep] = await store.openSweeps();
    expect(sweep?.credentials).toEqual([credential('c1', SECRET), credential('c2', SECRET)]);
    await store.commit([{ write: 'dropSecrets', sweep: 'S1' }]);
    expect((await store.openSweeps())[0]?.credentials).toEqual([]);
  }
  expect(bytesOf(directory.path).includes(SECRET)).toBe(false);
});

test('directory, store and key are for their owner only', async () => {
  using directory = new TemporaryDirectory();
  const state = join(directory.path, 'new', 'state');
  await using _store = await openStore(state, null);
  expect(statSync(state).mode & 0o777).toBe(0o700);
  const modes = readdirSync(state).map((name) => statSync(join(state, name)).mode & 0o777);
  expect(modes).toEqual([0o600, 0o600, 0o600]); // key, database, journal
});

test('a key file that others can read, or of another length, is refused', async () => {
  using directory = new TemporaryDirectory();
  const keyFile = join(directory.path, 'store.key');
  writeFileSync(keyFile, Buffer.alloc(32, 7), { mode: 0o640 });
  await expect(openStore(directory.path, keyFile)).rejects.toThrow('can be read by others');
  vi.stubEnv('CREDENTIALS_DIRECTORY', directory.path); // as systemd hands it to a service
  await (await openStore(directory.path, keyFile))[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
  chmodSync(keyFile, 0o600);
  writeFileSync(keyFile, Buffer.alloc(31, 7));
  await expect(openStore(directory.path, keyFile)).rejects.toThrow('has 31 bytes, not 32');
  writeFileSync(keyFile, Buffer.alloc(32, 7));
  await using _store = await openStore(directory.path, keyFile);
  expect(readdirSync(directory.path)).not.toContain('key');
});

test('a store is refused when its key is missing or another one, and no new key is made', async () => {
  using directory = new TemporaryDirectory();
  const keyFile = join(directory.path, 'key');
  await (await openStore(directory.path, null))[Symbol.asyncDispose]();
  const key = readFileSync(keyFile);
  unlinkSync(keyFile);
  await expect(openStore(directory.path, null)).rejects.toMatchObject({ name: 'StoreRefused' });
  expect(readdirSync(directory.path)).toEqual(['store.db']);
  writeFileSync(keyFile, Buffer.alloc(32), { mode: 0o600 });
  await expect(openStore(directory.path, null)).rejects.toThrow('not the one this store was made with');
  writeFileSync(keyFile, key);
  await using _store = await openStore(directory.path, null);
});

test('a store of a newer format and a file that is none are refused by name', async () => {
  using directory = new TemporaryDirectory();
  const sql = openDatabase(directory.path);
  sql.run(`UPDATE meta SET value = 99 WHERE name = 'schema'`);
  sql.close();
  await expect(openStore(directory.path, null)).rejects.toThrow('format 99');
  writeFileSync(join(directory.path, 'store.db'), 'hello '.repeat(5_000));
  await expect(openStore(directory.path, null)).rejects.toThrow('is not a netsweep store');
});

test('a sealed record opens only where it was put, and only unchanged', () => {
  using directory = new TemporaryDirectory();
  using seal = Seal.open(join(directory.path, 'key'), true);
  const sealed = seal.sealCredential('S1', credential('c1', SECRET));
  expect(seal.unsealCredential('S1', 'c1', sealed)).toEqual(credential('c1', SECRET));
  expect(() => seal.unsealCredential('S2', 'c1', sealed)).toThrow();
  expect(() => seal.unsealCredential('S1', 'c2', sealed)).toThrow();
  expect(() =>
    seal.unsealCredential(
      'S1',
      'c1',
      sealed.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
    ),
  ).toThrow();
  expect(seal.sealCredential('S1', credential('c1', SECRET)).equals(sealed)).toBe(false);
});

test('the identity of a credential follows user name and secrets, not its id or name, and differs per key', async () => {
  using first = new TemporaryDirectory();
  using second = new TemporaryDirectory();
  await using store = await openStore(first.path, null);
  await using other = await openStore(second.path, null);
  const identity = await store.identify(credential('c1', SECRET));
  expect(identity).toMatch(/^[0-9a-f]{16}$/);
  expect(await store.identify({ ...credential('c9', SECRET), name: 'other' })).toBe(identity);
  expect(await other.identify(credential('c1', SECRET))).not.toBe(identity);
  const moved = { ...credential('c1', SECRET), username: 'admi', password: Buffer.from(`n${SECRET}`) };
  const others = [
    moved,
    { ...credential('c1', SECRET), username: 'root' },
    { ...credential('c1', SECRET), enableSecret: Buffer.alloc(0) },
    { ...credential('c1', SECRET), privateKey: Buffer.from('x') },
    { ...credential('c1', SECRET), passphrase: Buffer.from('x') },
    { ...credential('c1', SECRET), certificate: Buffer.from('x') },
    { ...credential('c1', SECRET), sshAgent: 'x' },
  ];
  const identities = await Promise.all(others.map((changed) => store.identify(changed)));
  expect(new Set([identity, ...identities]).size).toBe(8);
});

import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import type { Store, Write } from '../../coordinator/store/store.js';
import { CHUNK_BYTES } from '../../proto/subjects.js';
import { newSweep, output, reported, sha256, TemporaryDirectory } from './samples.js';

/** Bytes that don't shrink: their gzip fills three pieces. */
const large = randomBytes(2.5 * CHUNK_BYTES);
const body = gzipSync(large);

function pieces(gzip: Buffer, digest: Buffer): Write[] {
  return Array.from({ length: Math.ceil(gzip.length / CHUNK_BYTES) }, (_, seq) => ({
    write: 'chunk',
    sha256: digest,
    seq,
    data: gzip.subarray(seq * CHUNK_BYTES, (seq + 1) * CHUNK_BYTES),
  }));
}

async function wholeBody(store: Store, digest: Buffer): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let from = 0; ; ) {
    const piece = await store.body(digest, from);
    if (piece === null) throw new Error(`nothing from byte ${from} on`);
    parts.push(piece.data);
    from += piece.data.length;
    if (!piece.more) return Buffer.concat(parts);
  }
}

test('an output that arrived in pieces ahead of its report is given back byte for byte', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const all = pieces(body, sha256(large));
  expect(all.length).toBeGreaterThan(2);
  await store.commit(newSweep('S1', 2));
  await store.commit(all.slice(0, 2));
  await store.commit([...all.slice(1), reported('S1', 0, [output(large, false)])]);
  expect((await wholeBody(store, sha256(large))).equals(body)).toBe(true);
  expect((await store.body(sha256(large), CHUNK_BYTES + 5))?.data).toHaveLength(CHUNK_BYTES - 5);
  expect(await store.body(sha256(large), body.length)).toBeNull();
  expect(await store.body(sha256('unknown'), 0)).toBeNull();
});

test('pieces count as an output only when they unpack to its digest', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const digest = sha256(large);
  await store.commit(pieces(body, digest).slice(0, 2));
  expect(await store.hasBody(digest)).toBe(false);
  await store.commit(pieces(gzipSync('another text'), digest));
  expect(await store.hasBody(digest)).toBe(false);
  await store.commit(pieces(body, digest));
  expect(await store.hasBody(digest)).toBe(true);
});

test('a report whose output has a piece missing fails its commit', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const [first, , last] = pieces(body, sha256(large));
  if (first === undefined || last === undefined) throw new Error('three pieces expected');
  await store.commit(newSweep('S1', 1));
  await expect(store.commit([first, last, reported('S1', 0, [output(large, false)])])).rejects.toThrow(
    'missing',
  );
});

test('pieces of an output that is known already change nothing', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit([...newSweep('S1', 1), reported('S1', 0, [output('text')])]);
  await store.commit(pieces(gzipSync('something else'), sha256('text')));
  expect(await wholeBody(store, sha256('text'))).toEqual(gzipSync('text'));
});

test('a body too large for one row travels in one piece to the store and out of it in several', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit([...pieces(body, sha256(large)).slice(0, 1), ...newSweep('S1', 1)]);
  await store.commit([reported('S1', 0, [{ ...output(large, false), body }])]);
  const [report] = await store.reportsByIndex('S1', -1, 1, true);
  expect(report?.outputs[0]?.body).toEqual(Buffer.alloc(0));
  expect((await wholeBody(store, sha256(large))).equals(body)).toBe(true);
});

test('pieces that no report came for are dropped at the next start', async () => {
  using directory = new TemporaryDirectory();
  {
    await using store = await openStore(directory.path, null);
    await store.commit(pieces(body, sha256(large)));
    expect(await store.hasBody(sha256(large))).toBe(true);
  }
  await using store = await openStore(directory.path, null);
  expect(await store.hasBody(sha256(large))).toBe(false);
});

test('an output that a report is about to name stays, also when the last sweep that used it is removed', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit([...newSweep('S1', 2), ...newSweep('S2', 2)]);
  const [held, other] = [output(large), output('other')];
  await store.commit([reported('S1', 0, [held]), reported('S1', 1, [other])]);
  const none = Buffer.alloc(0);
  expect(await store.takeBodies([held.sha256, other.sha256, sha256('nowhere')])).toEqual([
    none,
    other.body,
    null,
  ]);
  expect(await store.takeBodies([held.sha256])).toEqual([none]);
  await store.commit([{ write: 'dropSweep', sweep: 'S1' }]);
  await expect.poll(() => store.hasBody(other.sha256)).toBe(false);
  // Two reports were about to name it.
  await store.commit([reported('S2', 0, [output(large, false)])]);
  await store.commit([{ write: 'dropSweep', sweep: 'S2' }]);
  await expect.poll(async () => (await store.sweeps(0)).length).toBe(0);
  await store.commit([...newSweep('S3', 1), reported('S3', 0, [output(large, false)])]);
  expect((await wholeBody(store, held.sha256)).equals(held.body)).toBe(true);
  await store.commit([{ write: 'dropSweep', sweep: 'S3' }]);
  await expect.poll(() => store.hasBody(held.sha256)).toBe(false);
});

test('an output that was held for a report that never came is dropped at the next start', async () => {
  using directory = new TemporaryDirectory();
  const held = output(large);
  {
    await using store = await openStore(directory.path, null);
    await store.commit([...newSweep('S1', 1), reported('S1', 0, [held])]);
    expect(await store.takeBodies([held.sha256])).toEqual([Buffer.alloc(0)]);
    await store.commit([{ write: 'dropSweep', sweep: 'S1' }]);
    await expect.poll(async () => (await store.sweeps(0)).length).toBe(0);
  }
  await using store = await openStore(directory.path, null);
  await expect.poll(() => store.hasBody(held.sha256)).toBe(false);
});

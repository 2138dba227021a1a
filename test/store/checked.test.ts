// Bodies that are held against their digest once, and again only when their bytes have changed.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { nothingChecked, takeAll } from '../../coordinator/store/bodies.js';
import { Checked } from '../../coordinator/store/checked.js';
import { openStore } from '../../coordinator/store/open.js';
import { openDatabase } from '../../coordinator/store/schema.js';
import { newSweep, output, reported, sha256, TemporaryDirectory } from './samples.js';

test('a body that was checked is not unpacked again while its bytes stay the same', () => {
  const unpacked: string[] = [];
  const checked = new Checked((body, digest) => {
    unpacked.push(`${Buffer.from(body)}`);
    return sha256(`${Buffer.from(body)}`).equals(digest);
  }, 2);
  const look = (text: string, digest = sha256(text)) => checked.fits(Buffer.from(text), digest);
  expect([look('a'), look('a'), look('b'), look('a')]).toEqual([true, true, true, true]);
  expect(unpacked).toEqual(['a', 'b']);
  expect([look('c', sha256('a')), look('c', sha256('a')), look('a')]).toEqual([false, false, true]);
  expect(unpacked.splice(0)).toEqual(['a', 'b', 'c', 'c']);
  // Two generations of two: what nobody asks for while both fill is forgotten, what is asked for is not.
  for (const text of ['d', 'a', 'e', 'a', 'f', 'a', 'g', 'a', 'b']) look(text);
  expect(unpacked).toEqual(['d', 'e', 'f', 'g', 'b']);
});

test('a body that a disk changes after it was checked is not taken for what it was', async () => {
  using directory = new TemporaryDirectory();
  const text = output('hostname R0\n');
  await (async () => {
    await using store = await openStore(directory.path, null);
    await store.commit([...newSweep('S1', 1), reported('S1', 0, [text])]);
  })();
  const sql = openDatabase(directory.path);
  const checked = nothingChecked();
  const take = async () => {
    const [body] = await takeAll(sql, checked, [text.sha256]);
    return body && Buffer.from(body);
  };
  expect(await take()).toEqual(text.body);
  sql.run('UPDATE pieces SET data = ?', gzipSync('hostname R1\n'));
  expect(await take()).toBeNull();
  sql.run('UPDATE pieces SET data = ?', text.body);
  expect(await take()).toEqual(text.body);
  sql.close();
});

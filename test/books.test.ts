import { expect, test } from 'vitest';
import { Books } from '../coordinator/books.js';
import { openStore } from '../coordinator/store/open.js';
import type { Store } from '../coordinator/store/store.js';
import { newSweep, TemporaryDirectory } from './store/samples.js';

/** A claim or a result that comes again finds the ledger changed already, and has nothing to write. */
test('an answer that writes nothing waits for the writes before it', async () => {
  using directory = new TemporaryDirectory();
  await using real = await openStore(directory.path, null);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const store = new Proxy<Store>(real, {
    get: (target, name: keyof Store) => {
      if (name === 'commit') return (writes: []) => held.then(() => target.commit(writes));
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const books = await Books.open(store, { termMs: 10_000, lockDelayMs: 5_000 });
  const order: string[] = [];
  const first = books.commit(newSweep('S1', 1)).then(() => order.push('written'));
  const second = books.commit([]).then(() => order.push('answered'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  release();
  await Promise.all([first, second]);
  expect(order).toEqual(['written', 'answered']);
});

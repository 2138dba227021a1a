// How devices ended is counted once for each call to the store, and a sweep's number is not one of the past.
import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { newSweep, report, TemporaryDirectory } from './samples.js';

test('devices that end together are counted as if they had ended one by one', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit([...newSweep('S1', 4), ...newSweep('S2', 1)]);
  await store.commit([
    { write: 'report', report: { ...report('S1', 0, []), status: Status.OK, durationMs: 100 } },
    { write: 'report', report: { ...report('S1', 1, []), status: Status.OK, durationMs: 20 } },
    { write: 'report', report: { ...report('S1', 2, []), status: Status.FAILED, durationMs: 3 } },
    { write: 'report', report: { ...report('S2', 0, []), status: Status.OK, durationMs: 7 } },
  ]);
  await store.commit([
    { write: 'report', report: { ...report('S1', 3, []), status: Status.OK, durationMs: 1 } },
  ]);
  const counts = { [Status.OK]: 3, [Status.FAILED]: 1 };
  expect(Object.fromEntries((await store.tally('S1')).counts)).toEqual(counts);
  expect(await store.tally('S1')).toMatchObject({ deviceTimeMs: 124, selected: 4 });
  expect(await store.tally('S2')).toMatchObject({ deviceTimeMs: 7, selected: 1 });
});

test('a sweep that comes back under the id of a removed one has its own rows', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit(newSweep('S', 2));
  await store.commit([{ write: 'report', report: report('S', 0, []) }]);
  await store.commit([{ write: 'dropSweep', sweep: 'S' }, ...newSweep('S', 2, { key: 'again' })]);
  await store.commit([{ write: 'report', report: report('S', 0, []) }]);
  expect((await store.reportsByIndex('S', -1, 10, false)).map(({ device }) => device?.index)).toEqual([0]);
});

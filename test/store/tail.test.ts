import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import { type Numbered, Tail } from '../../coordinator/store/tail.js';
import type { Report } from '../../proto/gen/netsweep/v1/model.js';
import { Dice } from '../sim/dice.js';
import { newSweep, output, report, reported, TemporaryDirectory } from './samples.js';

test('who follows a sweep gets what is read from the disk, in the same order, before and after it began to', async () => {
  using directory = new TemporaryDirectory();
  const followed: Numbered[] = [];
  {
    await using store = await openStore(directory.path, null);
    await store.commit([...newSweep('S1', 6), ...newSweep('S2', 6)]);
    await store.commit([reported('S1', 4, [output('before')])]);
    using _followed = store.follow('S1');
    for (const index of [2, 5, 0]) {
      await store.commit([
        reported('S2', index, [output('another')]),
        reported('S1', index, [output(`text ${index}`), output('another')], { transcript: output('said') }),
      ]);
      followed.push(...(await store.reportsAfter('S1', followed.at(-1)?.seq ?? 0, 100, true)));
    }
  }
  await using store = await openStore(directory.path, null);
  expect(followed).toEqual(await store.reportsAfter('S1', 0, 100, true));
});

test('a report is not given to who follows before its commit is known', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit(newSweep('S1', 1));
  using _followed = store.follow('S1');
  const commit = store.commit([reported('S1', 0, [output('text')])]);
  expect(await store.reportsAfter('S1', 0, 100, true)).toEqual([]);
  await commit;
  expect(await store.reportsAfter('S1', 0, 100, true)).toHaveLength(1);
});

test.each(Array.from({ length: 20 }, (_, seed) => seed + 1))(
  'whoever follows, fast or slow, early or late, misses nothing and gets nothing twice (seed %i)',
  async (seed) => {
    const dice = new Dice(seed);
    const disk: Numbered[] = [];
    const tail = new Tail(0, 20_000);
    const followers: { sweep: string; got: number[]; done: Disposable }[] = [];
    for (let turn = 0; turn < 200; turn += 1) {
      if (dice.chance(0.05)) {
        const sweep = dice.pick(['S1', 'S2', 'S3']);
        followers.push({ sweep, got: [], done: tail.follow(sweep) });
      }
      if (dice.chance(0.6)) {
        const reports = Array.from({ length: dice.below(6) }, () => aReport(dice));
        for (const one of reports) disk.push({ seq: disk.length + 1, report: one });
        tail.committed(reports, disk.length);
      }
      for (const { sweep, got } of followers)
        if (dice.chance(0.3)) {
          const [after, limit] = [got.at(-1) ?? 0, 1 + dice.below(8)];
          const read = async () =>
            disk.filter(({ seq, report }) => report.sweep === sweep && seq > after).slice(0, limit);
          got.push(...(await tail.read(sweep, after, limit, read)).map(({ seq }) => seq));
        }
      if (followers.length > 0 && dice.chance(0.01)) followers.shift()?.done[Symbol.dispose]();
    }
    for (const { sweep, got } of followers) {
      const all = disk.filter(({ report }) => report.sweep === sweep).map(({ seq }) => seq);
      expect(got).toEqual(all.slice(0, got.length));
    }
    expect(followers.length).toBeGreaterThan(0);
  },
);

test('what the only one who follows has got is let go of, and read from the disk by who comes after', async () => {
  const tail = new Tail(0);
  using _first = tail.follow('S1');
  const disk = Array.from({ length: 4 }, (_, at) => ({ seq: at + 1, report: report('S1', at, []) }));
  tail.committed(
    disk.map((one) => one.report),
    4,
  );
  const fromDisk = async () => {
    reads += 1;
    return disk;
  };
  let reads = 0;
  const read = async (after: number) => (await tail.read('S1', after, 2, fromDisk)).map(({ seq }) => seq);
  expect([await read(0), await read(0), await read(2)]).toEqual([
    [1, 2],
    [1, 2],
    [3, 4],
  ]);
  expect(reads).toBe(0);
  using _second = tail.follow('S1');
  await read(0);
  expect(reads).toBe(1);
  expect(await read(2), 'what they have not all got stays').toEqual([3, 4]);
});

function aReport(dice: Dice): Report {
  return report(dice.pick(['S1', 'S2', 'S3']), 0, [output('x'.repeat(dice.below(2_000)))]);
}

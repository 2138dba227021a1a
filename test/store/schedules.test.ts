// Schedules in the store: what was committed is there, what a disk has changed is not started.
import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import { openDatabase } from '../../coordinator/store/schema.js';
import { RunState, Schedule, ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import { TemporaryDirectory } from './samples.js';

const NIGHT = Schedule.create({
  id: 's1',
  name: 'night',
  cron: '0 2 * * *',
  zone: 'UTC',
  words: ['run', 'show clock'],
});

function run(key: string, changes: Partial<ScheduleRun> = {}): ScheduleRun {
  return ScheduleRun.create({
    key,
    schedule: 's1',
    count: 1,
    state: RunState.STARTED,
    decidedAtMs: 5,
    ...changes,
  });
}

test('schedules and their runs are there after a restart, the open ones by themselves, a later write over an earlier', async () => {
  using directory = new TemporaryDirectory();
  {
    await using store = await openStore(directory.path, null);
    await store.commit([
      { write: 'schedule', schedule: NIGHT },
      { write: 'scheduleRun', run: run('a') },
      { write: 'scheduleRun', run: run('b', { state: RunState.QUEUED }) },
      { write: 'scheduleRun', run: run('c', { state: RunState.MISSED, why: 'away' }) },
      { write: 'scheduleRun', run: run('a', { state: RunState.ENDED, exitCode: 1, tail: 'Grüße\n' }) },
    ]);
  }
  await using store = await openStore(directory.path, null);
  expect(await store.schedules()).toEqual([{ schedule: NIGHT, isDamaged: false }]);
  expect(await store.openScheduleRuns()).toEqual([run('b', { state: RunState.QUEUED })]);
  expect(await store.scheduleRuns('s1', 2)).toEqual([
    run('c', { state: RunState.MISSED, why: 'away' }),
    run('b', { state: RunState.QUEUED }),
  ]);
  await store.commit([{ write: 'dropSchedule', id: 's1' }]);
  expect([await store.schedules(), await store.scheduleRuns('s1', 9)]).toEqual([[], []]);
});

test('of a schedule a thousand runs are kept, and those that are open', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const writes = Array.from({ length: 1_100 }, (_, n) => ({
    write: 'scheduleRun' as const,
    run: run(`r${n}`, { state: n === 3 ? RunState.STARTED : RunState.ENDED }),
  }));
  await store.commit(writes);
  const kept = await store.scheduleRuns('s1', 5_000);
  expect([kept.length, kept.at(-1)?.key, kept.at(-2)?.key]).toEqual([1_001, 'r3', 'r100']);
});

test('a schedule or a run that the disk has changed is told as damaged', async () => {
  using directory = new TemporaryDirectory();
  {
    await using store = await openStore(directory.path, null);
    await store.commit([
      { write: 'schedule', schedule: NIGHT },
      { write: 'scheduleRun', run: run('a') },
    ]);
  }
  const sql = openDatabase(directory.path);
  const other = Schedule.encode({ ...NIGHT, words: ['run', 'reload'] }).finish();
  sql.run('UPDATE schedules SET about = ?', other);
  sql.run('UPDATE schedule_runs SET sum = sum + 1');
  sql.close();
  await using store = await openStore(directory.path, null);
  expect(await store.schedules()).toEqual([
    { schedule: Schedule.create({ id: 's1', name: 'night' }), isDamaged: true },
  ]);
  expect(await store.openScheduleRuns()).toMatchObject([
    { key: 'a', state: RunState.CUT_OFF, why: 'its record is damaged in the store' },
  ]);
});

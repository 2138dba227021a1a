// Stores that an older netsweep has left: everything in them is there in the present format.
import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import { openDatabase } from '../../coordinator/store/schema.js';
import { Device, Report, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { device, report, sweepRow, TemporaryDirectory } from './samples.js';

test('a store from before jump hosts keeps its host keys, as of places reached directly', async () => {
  using directory = new TemporaryDirectory();
  const sql = openDatabase(directory.path, 1);
  sql.exec(`INSERT INTO host_keys VALUES ('default', '10.0.0.1', 22, 'ssh-ed25519', x'01', 5.5, 'agent-1')`);
  sql.close();
  await using store = await openStore(directory.path, null);
  const place = { segment: 'default', jump: '', host: '10.0.0.1', port: 22 };
  const key = { type: 'ssh-ed25519', blob: Buffer.from([1]), firstSeenMs: 5.5, agent: 'agent-1' };
  expect(await store.hostKeys()).toEqual([{ ...place, ...key }]);
});

test('a store from before suspicions and late results keeps its unfinished sweep, with none of them', async () => {
  using directory = new TemporaryDirectory();
  const sql = openDatabase(directory.path, 2);
  const { id, key, startedAtMs, options } = sweepRow('S1');
  sql.run(
    `INSERT INTO sweeps (id, key, state, open, started_at_ms, ended_at_ms, reason, last_shard, selected, options)
     VALUES (?, ?, ?, 1, ?, 0, '', 0, 2, ?)`,
    ...[id, key, SweepState.RUNNING, startedAtMs],
    SweepOptions.encode(options).finish(),
  );
  for (const index of [0, 1])
    sql.run('INSERT INTO devices VALUES (1, ?, ?)', index, Device.encode(device(index)).finish());
  sql.run('INSERT INTO states VALUES (1, 0, 2, 700, 1, 0, 1)');
  const ended = report('S1', 1, []);
  sql.run(
    `INSERT INTO reports (sweep, device, status, attempts, duration_ms, head, outputs) VALUES (1, 1, ?, 1, 9, ?, x'')`,
    ended.status,
    Report.encode(ended).finish(),
  );
  sql.close();
  await using store = await openStore(directory.path, null);
  const [sweep] = await store.openSweeps();
  expect(sweep).toMatchObject({ row: sweepRow('S1'), bastions: [], taken: [] });
  expect(sweep?.devices.map(({ row, report }) => ({ ...row, ended: report !== null }))).toEqual([
    {
      ...{ index: 0, attempts: 2, workedMs: 700, started: true, deaths: [], ended: false },
      ...{ loginSpent: true, enableSpent: false, channelSpent: false },
    },
    {
      ...{ index: 1, attempts: 0, workedMs: 0, started: false, deaths: [], ended: true },
      ...{ loginSpent: false, enableSpent: false, channelSpent: false },
    },
  ]);
});

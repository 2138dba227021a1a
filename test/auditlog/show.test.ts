// `netsweep auditlog show` on a log as a real store writes it.
import { expect, test } from 'vitest';
import { readMoment } from '../../coordinator/cli/values.js';
import { openStore } from '../../coordinator/store/open.js';
import { Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { NETSWEEP } from '../place.ts';
import { run } from '../process.ts';
import { newSweep, output, reported, TemporaryDirectory } from '../store/samples.js';
import { cancelled, written } from './logs.ts';

async function shown(state: string, ...words: string[]) {
  const args = [NETSWEEP, 'auditlog', 'show', '--state', state, ...words];
  return await run(process.execPath, args);
}

async function acts(state: string, ...words: string[]): Promise<string[]> {
  const { stdout } = await shown(state, '--json', ...words);
  const records = stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return records.map(({ act, device = '', sweep = '' }) =>
    `${act} ${device} ${sweep}`.replace(/ +/g, ' ').trim(),
  );
}

test('its records are shown by device, sweep, act, doer and time, and the newest of them', async () => {
  using state = await written(2, 2);
  expect(await acts(state.path, '-d', 'R[45]', '--sweep', 'S1')).toEqual(['attempt R4 S1', 'attempt R5 S1']);
  expect(await acts(state.path, '--act', 'cancel')).toEqual(
    ['S0', 'S0', 'S1', 'S1'].map((sweep) => `cancel ${sweep}`),
  );
  const by = await acts(state.path, '--by', 'coordinator', '--act', 'cancel,attempt', '-n', '1');
  expect(by).toEqual(['cancel S1']);
  expect(await acts(state.path, '--since', '1h', '-n', '1')).toEqual(['cancel S1']);
  expect(await acts(state.path, '--until', '1h')).toEqual([]);
  const { stdout } = await shown(state.path, '-d', 'R0', '--sweep', 'S0');
  const [title, row, ...more] = stdout.trimEnd().split('\n');
  expect(title).toMatch(/^TIME +WHO +ACT +DEVICE +SWEEP +WHAT$/);
  expect(row).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\S+ +attempt +R0 +S0 +ok; .*\(\d+ bytes\)$/);
  expect(more).toEqual([]);
});

test('a failure is told in words, and what a device wrote does not reach the terminal', async () => {
  using state = new TemporaryDirectory();
  await (async () => {
    await using store = await openStore(state.path, null);
    await store.commit([...newSweep('S1', 1), cancelled('S1')]);
    const write = reported('S1', 0, [output('x')]);
    if (write.write !== 'report') throw new Error('no report');
    const failure = { kind: Kind.AUTH, stage: Stage.AUTH, message: 'denied \u001b[2J', retryable: false };
    await store.commit([{ ...write, report: { ...write.report, status: Status.FAILED, failure } }]);
  })();
  const { stdout } = await shown(state.path, '--act', 'attempt');
  expect(stdout).toContain('failed; auth at auth: denied ^[[2J');
});

test('without a log, or with a time that is none, it says so and ends with 2', async () => {
  using state = new TemporaryDirectory();
  expect(await shown(state.path)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('there is no audit log'),
  });
  expect(await shown(state.path, '--since', 'yesterday')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--since: found "yesterday", expected a time'),
  });
});

test.each([
  ['2026-11-23', Date.UTC(2026, 10, 23)],
  ['2026-11-23T05:00', Date.UTC(2026, 10, 23, 5)],
  ['2026-11-23 05:00:01', Date.UTC(2026, 10, 23, 5, 0, 1)],
  ['2026-11-23T05:00+02:00', Date.UTC(2026, 10, 23, 3)],
  ['2h', 1_000_000_000 - 7_200_000],
  ['7d', 1_000_000_000 - 7 * 86_400_000],
])('%s is a time', (text, ms) => {
  expect(readMoment(text, 1_000_000_000)).toBe(ms);
});

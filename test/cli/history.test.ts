// history, diff and search as people and scripts meet them, on a state directory that sweeps have left. None of them
// changes it, so one is enough for all, and so is one coordinator, which runs as long as somebody is connected.
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import type { Write } from '../../coordinator/store/store.js';
import { Failure, Kind, type Output, Proof, Report, Status } from '../../proto/gen/netsweep/v1/model.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { Place } from '../place.ts';
import { type Finished, PATIENCE_MS, root } from '../process.ts';
import { device, output, sweepRow } from '../store/samples.js';

const [PART, FIRST, SECOND] = ['9', 'A', 'B'].map((digit) => `01K${digit}0000000000000000000000`) as [
  string,
  string,
  string,
];

function config(name: string, clock: string, ntp = '10.0.0.1'): string {
  return `! Last configuration change at ${clock}\nhostname ${name}\n!\nntp server ${ntp}\nend\n`;
}

/** Writes of a sweep in which six devices gave this; null: it failed. */
function sweep(id: string, atMs: number, outputs: (Partial<Output> | null)[], versions = true): Write[] {
  const devices = outputs.map((_, index) => device(index));
  const row = { state: SweepState.ENDED, startedAtMs: atMs, endedAtMs: atMs + 1_000 };
  const reports = outputs.map((one, index): Write => {
    const failure = Failure.create({ kind: Kind.TIMEOUT });
    const about = { sweep: id, device: devices[index], attempts: 1, agent: 'agent-1' };
    const report = Report.create({
      ...{ ...about, startedAtMs: atMs, durationMs: 500 },
      ...(one === null
        ? { status: Status.FAILED, failure }
        : { status: Status.OK, outputs: [{ ...output(''), ...one }] }),
    });
    return { write: 'report', report, versions };
  });
  return [{ write: 'sweep', row: sweepRow(id, row) }, { write: 'devices', sweep: id, devices }, ...reports];
}

const AT = Date.parse('2026-11-20T10:00:00Z');
const DAY = 86_400_000;

async function twoSweeps(): Promise<Place> {
  const place = await Place.open();
  const of = (n: number, clock: string, ntp?: string) => output(config(`R${n}`, clock, ntp));
  const suspect = { ...of(4, '11:00', '10.9.9.9'), proof: Proof.SUSPECT };
  const first = [0, 1, 2, 3, 4, 5].map((n) => of(n, '10:00'));
  // The same, noise alone, two alike changes, a suspect one, a failure.
  const second = [
    of(0, '10:00'),
    of(1, '11:00'),
    of(2, '11:00', '10.0.0.2'),
    of(3, '11:00', '10.0.0.2'),
    suspect,
    null,
  ];
  await using store = await openStore(place.state, null, { versions: 100, days: 0 });
  await store.commit(sweep(PART, AT - DAY, first.slice(0, 4), false));
  await store.commit(sweep(FIRST, AT, first));
  await store.commit(sweep(SECOND, AT + DAY, second));
  return place;
}

const place = await twoSweeps();
afterAll(() => place[Symbol.asyncDispose]());
const built = (await import(
  join(root, 'dist/coordinator/connect.js')
)) as typeof import('../../coordinator/connect.ts'); // made of it
const connection = await built.connect(
  { coordinator: null, state: place.state, tls: null, start: true, coming: null, keep: null, begun: null },
  AbortSignal.timeout(PATIENCE_MS),
);
afterAll(() => connection[Symbol.asyncDispose]()); // before the place goes: the last is called first

/** What each of these command lines comes to. */
function netsweep<Lines extends string[][]>(...lines: Lines): Promise<{ [L in keyof Lines]: Finished }> {
  return Promise.all(lines.map((words) => place.netsweep(words))) as Promise<{
    [L in keyof Lines]: Finished;
  }>; // one for each
}

test('two sweeps are compared device by device: noise is dropped and counted, alike changes are told once, and drift is 3', async () => {
  const diff = ['diff', '01KA', 'last'];
  // Sweeps end up newest first by when they were submitted.
  const [{ status, stdout }, json, same] = await netsweep(diff, [...diff, '--json'], ['diff', FIRST, FIRST]);
  expect(stdout).toBe(
    [
      'R[2-3]: show version: +1 -1, 1 noise line dropped',
      `--- ${FIRST}`,
      `+++ ${SECOND}`,
      '@@ -4,2 +4,2 @@',
      '-ntp server 10.0.0.1',
      '+ntp server 10.0.0.2',
      ' end',
      '',
      'R4: show version: not comparable: suspect in 01KB0000000000000000000000',
      'R5: show version: not comparable: timeout in 01KB0000000000000000000000',
      '2 changed, 3 noise lines dropped, 2 the same (1 but for noise), 2 not comparable',
      '',
    ]
      .join('\n')
      .replace('@@ -4,2 +4,2 @@', '@@ -2,4 +2,4 @@\n hostname R2\n !'),
  );
  expect(status).toBe(3);
  const told = JSON.parse(json.stdout);
  expect(told).toMatchObject({
    from: FIRST,
    to: SECOND,
    counts: { same: 1, noise: 1, changed: 2, unclear: 2, noiseLines: 3 },
  });
  expect(
    told.outputs.map(({ device, state }: { device: string; state: string }) => `${device} ${state}`),
  ).toEqual(['R1 noise-only', 'R2 changed', 'R3 changed', 'R4 not-comparable', 'R5 not-comparable']);
  expect(same).toMatchObject({ status: 0, stdout: '0 changed, 6 the same\n' });
  const [more, fewer] = await netsweep(['diff', PART, FIRST], ['diff', FIRST, PART, '--stat']);
  expect(more).toMatchObject({ status: 3, stdout: expect.stringContaining('0 changed, 4 the same, 2 new') });
  expect(fewer).toMatchObject({ status: 3, stdout: expect.stringContaining('4 the same, 2 gone') });
});

test('a device has a history: when each version was seen, how it differs, and its text', async () => {
  const [timeline, table, suspect, first, drifted, quiet, nobody, none] = await netsweep(
    ['history', 'R2', '--json'],
    ['history', 'R1', 'show', 'version'],
    ['history', 'R4', '--json'],
    ['history', 'R2', '--show', '1'],
    ['diff', 'R2'],
    ['diff', 'R1', 'show', 'version', '--from', '1', '--to', '2'],
    ['history', 'R9'],
    ['history', 'R2', '--show', '7'],
  );
  expect(JSON.parse(timeline.stdout)).toMatchObject([
    { version: 1, firstSweep: FIRST, lastSweep: FIRST, newest: false, change: null },
    {
      version: 2,
      firstSweep: SECOND,
      lastSeenAt: '2026-11-21T10:00:00.500Z',
      newest: true,
      change: 'changed',
      added: 1,
      removed: 1,
      noise: 1,
    },
  ]);
  expect(table.stdout).toMatch(/ 1 +show version +2026-11-20 10:00:00 .* - +01KA/);
  expect(table.stdout).toMatch(/ 2 +show version .* noise only \(1 line\) +01KB/);
  // The suspect output is none.
  expect(JSON.parse(suspect.stdout)).toHaveLength(1);
  expect(first.stdout).toBe(config('R2', '10:00'));
  expect(drifted).toMatchObject({ status: 3 });
  expect(drifted.stdout).toContain('-ntp server 10.0.0.1\n+ntp server 10.0.0.2\n');
  expect(quiet).toMatchObject({ status: 0 });
  expect([nobody.status, none.status]).toEqual([2, 2]);
  expect(nobody.stderr).toContain('nothing is known of R9');
  expect(none.stderr).toContain('there is no version 7 (found 1, 2)');
});

test('the last complete outputs are searched for a text or an expression, which may not take for ever', async () => {
  // In the last, looking around keeps the linear engine away.
  const [all, names, near, json, broken, slow] = await netsweep(
    ['search', '10.0.0.2'],
    ['search', '/^NTP server .*1$/', '-i', '-l'],
    ['search', '10.0.0.2', '-C', '1', '-d', '*3'],
    ['search', 'hostname R2', '--json'],
    ['search', '/(/'],
    ['search', '/^(?=(([a-z ]+)+)+$)(([a-z.0-9 ]+)+)+#/'],
  );
  expect(all.stdout).toBe(
    'R2: show version:4: ntp server 10.0.0.2\nR3: show version:4: ntp server 10.0.0.2\n',
  );
  expect(names.stdout).toBe('R0\nR1\nR4\nR5\n');
  expect(near.stdout).toBe(
    'R3: show version-3- !\nR3: show version:4: ntp server 10.0.0.2\nR3: show version-5- end\n',
  );
  expect(JSON.parse(json.stdout)).toMatchObject({ device: 'R2', line: 2, sweep: SECOND });
  expect(broken).toMatchObject({ status: 2 });
  expect([0, 2]).toContain(slow.status);
});

// The last one: it changes what the others look at.
test('a device that is forgotten has no history and is found no more; its sweeps keep what they have', async () => {
  const [forgotten] = await netsweep(['history', 'R2', '--forget']);
  expect(forgotten).toMatchObject({ status: 0, stdout: 'R2: forgotten: 2 versions of 1 output\n' });
  const [gone, again, found, other, swept] = await netsweep(
    ['history', 'R2'],
    ['history', 'R2', '--forget'],
    ['search', 'hostname R', '-l'],
    ['history', 'R3', '--json'],
    ['diff', FIRST, SECOND, '--stat'],
  );
  expect([gone.status, again.status]).toEqual([2, 2]);
  expect(found.stdout).toBe('R0\nR1\nR3\nR4\nR5\n');
  expect(JSON.parse(other.stdout)).toHaveLength(2);
  expect(swept.stdout).toContain('R2: show version: +1 -1');
});

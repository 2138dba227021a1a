// Schedules of a real coordinator: checked where they will run, started as processes of its own, recorded whatever ends
// them. When they are due is told in test/schedule, on a clock that does not take its time.
import { chmodSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Cluster, startCluster } from '../cluster.ts';
import type { Finished } from '../process.ts';
import { output, until } from '../process.ts';

interface Run {
  state: string;
  outcome: string;
  why: string | null;
  exitCode: number | null;
  sweeps: string[];
  output: string;
}

const ONE = { unprivileged: 0, agents: [{ name: 'one', segments: ['default'] }] };

function schedule({ place, serve }: Cluster, words: string[], at?: string): Promise<Finished> {
  const coordinator = at ?? `unix:${serve.state}/serve/coordinator.sock`;
  const [verb = '', ...rest] = words;
  return place.netsweep(['schedule', verb, '--coordinator', coordinator, ...rest]);
}

async function runs(cluster: Cluster, name: string): Promise<Run[]> {
  const { stdout } = await schedule(cluster, ['show', '--json', name]);
  return (JSON.parse(stdout) as { runs: Run[] }).runs;
}

test('a schedule is checked where it will run, starts as a process of the coordinator, and tells how it ended', async () => {
  await using cluster = await startCluster({ ...ONE, devices: 3 });
  const { place, fleet } = cluster;
  const inventory = fleet.inventory('lab.yaml');
  const add = (...words: string[]) => schedule(cluster, ['add', 'night', '--cron', '0 2 * * *', ...words]);
  const refused = await add('--', 'run', '-i', inventory, '--forsk', '3', 'show version');
  expect(refused.status).toBe(2);
  expect(refused.stderr).toContain("unknown option '--forsk' (did you mean --forks?)");
  const added = await add('--zone', 'Europe/Berlin', '--', 'run', '-i', inventory, 'show version');
  expect(added).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^night: first at \d{4}-\d\d-\d\d 02:00\n$/),
  });
  expect((await add('--', 'run', '-i', inventory)).stderr).toContain('there is a schedule "night" already');

  await place.write('netsweep.yaml', 'notices:\n  page: {exec: ./page.sh}\n');
  await place.write('page.sh', '#!/bin/sh\ncat > told.json\n');
  chmodSync(place.path('page.sh'), 0o755);
  const second = [
    'add',
    'gone',
    '--cron',
    '@yearly',
    '--notify',
    'pag',
    '--',
    'run',
    '-i',
    inventory,
    'show clock',
  ];
  expect((await schedule(cluster, second)).stderr).toMatch(
    /--notify: no notice is called "pag" \(expected a key of "notices" in \S+netsweep.yaml\) \(did you mean "page"\?\)/,
  );
  const moved = await place.write('moved.yaml', readFileSync(inventory, 'utf8'));
  const told = second.map((word) => (word === 'pag' ? 'page' : word === inventory ? moved : word));
  expect((await schedule(cluster, told)).status).toBe(0);
  rmSync(moved);
  await schedule(cluster, ['run', 'gone']);

  await schedule(cluster, ['run', 'night']);
  const [run] = await until('it has ended', async () => {
    const all = await runs(cluster, 'night');
    return all[0]?.state === 'ended' && all;
  });
  expect(run).toMatchObject({ outcome: 'ok', exitCode: 0, why: 'started by hand' });
  expect(run?.output).toContain('3 devices: 3 ok');
  const results = await place.netsweep(['sweeps', 'results', run?.sweeps[0] ?? '', '--format', 'json']);
  expect(JSON.parse(results.stdout).counts).toMatchObject({ selected: 3, ok: 3 });

  const changed = await schedule(cluster, ['set', 'night', '--cron', '0 3 * * *', '--overlap', 'queue']);
  expect(changed.stdout).toMatch(/^night: next at \d{4}-\d\d-\d\d 03:00\n$/);
  const wrong = await schedule(cluster, ['set', 'night', '--', 'run', '-i', inventory, '--forsk', '3']);
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('did you mean --forks?') });
  expect((await schedule(cluster, ['set', 'night'])).stderr).toContain('nothing to change');
  await schedule(cluster, ['pause', 'night']);
  await schedule(cluster, ['rm', 'gone']);
  const listed = JSON.parse((await schedule(cluster, ['list', '--json'])).stdout);
  expect(listed).toMatchObject([
    {
      ...{ name: 'night', cron: '0 3 * * *', zone: 'Europe/Berlin', overlap: 'queue', paused: true },
      ...{ command: ['run', '-i', inventory, 'show version'], next: [], last: { outcome: 'ok' } },
    },
  ]);
  await cluster.serve.stop('SIGTERM');
  const notice = JSON.parse(readFileSync(place.path('told.json'), 'utf8'));
  expect(notice).toMatchObject({
    ...{ notice: 1, kind: 'schedule', subject: 'schedule gone: bad input', count: 1 },
    events: [{ schedule: 'gone', outcome: 'bad input', why: expect.stringContaining('moved.yaml') }],
  });
  await cluster.serve.start();
  await schedule(cluster, ['resume', 'night']);
  expect((await schedule(cluster, ['list'])).stdout).toMatch(
    /night +0 3 \* \* \* +Europe\/Berlin +\d{4}-.* 03:00 .* ok /,
  );
  // Whoever reaches the port without a certificate could run what the coordinator's user may.
  const stranger = await schedule(cluster, ['list'], cluster.serve.address);
  expect(stranger).toMatchObject({ status: 4, stderr: expect.stringContaining('--coordinator unix:') });
  await schedule(cluster, ['rm', 'night']);
  expect((await schedule(cluster, ['show', 'night'])).status).toBe(2);
});

test.each([
  ['SIGTERM', ['run', '-t', 'kept']],
  ['SIGKILL', ['backup', '--repo', 'kept']],
] as const)(
  'a run that its coordinator leaves (%s) is taken up at the next start, and its sweep is the one that went on (%j)',
  async (signal, words) => {
    await using cluster = await startCluster({ ...ONE, devices: 2, commandMs: 4_000 });
    const { place, fleet, serve } = cluster;
    const inventory = fleet.inventory('lab.yaml');
    const run = ['--', ...words, '-i', inventory, 'show version'];
    expect((await schedule(cluster, ['add', 'night', '--cron', '@daily', ...run])).status).toBe(0);
    const started = await Promise.all([1, 2].map(() => schedule(cluster, ['run', 'night'])));
    const refused = started.filter(({ status }) => status === 2);
    expect(refused).toMatchObject([{ stderr: expect.stringContaining('its run is under way') }]);
    await until('a device is asked', () => fleet.asked('show version').length > 0);
    await serve.stop(signal);
    await until(
      'its child is gone',
      () => !place.processes().some(({ cmdline }) => cmdline.includes('lab.yaml')),
    );
    await serve.start();
    const [after, ...others] = await until('it has ended', async () => {
      const all = await runs(cluster, 'night');
      return all[0]?.state === 'ended' && all;
    });
    expect(others).toEqual([]);
    expect(after).toMatchObject({ outcome: 'ok', sweeps: [expect.any(String)] });
    expect(after?.why).toContain('taken up again');
    const { stderr } = await place.netsweep(['sweeps', 'watch', after?.sweeps[0] ?? '']);
    expect(stderr).toContain('2 devices: 2 ok');
    const kept = place.path('kept');
    const files =
      words[0] === 'run'
        ? readdirSync(kept, { recursive: true, encoding: 'utf8' })
        : (await output('git', ['-C', kept, 'ls-tree', '-r', '--name-only', 'HEAD'])).split('\n');
    for (const name of fleet.names)
      expect(files).toContainEqual(expect.stringMatching(`(^|/)${name}/show_version.txt$`));
  },
);

test('with certificates schedules are taken over the network, and a run comes back over the socket', async () => {
  await using cluster = await startCluster({ ...ONE, devices: 1, tls: true });
  const { fleet, serve, place } = cluster;
  const inventory = fleet.inventory('lab.yaml');
  const at = (...words: string[]) => schedule(cluster, words, serve.address);
  const run = ['--', 'run', '-i', inventory, 'show version'];
  const elsewhere = await at('add', 'night', '--cron', '@daily', '--directory', '/nowhere', ...run);
  expect(elsewhere).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('there is no directory /nowhere on the coordinator'),
  });
  expect((await at('add', 'night', '--cron', '@daily', ...run)).status).toBe(0);
  await at('run', 'night');
  const ended = await until('it has ended', async () => {
    const shown = await place.netsweep([
      'schedule',
      'show',
      '--coordinator',
      serve.address,
      '--json',
      'night',
    ]);
    const [only] = (JSON.parse(shown.stdout) as { runs: Run[] }).runs;
    return only?.state === 'ended' && only;
  });
  expect(ended).toMatchObject({ outcome: 'ok', output: expect.stringContaining('1 device: 1 ok') });
});

// Backups by the real program of devices that answer: by hand, by the clock, from an earlier sweep, pushed, killed in
// the middle.
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startCluster } from '../cluster.ts';
import { output, until } from '../process.ts';

const ONE = { unprivileged: 0, agents: [{ name: 'one', segments: ['default'] }] };

test('a fleet that has not changed is one commit, by hand, by the clock and from an earlier sweep', async () => {
  await using cluster = await startCluster({ ...ONE, devices: 6 });
  const { place, fleet, serve } = cluster;
  const inventory = fleet.inventory('lab.yaml');
  const repo = place.path('configs.git');
  const git = (...args: string[]) => output('git', ['-C', repo, ...args]);
  const backup = (...args: string[]) => place.netsweep(['backup', '--repo', repo, ...args]);
  await output('git', ['init', '-q', '--bare', place.path('remote.git')]);

  const first = await backup('-i', inventory);
  expect(first, first.stderr).toMatchObject({ status: 0, stdout: '' });
  expect(first.stderr).toMatch(/^commit [0-9a-f]{12}: 0 changed, 6 new$/m);
  const files = (await git('ls-tree', '-r', '--name-only', 'HEAD')).trim().split('\n');
  expect(files).toEqual(fleet.names.map((name) => expect.stringMatching(`^default/${name}/show_`)));
  await git('remote', 'add', 'origin', place.path('remote.git'));

  const again = await backup('-i', inventory, '--push');
  expect(again.stderr).toMatch(/^nothing has changed, no commit: 0 changed, .*$/m);
  expect(await output('git', ['-C', place.path('remote.git'), 'log', '--oneline', 'main'])).toMatch(
    /backup: 0 changed, 6 new\n$/,
  );

  await place.write('netsweep.yaml', 'notices:\n  page: {exec: ./page.sh, on: always}\n');
  await place.write('page.sh', '#!/bin/sh\ncat > told.json\n');
  chmodSync(place.path('page.sh'), 0o755);
  const told = () => JSON.parse(readFileSync(place.path('told.json'), 'utf8'));
  await git('remote', 'add', 'gone', 'https://ops:hunter2@127.0.0.1:1/gone.git');
  const lost = await backup('-i', inventory, '--push', 'gone', '--notify', 'page');
  expect(lost.status, lost.stderr).toBe(1);
  expect(told()).toMatchObject({
    ...{ kind: 'backup', counts: { selected: 6, ok: 6 }, failing: 0, commit: null },
    error: expect.stringMatching(/^git push: /),
  });
  expect(lost.stderr + JSON.stringify(told())).not.toContain('hunter2');
  const ran = await place.netsweep(['run', '-i', inventory, 'show nonsense', '--notify', 'page']);
  expect(ran.status).toBe(1);
  expect(told()).toMatchObject({
    ...{ notice: 1, kind: 'run', failing: 6, reason: null, suspect: { count: 0, first: [] } },
    failures: [{ kind: 'cli-error', count: 6, first: fleet.names }],
  });

  const coordinator = ['--coordinator', `unix:${serve.state}/serve/coordinator.sock`];
  const words = ['--', 'backup', '--repo', repo, '-i', inventory];
  const added = await place.netsweep([
    'schedule',
    'add',
    'night',
    ...coordinator,
    '--cron',
    '@daily',
    ...words,
  ]);
  expect(added.status, added.stderr).toBe(0);
  await place.netsweep(['schedule', 'run', 'night', ...coordinator]);
  const run = await until('the scheduled backup has ended', async () => {
    const { stdout } = await place.netsweep(['schedule', 'show', 'night', '--json', ...coordinator]);
    const [only] = (
      JSON.parse(stdout) as { runs: { state: string; outcome: string; output: string; sweeps: string[] }[] }
    ).runs;
    return only?.state === 'ended' && only;
  });
  expect(run).toMatchObject({ outcome: 'ok', output: expect.stringContaining('nothing has changed') });

  const raw = await backup('--from', run.sweeps[0] ?? '', '--raw', '--layout', 'flat');
  expect(raw.stderr).toMatch(/^commit [0-9a-f]{12}: 0 changed, 6 moved/m);
  expect(await git('rev-list', '--count', 'HEAD')).toBe('2\n');
  expect(
    (await place.netsweep(['backup', '-i', inventory, '--repo', place.path('coordinator')])).stderr,
  ).toContain('is no git repository');
});

test('killed at any moment a backup leaves a repository that is whole, and the next one completes it', async () => {
  await using cluster = await startCluster({ ...ONE, devices: 12, commandMs: 300 });
  const { place, fleet } = cluster;
  const inventory = fleet.inventory('lab.yaml');
  const repo = place.path('configs.git');
  const words = ['backup', '-f', '3', '--repo', repo, '-i', inventory];
  for (const arrived of [0, 4, 8]) {
    const before = fleet.asked('show running-config').length;
    await using killed = place.start(words);
    await until(
      'it has begun',
      () => existsSync(repo) && fleet.asked('show running-config').length - before >= arrived,
    );
    killed.kill('SIGKILL');
    await killed.finished;
    await output('git', ['-C', repo, 'fsck', '--strict']);
    expect((await output('git', ['-C', repo, 'for-each-ref'])).trim()).toBe('');
  }
  const env = { NETSWEEP_FAILPOINTS: 'backup.written=kill' };
  expect((await place.start(words, { env }).finished).signal).toBe('SIGKILL');
  await output('git', ['-C', repo, 'fsck', '--strict']);
  const whole = await place.netsweep(words);
  expect(whole.status, whole.stderr).toBe(0);
  expect(
    (await output('git', ['-C', repo, 'ls-tree', '-r', '--name-only', 'HEAD'])).trim().split('\n'),
  ).toHaveLength(12);
  await output('git', ['-C', repo, 'fsck', '--strict']);
});

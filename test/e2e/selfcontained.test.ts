import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { commandName } from '../../coordinator/cli/views/tree.ts';
import { CHUNK_BYTES } from '../../proto/subjects.ts';
import { startCluster } from '../cluster.ts';

import { NETSWEEP, Place } from '../place.ts';
import { root, until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

test('a sweep of four platforms in three segments gives to the byte what the devices print, in every format', async () => {
  await using cluster = await startCluster({
    devices: 60,
    segments: 3,
    platforms: ['cisco_ios', 'cisco_xe', 'frr', 'linux'],
  });
  const { fleet, place } = cluster;
  const { status, stderr, results } = await cluster.run([]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('60 devices: 60 ok') });
  await checkWitnesses({ cluster, results });
  for (const { device, platform, outputs } of results) {
    const command = platform === 'linux' ? 'uname -a' : 'show running-config';
    expect(outputs).toMatchObject([{ command, status: 'complete', output: fleet.expected(device, command) }]);
  }

  const print = (...args: string[]) => place.netsweep(['sweeps', 'results', 'last', ...args]);
  const [json, map, text, csv, junit, tree] = await Promise.all([
    print('--format', 'json'),
    print('--format', 'json', '--map'),
    print(),
    print('--format', 'csv'),
    print('--format', 'junit'),
    print('-t', place.path('tree')),
  ]);
  const document = JSON.parse(json.stdout);
  expect(document.counts).toMatchObject({ selected: 60, ok: 60, failed: 0, running: 0, waiting: 0 });
  expect(document.devices).toEqual(fleet.names.map((name) => results.find(({ device }) => device === name)));
  expect(JSON.parse(map.stdout)).toEqual(
    Object.fromEntries(results.map(({ device, outputs }) => [device, outputs[0]?.output])),
  );
  expect(csv.stdout.match(/^"?[0-9A-Z]{26}"?,"?R\d+"?,/gm)).toHaveLength(60);
  expect(junit.stdout).toContain('tests="60" failures="0" errors="0" skipped="0"');
  expect(tree).toMatchObject({ status: 0, stdout: '' });
  for (const { device, outputs } of results) {
    const [{ command, output } = { command: '', output: '' }] = outputs;
    const lines = text.stdout.split('\n').filter((line) => line.startsWith(`${device}: `));
    expect(lines.map((line) => `${line.slice(device.length + 2)}\n`).join('')).toBe(output);
    const file = join(place.path('tree'), device, `${commandName(command)}.txt`);
    expect(await readFile(file, 'utf8')).toBe(output);
  }
  expect(JSON.parse(await readFile(join(place.path('tree'), '_sweep.json'), 'utf8')).devices).toHaveLength(
    60,
  );
});

test('a Python file of netmiko dictionaries is swept by its groups, and --check before it touches nothing', async () => {
  await using cluster = await startCluster({ devices: 6, segments: 2, platforms: ['cisco_ios', 'linux'] });
  const { fleet, place } = cluster;
  const inventory = fleet.inventory('fleet.py');

  const checking = place.start(['run', '-i', inventory, '--check']);
  const seen = new Set<number>();
  await until('checked', () => {
    for (const { pid } of place.processes()) seen.add(pid);
    return checking.ended;
  });
  const checked = await checking.finished;
  expect(checked).toMatchObject({ status: 0, stderr: '' });
  expect(checked.stdout).toContain('devices      6 (cisco_ios 3, linux 3)');
  expect([...seen], 'no process but its own').toEqual([checking.pid]);
  expect(existsSync(place.path('.local')), 'no state directory').toBe(false);
  expect(fleet.events()).toEqual([]);

  const listed = await place.netsweep(['run', '-i', inventory, '-l', 'segment_2', '--list-hosts']);
  expect(listed.stdout).toBe('R4\nR5\nR6\n');
  const { status, results } = await cluster.run(['-l', 'nodes:!R6'], { inventory });
  expect(status).toBe(0);
  await checkWitnesses({ cluster, results, selected: ['R1', 'R2', 'R3', 'R4', 'R5'] });
});

test('an output of several megabytes arrives whole through its pieces', async () => {
  await using cluster = await startCluster({ devices: 2, platforms: ['frr'], configLines: 150_000 });
  const { status, results } = await cluster.run(['show running-config']);
  expect(status).toBe(0);
  await checkWitnesses({ cluster, results });
  for (const { device, outputs } of results) {
    const [output] = outputs;
    expect(gzipSync(output?.output ?? '').length).toBeGreaterThan(2 * CHUNK_BYTES);
    expect(output?.output === cluster.fleet.expected(device, 'show running-config')).toBe(true);
  }
});

test('--forks 1 never has two sessions open, the default has many', async () => {
  await using cluster = await startCluster({ devices: 6, segments: 2, promptMs: 150, unprivileged: 0 });
  expect(await cluster.run(['--forks', '1', 'show version'])).toMatchObject({ status: 0 });
  await cluster.fleet.quiet();
  expect(cluster.fleet.mostAtOnce()).toBe(1);
  expect(await cluster.run(['show version'])).toMatchObject({ status: 0 });
  await cluster.fleet.quiet();
  expect(cluster.fleet.mostAtOnce()).toBeGreaterThan(1);
});

test('--isolation device gives each device a process of its own', async () => {
  await using cluster = await startCluster({ devices: 5, commandMs: 1_500, unprivileged: 0 });
  const running = cluster.start(['--isolation', 'device', 'show version']);
  const workers = new Set<number>();
  await until('swept', () => {
    for (const { pid, cmdline } of cluster.place.processes())
      if (cmdline.includes('agent/worker.js')) workers.add(pid);
    return running.ended;
  });
  const { status, stdout } = await running.finished;
  expect(status).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(5);
  expect(workers.size).toBe(5);
});

test("workers use ssh2's native ciphers where those have been built", async ({ skip }) => {
  const built = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';
  if (!existsSync(join(root, 'node_modules', built))) skip('they have not been built here');
  await using cluster = await startCluster({ devices: 1, commandMs: 500 });
  const running = cluster.start(['show version']);
  let used = false;
  await until('swept', () => {
    for (const { pid, cmdline } of cluster.place.processes())
      if (cmdline.includes('agent/worker.js')) used ||= memoryMap(pid).includes(built);
    return running.ended;
  });
  expect(used).toBe(true);
});

function memoryMap(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

const COMMANDS = ['show clock', 'show version', 'show inventory'];

test('two runs at once on one state directory share a coordinator that ends with the last of them', async () => {
  await using cluster = await startCluster({ devices: 8, commandMs: 2_500, unprivileged: 0 });
  const { place, fleet } = cluster;
  const inventory = fleet.inventory();
  const short = place.start(['run', '-i', inventory, '-w', 'R1,R2,R3,R4', '-q', 'show clock']);
  const long = place.start(['run', '-i', inventory, '-x', 'R1,R2,R3,R4', '-q', ...COMMANDS]);
  const coordinators = new Set<number>();
  const ends: string[] = [];
  let survived = false;
  for (const [name, run] of Object.entries({ short, long })) void run.finished.then(() => ends.push(name));
  await until('both have ended', () => {
    for (const { pid, cmdline } of place.processes())
      if (cmdline.includes('dist/coordinator/main.js\0private-coordinator\0')) coordinators.add(pid);
    if (ends.length === 1) survived ||= place.processes().some(({ pid }) => coordinators.has(pid));
    return ends.length === 2;
  });
  expect(await short.finished).toMatchObject({ status: 0, stderr: '' });
  expect(await long.finished).toMatchObject({ status: 0, stderr: '' });
  expect({ ends, survived }).toEqual({ ends: ['short', 'long'], survived: true });
  await place.empty();
  const list = await place.netsweep(['sweeps', 'list', '--json']);
  expect(JSON.parse(list.stdout)).toMatchObject([{ status: 'ended' }, { status: 'ended' }]);
  await fleet.quiet();
  expect(fleet.overlaps()).toEqual([]);
});

test('a coordinator whose store is open before it has loaded the rest serves all the same', async () => {
  await using place = await Place.open();
  const execArgv = ['--require', join(import.meta.dirname, 'storefirst.cjs')];
  const coordinator = fork(NETSWEEP, ['private-coordinator', place.state], { execArgv });
  const gone = once(coordinator, 'exit');
  try {
    const [news] = await once(coordinator, 'message', { signal: AbortSignal.timeout(20_000) });
    expect(news).toEqual({ address: expect.stringMatching(/^unix:/) });
    coordinator.disconnect();
    expect(await gone).toEqual([0, null]);
  } finally {
    coordinator.kill('SIGKILL');
  }
});

test('two sweeps over the same devices never meet on one', async () => {
  await using cluster = await startCluster({ devices: 8, segments: 2, commandMs: 500, unprivileged: 0 });
  const [first, second] = await Promise.all([cluster.run(['show version']), cluster.run(['show clock'])]);
  expect([first.status, second.status]).toEqual([0, 0]);
  await checkWitnesses({ cluster, results: first.results, again: () => 1 });
  await checkWitnesses({ cluster, results: second.results, again: () => 1 });
  expect(cluster.fleet.sessions()).toHaveLength(16);
});

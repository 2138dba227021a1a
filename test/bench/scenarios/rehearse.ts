// A coordinator under the load of many agents' results: sessions are rehearsed by a real agent, all else is real.
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Bench, Scenario } from '../bench.ts';
import { Cluster } from '../cluster.ts';
import { runningFleet } from '../fleet.ts';
import { COMMAND, written } from '../programs.ts';
import { type Goal, type Section, short, type Table } from '../report.ts';
import { type Contender, contender, cpuEach, interleave, rolesOf, wallSeconds } from '../rounds.ts';

const TIMEOUT_MS = 3_600_000;
const OUTPUT_KIB = 16;
/** Times as many at once as sessions with devices: where none waits for a device, results on their way hold the places. */
const AT_ONCE_TIMES = 3;
/** Loopback addresses, which nobody is asked at: the login rate does not count there. */
const NOWHERE = 'nobody:nothing@127.1.0.1:22';

/** `sizes`: numbers of devices, the smallest first. */
export function rehearse(name: string, sizes: number[]): Scenario {
  const listed = sizes.map((size) => size.toLocaleString('en')).join(' and ');
  return {
    about: `${listed} rehearsed devices of ${OUTPUT_KIB} KiB each: coordinator, store and one agent`,
    run: (bench) => run(bench, name, bench.options.devices === null ? sizes : [bench.options.devices]),
  };
}

interface Size extends Contender {
  /** Of the coordinator's state directory after each round. */
  diskMiB: number[];
}

async function run(bench: Bench, name: string, counts: number[]): Promise<Section> {
  const sizes = counts.map((count) => sized(bench, count));
  await interleave(bench.options.repeat, sizes, bench.say);
  return {
    name,
    title: `Rehearsed devices of ${OUTPUT_KIB} KiB each, ${(AT_ONCE_TIMES * bench.options.atOnce).toLocaleString('en')} at once`,
    notes: ['One agent with a worker per core, one client that prints a line for each device.'],
    tables: [tableOf(sizes), ...sizes.slice(-1).map(rolesOf)],
    goals: goalsOf(sizes),
    data: sizes,
  };
}

function sized(bench: Bench, count: number): Size {
  const diskMiB: number[] = [];
  const title = `${count.toLocaleString('en')} devices`;
  const once = async () => {
    const { ran, disk } = await sweep(bench, count);
    diskMiB.push(disk);
    return ran;
  };
  return { ...contender(title, count, once), diskMiB };
}

/** Each on a cluster of its own, so that memory is that of this sweep alone. */
async function sweep({ options, folder, stop }: Bench, count: number) {
  const atOnce = AT_ONCE_TIMES * options.atOnce;
  const agent = { agents: 1, workers: availableParallelism(), forks: atOnce };
  const rehearsed = ['--rehearse', `size=${OUTPUT_KIB}KiB`];
  await using cluster = await Cluster.open({ ...agent, words: rehearsed }, folder, stop);
  const inventory = await written(runningFleet(NOWHERE, count).devices, folder);
  const words = ['run', '-y', '-i', inventory, '--format', 'table', '--forks', String(atOnce)];
  const ran = await cluster.run([...words, COMMAND], TIMEOUT_MS);
  if (ran.status !== 0) throw new Error(`netsweep run: exit ${ran.status}\n${ran.stderr.slice(-2_000)}`);
  return { ran, disk: await sizeOf(cluster.state) };
}

function tableOf(sizes: Size[]): Table {
  return {
    head: [
      'devices',
      'results/s',
      'CPU ms/device',
      'coordinator CPU',
      'coordinator MiB',
      'client MiB',
      'disk MiB',
    ],
    rows: sizes.map((size) => [
      size.devices.toLocaleString('en'),
      short(size.devices / wallSeconds(size)),
      short(cpuEach(size)),
      short(Math.min(...size.rounds.map(({ roles }) => roles.coordinator?.cpuMs ?? 0)) / size.devices),
      short(peak(size, 'coordinator')),
      short(peak(size, 'command line')),
      short(Math.max(...size.diskMiB)),
    ]),
  };
}

function goalsOf(sizes: Size[]): Goal[] {
  const rates = sizes.map((size) => ({ size, rate: size.devices / wallSeconds(size) }));
  const [least, most] = [rates[0], rates.at(-1)];
  if (least === undefined || most === undefined) return [];
  const count = most.size.devices.toLocaleString('en');
  const goals: Goal[] = [
    {
      what: `${count} rehearsed devices`,
      limit: 4_000,
      measured: most.rate,
      unit: ' results/s',
      atLeast: true,
    },
    {
      what: `${count} rehearsed devices: coordinator's memory`,
      limit: 400,
      measured: peak(most.size, 'coordinator'),
      unit: ' MiB',
    },
  ];
  if (least === most) return goals;
  const what = `rate at ${count} to that at ${least.size.devices.toLocaleString('en')}`;
  return [...goals, { what, limit: 0.9, measured: most.rate / least.rate, unit: ' x', atLeast: true }];
}

function peak({ rounds }: Contender, role: string): number {
  return Math.max(...rounds.map(({ roles }) => roles[role]?.peakMiB ?? 0));
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / (1 << 20);
}

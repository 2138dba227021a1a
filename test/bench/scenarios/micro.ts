// The hot stations one by one, each in a process of its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from '../account/account.ts';
import type { Bench, Scenario } from '../bench.ts';
import type { Timed } from '../micro/harness.ts';
import { beside } from '../place.ts';
import { type Section, short } from '../report.ts';
import { least, median } from '../rounds.ts';

const STATIONS = ['reader', 'record', 'ipc', 'intake', 'store', 'fold', 'inventory'];
const TIMEOUT_MS = 300_000;

export const micro: Scenario = {
  about: `what one item costs at the hot stations: ${STATIONS.join(', ')}`,
  run,
};

async function run(bench: Bench): Promise<Section> {
  const all: Timed[] = [];
  for (const station of STATIONS) {
    bench.say(`micro: ${station}`);
    all.push(...(await timed(bench, station)));
  }
  return {
    name: 'micro',
    title: 'Stations',
    notes: ['CPU is that of the whole process; what waits for the disk is in the time alone.'],
    tables: [
      {
        head: ['station', 'CPU us/item', 'us/item', '(median)', 'items/s', 'MB/s'],
        rows: all.map(({ title, items, bytes, cpu, wall }) => [
          title,
          short(least(cpu)),
          short(least(wall)),
          short(median(wall)),
          short(1e6 / least(wall)),
          bytes === 0 ? '' : short(bytes / items / least(wall)),
        ]),
      },
    ],
    goals: [],
    data: all,
  };
}

async function timed({ folder, stop }: Bench, station: string): Promise<Timed[]> {
  const stdout = join(folder, 'micro.out');
  const ran = await measure(
    {
      command: [process.execPath, beside('micro/main.js'), station],
      role: station,
      stdout,
      stderr: `${stdout}.err`,
    },
    { timeoutMs: TIMEOUT_MS, stop },
  );
  if (ran.status !== 0)
    throw new Error(`${station}: exit ${ran.status}\n${readFileSync(`${stdout}.err`, 'utf8')}`);
  const lines = readFileSync(stdout, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Timed); // what micro/main.ts prints
}

// The pictures of the README, made from real sweeps of the rehearsal fleet: `npm run pictures`.
import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Fleet } from '../fleet.ts';
import { Place } from '../place.ts';
import { root } from '../process.ts';
import { record } from './record.ts';
import { type Frame, framesOf, svgOf } from './terminal.ts';

const SIZE = { columns: 100, rows: 32 };

test('the live view and the summary after it', async () => {
  await using place = await Place.open();
  await using fleet = await Fleet.open({
    ...{ devices: 600, segments: 3, siteSize: 0, promptMs: 900, commandMs: 1500, configLines: 30 },
    bad: { refuse: 0.02, 'close-login': 0.01, 'hang-login': 0.005, 'drop-output': 0.01 },
  });
  await inventoryOf(fleet, place);
  const words = ['run', '-y', '-i', 'lab.json', '--forks', '90', '--agents', '3', '--retries', '0'];
  const { bytes } = await record(
    place,
    [...words, '--login-timeout', '4', '-t', 'configs', 'show version'],
    SIZE,
  );
  const frames = await framesOf(bytes, SIZE);
  const views = frames.filter(({ lines }) => lines.some((line) => / running/.test(line)));
  const view = views.findLast(({ lines }) => / [67]\d %/.test(lines[1] ?? '')) ?? views.at(-1);
  await save('live.svg', view, 'netsweep run, while it runs');
  await save('summary.svg', frames.at(-1), 'netsweep run, when it has ended');
}, 300_000);

test('outputs folded under their devices, and compared with the majority', async () => {
  await using place = await Place.open();
  await using fleet = await Fleet.open({ devices: 48, platforms: ['cisco_ios'], configLines: 20, seed: 7 });
  await inventoryOf(fleet, place);
  const words = ['run', '-i', 'lab.json', '--progress', 'off'];
  const command = 'show running-config | include ntp|logging';
  for (const way of ['fold', 'diff']) {
    const { bytes } = await record(place, [...words, `--${way}`, command], SIZE);
    await save(`${way}.svg`, (await framesOf(bytes, SIZE)).at(-1), `netsweep run --${way}`);
  }
}, 300_000);

async function inventoryOf(fleet: Fleet, place: Place): Promise<void> {
  await place.write('lab.json', await readFile(fleet.inventory(), 'utf8'));
}

async function save(name: string, frame: Frame | undefined, title: string): Promise<void> {
  expect(frame).toBeDefined();
  await writeFile(`${root}/docs/pictures/${name}`, svgOf(frame?.rows ?? [], title));
}

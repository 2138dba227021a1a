// `npm run segments`: deploy/README.md from its first line to its last. Hosts are network namespaces with a root file system
// of their own; three segments have the same addresses. Its own commands make coordinator, NATS cluster and agents.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../process.ts';
import { Lab } from './lab.ts';
import { Mirror } from './mirror.ts';
import { Segment } from './segment.ts';
import { type Step, Walk } from './walk.ts';

const README = join(root, 'deploy/README.md');
const SEGMENTS = (process.env.SEGMENTS ?? 'dc1,dc2,dc3').split(',');
const AGENTS = Number(process.env.AGENTS ?? 2);
const DEVICES = Number(process.env.DEVICES ?? 200);

let lab: Lab;
let walk: Walk;
const segments: Segment[] = [];

beforeAll(async () => {
  lab = await Lab.open({ segments: SEGMENTS, agents: AGENTS }, await Mirror.open('nats-server'));
  walk = new Walk(lab, README);
  for (const [at, name] of SEGMENTS.entries()) {
    const options = { devices: DEVICES, seed: at + 1, password: `${name}-password` };
    segments.push(await Segment.open(name, lab.host(`${name}-devices`), options));
  }
  const entries = (await Promise.all(segments.map((segment) => segment.entries()))).flat();
  await writeFile(lab.host('admin').path('/root/devices.json'), JSON.stringify(entries), { mode: 0o600 });
});

afterAll(async () => {
  for (const segment of segments) await segment[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  const seconds = ({ tookMs }: Step) => `${(tookMs / 1000).toFixed(1).padStart(7)} s`;
  const lines = walk.steps.map((step) => `${seconds(step)}  ${step.section}, line ${step.line}`);
  process.stdout.write(`\n${lines.join('\n')}\n`);
});

test('from bare hosts to a first sweep', async () => {
  await walk.through('1.', '2.', '3.', '4.', '5.', '6.', '7.');
  for (const { fleet } of segments) {
    await fleet.quiet();
    expect(
      fleet
        .sessions()
        .map(({ device }) => device)
        .sort(),
    ).toEqual([...fleet.names].sort());
    expect(fleet.sessions().every(({ logins, denied }) => logins === 1 && denied === 0)).toBe(true);
  }
});

test('a copy of the state is the coordinator', async () => {
  const before = await lab.host('admin').do('netsweep sweeps list --json');
  await walk.through('8.');
  expect(await lab.host('admin').do('netsweep sweeps list --json')).toBe(before);
});

test('every process is rolled', async () => {
  await walk.through('9.');
});

test('a stolen agent is out', async () => {
  await walk.through('10.');
});

// One sweep over four agents and over one, with as many sessions and workers in all: dividing must cost no time.
import { type Bench, openFleet, type Scenario } from '../bench.ts';
import { Cluster } from '../cluster.ts';
import { COMMAND, written } from '../programs.ts';
import type { Goal, Section, Table } from '../report.ts';
import { type Contender, contender, contenders, interleave, rolesOf, wallSeconds } from '../rounds.ts';

const DEVICES = 2_000;
const AGENTS = 4;
const TIMEOUT_MS = 600_000;
const SPEEDS = [
  { title: 'without latency', promptMs: 0, commandMs: 0 },
  { title: 'with 300 ms and 1 s of latency', promptMs: 300, commandMs: 1_000 },
];

export const split: Scenario = {
  about: `${DEVICES.toLocaleString('en')} devices over four running agents and over one, with and without latency`,
  run,
};

async function run(bench: Bench): Promise<Section> {
  const devices = bench.options.devices ?? DEVICES;
  const found: { title: string; pair: [Contender, Contender]; notes: string }[] = [];
  for (const speed of SPEEDS) found.push({ title: speed.title, ...(await compared(bench, devices, speed)) });
  const tables = found.flatMap(({ pair }): Table[] => [contenders(pair), rolesOf(pair[1])]);
  const goals = found.map(({ title, pair: [one, four] }): Goal => {
    const measured = wallSeconds(four) / wallSeconds(one);
    return { what: `four agents ${title}: time to that of one agent`, limit: 1, measured, unit: ' x' };
  });
  return {
    name: 'split',
    title: `${devices.toLocaleString('en')} devices over four agents and over one`,
    notes: [...new Set(found.map(({ notes }) => notes))],
    tables,
    goals,
    data: found.map(({ pair }) => pair),
  };
}

async function compared(
  bench: Bench,
  devices: number,
  speed: (typeof SPEEDS)[number],
): Promise<{ pair: [Contender, Contender]; notes: string }> {
  const { options, folder, stop, say } = bench;
  const forks = Math.floor(options.atOnce / AGENTS);
  await using fleet = await openFleet(bench, { devices, ...speed });
  await using single = await Cluster.open(
    { agents: 1, workers: AGENTS, forks: forks * AGENTS },
    folder,
    stop,
  );
  await using divided = await Cluster.open({ agents: AGENTS, workers: 1, forks }, folder, stop);
  const inventory = await written(fleet.devices.slice(0, devices), folder);
  const words = ['run', '-i', inventory, '--format', 'ndjson', '--forks', String(forks * AGENTS), COMMAND];
  const sweep = async (cluster: Cluster) => {
    const ran = await cluster.run(words, TIMEOUT_MS);
    if (ran.status !== 0) throw new Error(`netsweep run: exit ${ran.status}\n${ran.stderr}`);
    return ran;
  };
  const pair: [Contender, Contender] = [
    contender(`one agent, ${AGENTS} workers, ${speed.title}`, devices, () => sweep(single)),
    contender(`four agents, one worker each, ${speed.title}`, devices, () => sweep(divided)),
  ];
  await interleave(options.repeat, pair, say);
  return { pair, notes: `On ${fleet.title}, ${forks * AGENTS} at once.` };
}

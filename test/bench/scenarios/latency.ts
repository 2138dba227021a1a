// Devices as slow as real ones, all on one agent: the time beside bare ssh2 at the same number at once, and what the
// agent and its workers hold in memory meanwhile.
import { type Bench, openFleet, type Scenario } from '../bench.ts';
import { runBare, runOurs } from '../programs.ts';
import type { Goal, Section, Table } from '../report.ts';
import { type Contender, contender, contenders, interleave, rolesOf, wallSeconds } from '../rounds.ts';

const DEVICES = 5_000;
const PROMPT_MS = 300;
const COMMAND_MS = 1_000;

export const latency: Scenario = {
  about: '5,000 devices with 300 ms to the prompt and 1 s per command on one agent, 500 and all at once',
  run,
};

async function run(bench: Bench): Promise<Section> {
  const { options, folder, stop, say } = bench;
  const devices = options.devices ?? DEVICES;
  await using fleet = await openFleet(bench, { devices, promptMs: PROMPT_MS, commandMs: COMMAND_MS });
  const tables: Table[] = [];
  const goals: Goal[] = [];
  const data: Contender[] = [];
  for (const atOnce of [...new Set([Math.min(options.atOnce, devices), devices])]) {
    const work = { devices: fleet.devices, atOnce, folder, stop };
    const count = `${atOnce.toLocaleString('en')} at once`;
    const bare = contender(`bare ssh2, ${count}`, devices, () => runBare(work));
    const ours = contender(`netsweep, ${count}`, devices, () => runOurs(work, { words: ['--agents', '1'] }));
    await interleave(options.repeat, [bare, ours], say);
    tables.push(contenders([bare, ours]), rolesOf(ours));
    goals.push(...goalsOf(`${devices.toLocaleString('en')} slow devices, ${count}`, bare, ours));
    data.push(bare, ours);
  }
  return {
    name: 'latency',
    title: `${devices.toLocaleString('en')} devices with ${PROMPT_MS} ms to the prompt and ${COMMAND_MS / 1000} s per command`,
    notes: [`On ${fleet.title}, one agent.`],
    tables,
    goals,
    data,
  };
}

function goalsOf(what: string, bare: Contender, ours: Contender): Goal[] {
  const held = ours.rounds.map(
    ({ roles }) => (roles.agents?.residentMiB ?? 0) + (roles.workers?.residentMiB ?? 0),
  );
  return [
    {
      what: `${what}: time to that of bare ssh2`,
      limit: 1.3,
      measured: wallSeconds(ours) / wallSeconds(bare),
      unit: ' x',
    },
    { what: `${what}: agent and workers together`, limit: 600, measured: Math.max(...held), unit: ' MiB' },
  ];
}

// Many devices without latency: what the whole pipeline costs beside bare ssh2, and where.
import { type Bench, openFleet, type Scenario } from '../bench.ts';
import { runBare, runOurs } from '../programs.ts';
import type { Section } from '../report.ts';
import { contender, contenders, cpuEach, interleave, rolesOf } from '../rounds.ts';

export function many(name: string, devices: number, ratio: number): Scenario {
  return {
    about: `${devices.toLocaleString('en')} devices without latency, beside bare ssh2`,
    run: (bench) => run(bench, { name, devices: bench.options.devices ?? devices, ratio }),
  };
}

async function run(
  bench: Bench,
  { name, devices, ratio }: { name: string; devices: number; ratio: number },
): Promise<Section> {
  const { options, folder, stop, say } = bench;
  await using fleet = await openFleet(bench, { devices, promptMs: 0, commandMs: 0 });
  const work = { devices: fleet.devices, atOnce: options.atOnce, folder, stop };
  const bare = contender('bare ssh2', devices, () => runBare(work));
  const ours = contender('netsweep', devices, () => runOurs(work));
  await interleave(options.repeat, [bare, ours], say);
  const count = devices.toLocaleString('en');
  return {
    name,
    title: `${count} devices without latency, ${options.atOnce} at once`,
    notes: [`On ${fleet.title}.`],
    tables: [contenders([bare, ours]), rolesOf(ours)],
    goals: [
      {
        what: `${count} devices: CPU of the whole pipeline to that of bare ssh2`,
        limit: ratio,
        measured: cpuEach(ours) / cpuEach(bare),
        unit: ' x',
      },
    ],
    data: [bare, ours],
  };
}

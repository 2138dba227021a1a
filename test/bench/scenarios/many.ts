// Many devices without latency: what the whole pipeline costs beside bare ssh2, and where.
import { type Bench, openFleet, type Scenario } from '../bench.ts';
import { runBare, runOurs } from '../programs.ts';
import { type Goal, type Section, short } from '../report.ts';
import { contender, contenders, cpuEach, interleave, least, rolesOf } from '../rounds.ts';

/** Of the devices: to see that a device costs no more among many. */
const FEWER = 0.1;

interface Size {
  devices: number;
  /** Most CPU, to that of bare ssh2. */
  ratio: number;
  /** Compared with a tenth of the devices as well. */
  grows: boolean;
}

export function many(name: string, size: Size): Scenario {
  return {
    about: `${size.devices.toLocaleString('en')} devices without latency, beside bare ssh2`,
    run: (bench) => run(bench, name, { ...size, devices: bench.options.devices ?? size.devices }),
  };
}

async function run(bench: Bench, name: string, { devices, ratio, grows }: Size): Promise<Section> {
  const { options, folder, stop, say } = bench;
  await using fleet = await openFleet(bench, { devices, promptMs: 0, commandMs: 0 });
  const work = { devices: fleet.devices, atOnce: options.atOnce, folder, stop };
  const small = { ...work, devices: fleet.devices.slice(0, Math.ceil(devices * FEWER)) };
  const bare = contender('bare ssh2', devices, () => runBare(work));
  const fleetMs: number[] = [];
  const ours = contender('netsweep', devices, async () => {
    const before = fleet.cpuMs();
    const measured = await runOurs(work);
    const now = fleet.cpuMs();
    if (before !== null && now !== null) fleetMs.push(now - before);
    return measured;
  });
  const fewer = contender(`netsweep, ${small.devices.length} devices`, small.devices.length, () =>
    runOurs(small),
  );
  const others = grows ? [fewer] : [];
  await interleave(options.repeat, [bare, ours, ...others], say);
  const count = devices.toLocaleString('en');
  return {
    name,
    title: `${count} devices without latency, ${options.atOnce} at once`,
    notes: [
      `On ${fleet.title}.`,
      ...(fleetMs.length === 0
        ? []
        : [`The fleet itself: ${short(least(fleetMs) / devices)} ms CPU for a session of ours.`]),
    ],
    tables: [contenders([bare, ours, ...others]), rolesOf(ours)],
    goals: [
      {
        what: `${count} devices: CPU of the whole pipeline to that of bare ssh2`,
        limit: ratio,
        measured: cpuEach(ours) / cpuEach(bare),
        unit: ' x',
      },
      ...others.map((one) => ({
        what: `cost per device at ${count} to that at ${one.devices.toLocaleString('en')}`,
        limit: 1,
        measured: cpuEach(ours) / cpuEach(one),
        unit: ' x',
      })),
      ...(fleetMs.length === 0 ? [] : [ofFleet(least(fleetMs) / devices, cpuEach(ours))]),
    ],
    data: [bare, ours, ...others],
  };
}

/** What is measured must not be the fleet. */
function ofFleet(fleetMs: number, oursMs: number): Goal {
  return {
    what: 'CPU of the rehearsal fleet for a session to ours',
    limit: 0.5,
    measured: fleetMs / oursMs,
    unit: ' x',
  };
}

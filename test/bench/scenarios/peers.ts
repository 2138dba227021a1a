// What else is installed for this work, beside bare ssh2 and ourselves.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Measured, measure } from '../account/account.ts';
import { type Bench, openFleet, type Scenario } from '../bench.ts';
import { type Peer, peers } from '../peers/peers.ts';
import { runBare, runOurs, type Work } from '../programs.ts';
import type { Goal, Section } from '../report.ts';
import { type Contender, contender, contenders, cpuEach, interleave } from '../rounds.ts';

const DEVICES = 1_000;
const MANY = 10_000;
/** A peer that answers for fewer than this share is compared with nobody. */
const WHOLE = 0.95;
const TIMEOUT_MS = 180_000;

export const beside: Scenario = {
  about: 'clush, parallel-ssh, ansible, netmiko and nornir, as far as installed, at 200 to 500 devices',
  run,
};

/** A peer and how many devices answered it in its worst round. */
interface Counted extends Contender {
  peer: Peer;
  answered: number[];
}

async function run(bench: Bench): Promise<Section> {
  const { options, folder, stop, say } = bench;
  const counts = options.devices === null ? [DEVICES, MANY] : [options.devices];
  await using fleet = await openFleet(bench, { devices: Math.max(...counts), promptMs: 0, commandMs: 0 });
  const work = { devices: fleet.devices, atOnce: options.atOnce, folder, stop };
  const all = peers();
  const able = all.filter(({ version, byKey }) => version !== null && (!byKey || fleet.key !== null));
  const [least = 0] = counts;
  const of = (count: number) => ({ ...work, devices: work.devices.slice(0, count) });
  const bare = contender('bare ssh2', least, () => runBare(of(least)));
  const ours = counts.map((count) =>
    contender(`netsweep, ${count.toLocaleString('en')} devices`, count, () => runOurs(of(count))),
  );
  const others = able.map((peer) => counted(peer, work, fleet.key ?? ''));
  await interleave(options.repeat, [bare, ...ours, ...others], say);
  return {
    name: 'peers',
    title: 'Beside other programs',
    notes: [`On ${fleet.title}.`, ...others.map(completeness), ...missing(all, fleet.key !== null)],
    tables: [contenders([bare, ...ours, ...others])],
    goals: goalsOf(ours, others),
    data: [bare, ...ours, ...others].map(({ title, devices, rounds }) => ({ title, devices, rounds })),
  };
}

function goalsOf(ours: Contender[], others: Counted[]): Goal[] {
  const reliable = others.filter(({ answered, devices }) => Math.min(...answered) >= WHOLE * devices);
  const [best] = reliable.sort((a, b) => cpuEach(a) - cpuEach(b));
  if (best === undefined) return [];
  return ours.map((one) => ({
    what: `${one.title}: CPU per device to that of the best peer (${best.title})`,
    limit: 0.25,
    measured: cpuEach(one) / cpuEach(best),
    unit: ' x',
  }));
}

function counted(peer: Peer, work: Work, key: string): Counted {
  const able = work.devices.filter(({ port }) => !peer.onePort || port === work.devices[0]?.port);
  const devices = able.slice(0, peer.devices);
  const answered: number[] = [];
  const run = async () => {
    const { measured, whole } = await runPeer(peer, { ...work, devices }, key);
    answered.push(whole);
    return measured;
  };
  return { ...contender(peer.title, devices.length, run), peer, answered };
}

async function runPeer(peer: Peer, work: Work, key: string): Promise<{ measured: Measured; whole: number }> {
  const { command, env = {} } = await peer.start(work, key);
  const stdout = join(work.folder, 'peer.out');
  const measured = await measure(
    { command, role: 'peer', env, stdout, stderr: `${stdout}.err` },
    { timeoutMs: TIMEOUT_MS, stop: work.stop },
  );
  return { measured, whole: peer.answered(readFileSync(stdout, 'latin1')) };
}

function completeness({ title, devices, peer, answered }: Counted): string {
  const worst = Math.min(...answered);
  const lost = worst === devices ? '' : `, at worst ${worst} of ${devices} outputs whole`;
  return `${title}: ${devices} devices, version ${peer.version}${lost}.`;
}

function missing(all: Peer[], hasKey: boolean): string[] {
  const absent = all.filter(({ version }) => version === null).map(({ title }) => title);
  const keyless = all.filter(({ version, byKey }) => version !== null && byKey && !hasKey);
  return [
    ...(absent.length === 0 ? [] : [`Not installed: ${absent.join('; ')}.`]),
    ...(keyless.length === 0
      ? []
      : [`Left out without --identity: ${keyless.map(({ title }) => title).join('; ')}.`]),
  ];
}

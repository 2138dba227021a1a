// `npm run segments`: deploy/README.md from its first line to its last. Hosts are network namespaces with a root file system
// of their own; three segments have the same addresses. Its own commands make coordinator, NATS cluster and agents.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Result, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { Place } from '../place.ts';
import { root, until } from '../process.ts';
import { Lab } from './lab.ts';
import { Mirror } from './mirror.ts';
import { Packages } from './packages.ts';
import { isWrong, tryAll, tryThroughRouters } from './reach.ts';
import { Segment } from './segment.ts';
import { logins, overlapped, rework, Sweep, type Visit } from './sweep.ts';
import { Walk } from './walk.ts';

const README = join(root, 'deploy/README.md');
const SEGMENTS = ['dc1', 'dc2', 'dc3'];
const AGENTS = 2;
/** In each segment. */
const DEVICES = Number(process.env.DEVICES ?? 200);
/** A session takes some seconds, so that some are open whenever a process ends. */
const PROMPT_MS = 500;
const COMMAND_MS = 2_500;
const TOTAL = SEGMENTS.length * DEVICES;
/** How long a result may be on its way to the coordinator's disk on a busy machine, in ms. */
const ON_ITS_WAY_MS = 3_000;

let lab: Lab;
let walk: Walk;
let place: Place;
let packages: Packages;
const segments: Segment[] = [];

beforeAll(async () => {
  place = await Place.open();
  packages = await Packages.open(place.folder);
  lab = await Lab.open({ segments: SEGMENTS, agents: AGENTS }, await Mirror.open('nats-server'));
  walk = new Walk(lab, README);
  await packages.layOut(lab.host('admin'), 'first');
  for (const [at, name] of SEGMENTS.entries()) {
    const about = { devices: DEVICES, seed: at + 1, password: `${name}-password`, configLines: 60 };
    const options = { ...about, promptMs: PROMPT_MS, commandMs: COMMAND_MS };
    segments.push(await Segment.open(name, lab.host(`${name}-devices`), options));
  }
  const entries = (await Promise.all(segments.map((segment) => segment.entries()))).flat();
  await writeFile(lab.host('admin').path('/root/devices.json'), JSON.stringify(entries), { mode: 0o600 });
});

afterAll(async () => {
  for (const segment of segments) await segment[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
  const lines =
    walk?.steps.map((step) => `${seconds(step.tookMs).padStart(6)}  ${step.section}, line ${step.line}`) ??
    [];
  process.stdout.write(`\n${lines.join('\n')}\n`);
});

/** Every device ended ok, once, with its own answers; the three who know of it agree. */
async function checkSweep(
  sweep: Sweep,
  results: Result[],
  again: (visit: Visit) => number,
): Promise<Visit[]> {
  const names = segments.flatMap(({ name, fleet }) => fleet.names.map((device) => `${name}.${device}`));
  expect(results.map(({ device }) => device).sort(), 'each device once').toEqual(names.sort());
  expect(troubles(results)).toEqual([]);
  for (const { name, fleet } of segments) {
    const own = results.filter(({ segment }) => segment === name);
    expect(own.length).toBe(DEVICES);
    expect(own.filter(({ agent }) => !agent?.startsWith(`${name}-`))).toEqual([]);
    const wrong = own.filter(
      ({ device, outputs }) =>
        outputs[0]?.output !== fleet.expected(device.slice(name.length + 1), sweep.command),
    );
    expect(
      wrong.map(({ device }) => device),
      'outputs of another device, or not whole',
    ).toEqual([]);
  }
  const shown = await lab.host('admin').do(`netsweep sweeps show ${results[0]?.sweep} --json`);
  const { status, counts } = JSON.parse(shown) as { status: string; counts: Record<string, number> };
  expect({ status, selected: counts.selected, ok: counts.ok }).toEqual({
    status: 'ended',
    selected: names.length,
    ok: names.length,
  });
  const visits = await sweep.visits(segments);
  expect(visits.filter(overlapped), 'devices with two sessions at once').toEqual([]);
  const wrong = visits.filter((visit) => {
    const ran = visit.sessions.filter(({ commands }) => commands.includes(sweep.command)).length;
    const most = 1 + again(visit);
    return (
      ran < 1 ||
      ran > most ||
      logins(visit.sessions) > most ||
      visit.sessions.some(({ denied }) => denied > 0)
    );
  });
  expect(wrong, 'devices that were logged in to or asked too often').toEqual([]);
  return visits;
}

function tell(figure: string): void {
  process.stdout.write(`${figure}\n`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}

/**
 * Logins per second of a sweep that processes are rolled in: it has to last longer than that, and how long that takes
 * follows from how long the packages took to install.
 */
function rate(timesInstalled: number): string {
  const installedMs = walk.steps.reduce(
    (sum, { section, tookMs }) => sum + (section.startsWith('2.') ? tookMs : 0),
    0,
  );
  return String(Math.min(8, Math.max(2, Math.floor((TOTAL * 1_000) / (timesInstalled * installedMs)))));
}

interface Death {
  name: string;
  at: number;
  /** When the process was well again. */
  over: number;
}

/** Whether a device was in a session, or its result still on its way, when the process died that it depends on. */
function mayHaveCut({ name, at, over }: Death, { device, sessions }: Visit): boolean {
  if (name.startsWith('nats-')) return false;
  if (name !== 'coordinator' && !device.startsWith(`${name.slice(0, -2)}.`)) return false;
  // Agents wait for a coordinator that is away for as long as their leases last.
  const until = name === 'coordinator' ? over : at;
  return sessions.some((session) => session.from <= until && session.to >= at - ON_ITS_WAY_MS);
}

/** Host, unit, and where it says that it is well. */
function services({ agents }: Lab): [string, string, string][] {
  const well = (port: number, path: string) => `http://127.0.0.1:${port}/${path}`;
  return [
    ...['nats-1', 'nats-2', 'nats-3'].map((name) => [name, 'netsweep-nats', well(8222, 'healthz')] as const),
    ['coordinator', 'netsweep', well(7441, 'readyz')] as const,
    ...agents.map((name) => [name, 'netsweep-agent', well(7442, 'readyz')] as const),
  ].map((row) => [...row]);
}

test('from bare hosts to a first sweep', async () => {
  const began = performance.now();
  await walk.through('1.', '2.', '3.', '4.', '5.', '6.', '7.');
  tell(`bare hosts to the end of the first sweep: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  for (const { fleet } of segments) {
    await fleet.quiet();
    const sessions = fleet.sessions();
    expect(sessions.map(({ device }) => device).sort()).toEqual([...fleet.names].sort());
    expect(sessions.every((session) => session.logins === 1 && session.denied === 0)).toBe(true);
  }
});

test('hosts reach each other only where the page says so', async () => {
  const counted = segments.map(({ fleet }) => fleet.sessions().length);
  const attempts = [...(await tryAll(lab, { services: true })), ...(await tryThroughRouters(lab))];
  expect(attempts.filter((attempt) => isWrong(lab, attempt))).toEqual([]);
  tell(
    `${attempts.length} attempts to connect, ${attempts.filter(({ reached }) => reached !== null).length} of them let through`,
  );
  for (const [at, { fleet }] of segments.entries()) {
    const more = () => fleet.sessions().length - (counted[at] ?? 0);
    await until('its own agents have been there', () => more() >= AGENTS);
    await fleet.quiet();
    expect(more(), 'none but its own agents').toBe(AGENTS);
  }
});

test('every process is rolled in a sweep: nothing is lost, nothing is done twice', async () => {
  await packages.layOut(lab.host('admin'), 'next');
  const sweep = new Sweep(lab, 'show version', '--login-rate', rate(2.5));
  await until('the sweep is under way', () => sweep.done > 20 || sweep.ended);
  const began = performance.now();
  await walk.through('9.');
  const [rolledMs, left] = [performance.now() - began, TOTAL - sweep.done];
  const results = await sweep.results();
  const visits = await checkSweep(sweep, results, () => 0);
  tell(
    `every process rolled within ${seconds(rolledMs)}, ${left} of ${TOTAL} devices were left then: rework ${rework(visits)}`,
  );
  expect(rework(visits)).toBe(0);
  expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
  expect(left, 'the sweep outlasts it').toBeGreaterThan(0);
});

test('every process is killed in a sweep: nothing is lost, and only what was under way is done again', async () => {
  const sweep = new Sweep(lab, 'show version', '--login-rate', rate(1.5));
  await until('the sweep is under way', () => sweep.done > 20 || sweep.ended);
  const deaths: Death[] = [];
  for (const [name, unit, well] of services(lab)) {
    const host = lab.host(name);
    await host.do(`systemctl kill --signal=SIGKILL ${unit}`);
    deaths.push({ name, at: monotonicMs(), over: Number.POSITIVE_INFINITY });
    await host.do(`systemctl start ${unit}; until wget -qO- ${well}; do sleep 0.2; done`);
    Object.assign(deaths.at(-1) ?? {}, { over: monotonicMs() });
  }
  const left = TOTAL - sweep.done;
  const results = await sweep.results();
  const cut = (visit: Visit) => deaths.filter((death) => mayHaveCut(death, visit)).length;
  const visits = await checkSweep(sweep, results, cut);
  const again = visits.filter(({ sessions }) => logins(sessions) > 1).length;
  tell(
    `every process killed within ${seconds((deaths.at(-1)?.over ?? 0) - (deaths[0]?.at ?? 0))}, ` +
      `${left} of ${TOTAL} devices were left then: rework ${rework(visits)}, of ${again} devices; ` +
      `${visits.filter((visit) => cut(visit) > 0).length} were under way at some death that may touch them`,
  );
  expect(left, 'the sweep outlasts it').toBeGreaterThan(0);
});

test('a copy of the state is the coordinator', async () => {
  const before = await lab.host('admin').do('netsweep sweeps list --json');
  await walk.through('8.');
  expect(await lab.host('admin').do('netsweep sweeps list --json')).toBe(before);
});

test('a stolen agent is out, its sibling does its work, and another takes its place', async () => {
  const [revoke, ...afterwards] = walk.blocks('10.');
  if (revoke === undefined) throw new Error('the page revokes nobody');
  await walk.take(revoke);
  const stolen = lab.host('dc3-b');
  const ended = async () => (await stolen.try('systemctl is-active netsweep-agent')).status !== 0;
  await until('it has ended', ended);
  await stolen.do('systemctl start netsweep-agent');
  await until('it has ended again', ended);
  expect(await stolen.do('tail -n 5 /var/log/netsweep-agent.service.log')).toMatch(/revoked/);
  const results = await new Sweep(lab, 'show version', '-l', 'segment=dc3').results();
  expect([results.length, ...new Set(results.map(({ agent }) => agent))]).toEqual([DEVICES, 'dc3-a']);
  for (const block of afterwards) await walk.take(block);
  const agents = JSON.parse(await lab.host('admin').do('netsweep agents list --json')) as { state: string }[];
  expect(agents.map(({ state }) => state)).toEqual(lab.agents.map(() => 'present'));
});

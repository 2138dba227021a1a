// How well the pace is held: real programs in a network namespace of their own, where the fleet has addresses that are
// not on loopback. Four agents, two sweeps beside each other, one domain; the fleet's log decides. `npm run pace`, on a
// machine that is idle otherwise: what a stalled process of the fleet writes late counts as late.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Fleet } from '../fleet.ts';
import { namespacesMissing, startNamespaces } from '../netns.ts';
import { asRoot, output, program, Running, root } from '../process.ts';

const RATE = Number(process.env.PACE_RATE ?? 50);
const DEVICES = 16 * RATE;
const PORT = 2200;
const SECOND_MS = 1_000;

test.skipIf(namespacesMissing !== null)('four agents and two sweeps hold one rate', async () => {
  await using namespaces = await startNamespaces();
  const { a: inside } = namespaces;
  const local = ['-n', inside.name, 'route', 'add', 'local', '10.66.0.0/16', 'dev', 'lo'];
  await output(...asRoot(program('ip') ?? 'ip', local));
  await using fleet = await Fleet.open({ devices: DEVICES, platforms: ['cisco_ios'], siteSize: 0, inside });
  const [file, args] = inside.command(process.execPath, [
    join(root, 'test/e2e/relay.mjs'),
    ...[String(fleet.port), String(PORT)],
  ]);
  await using relay = new Running(file, args, { onParentExit: 'killed' });
  await relay.logged(/^ready/m);
  const halves = await Promise.all([0, 1].map((half) => inventory(fleet, half)));
  const runs = await Promise.all(
    halves.map((path) =>
      inside.run(
        process.execPath,
        [
          join(root, 'dist/coordinator/main.js'),
          ...['run', '-i', path, '--state', join(fleet.folder, 'state'), '--agents', '4', '-y', '-q'],
          ...['--login-rate', String(RATE), '--format', 'json', 'show version'],
        ],
        { timeoutMs: 120_000 },
      ),
    ),
  );
  for (const { stdout, stderr } of runs)
    expect(JSON.parse(stdout).counts, stderr).toMatchObject({ selected: DEVICES / 2, ok: DEVICES / 2 });
  await fleet.quiet();
  const events = fleet.events();
  const logins = events.filter(({ event }) => event === 'login' || event === 'denied').map(({ t }) => t);
  const figures = figuresOf(logins);
  const connected = new Map(
    events.filter(({ event }) => event === 'connect').map(({ session, t }) => [session, t]),
  );
  const waits = events
    .filter(({ event }) => event === 'login')
    .map(({ session, t }) => t - (connected.get(session) ?? t))
    .sort((one, other) => one - other);
  const wait = (share: number) => Math.round(waits[Math.floor((waits.length - 1) * share)] ?? 0);
  console.log(
    [
      `rate ${RATE}: ${figures.perSecond.toFixed(2)} logins per second over ${figures.seconds.toFixed(1)} s`,
      `most in a second of the clock ${figures.mostByClock}, in any second ${figures.mostInAny}`,
      `from connect to login: half within ${wait(0.5)} ms, all within ${wait(1)} ms`,
    ].join('\n'),
  );
  expect(Math.abs(figures.perSecond - RATE)).toBeLessThanOrEqual(RATE / 50);
  expect(figures.mostByClock).toBeLessThanOrEqual(RATE);
});

/** Half of the fleet, by the addresses of the relay. */
async function inventory(fleet: Fleet, half: number): Promise<string> {
  const { defaults, devices } = JSON.parse(await readFile(fleet.inventory(), 'utf8'));
  const names = fleet.names.filter((_name, at) => at % 2 === half);
  const moved = names.map((name) => {
    const { host, ...fields } = devices[name];
    return [name, { ...fields, host: host.replace(/^127\.1\./, '10.66.'), port: PORT }];
  });
  const path = join(fleet.folder, `half${half}.json`);
  await writeFile(path, JSON.stringify({ defaults, devices: Object.fromEntries(moved) }), { mode: 0o600 });
  return path;
}

function figuresOf(times: number[]) {
  const sorted = [...times].sort((one, other) => one - other);
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  const seconds = (last - first) / SECOND_MS;
  const byClock = new Map<number, number>();
  let [mostInAny, from] = [0, 0];
  for (const [at, time] of sorted.entries()) {
    const second = Math.floor(time / SECOND_MS);
    byClock.set(second, (byClock.get(second) ?? 0) + 1);
    while ((sorted[from] ?? 0) <= time - SECOND_MS) from += 1;
    mostInAny = Math.max(mostInAny, at - from + 1);
  }
  return {
    seconds,
    perSecond: (sorted.length - 1) / seconds,
    mostByClock: Math.max(...byClock.values()),
    mostInAny,
  };
}

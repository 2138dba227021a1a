// `npm run nemesis`: servers of a NATS cluster of three die, sleep, and lose their stores at random, alone and in
// pairs, for ten minutes of sweeps. Every sweep has to end as if nothing had been, and what one fault does to the pace
// has to stay within bounds; what there was of it is printed.
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dice, fraction, pick } from '../../agent/fleet/dice.ts';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import type { Nats } from '../nats.ts';
import { type NatsCluster, startNatsCluster } from '../natscluster.ts';
import { checkWitnesses } from '../witness.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const MINUTES = Number(process.env.MINUTES ?? 10);
const COMMAND = 'show version';
/** Longest time without a new session while one server or two are away, in ms. */
const UNAVAILABLE_MS = 10_000;
/** What a session takes at most on a busy machine, in ms. */
const SESSION_MS = 4_000;

type Step = (servers: Nats[], awayMs: number) => Promise<void>;

const die: Step = async (servers, awayMs) => {
  for (const server of servers) await server.stop('SIGKILL');
  await delay(awayMs);
  for (const server of servers) await server.start();
};

const sleep: Step = async (servers, awayMs) => {
  for (const server of servers) server.kill('SIGSTOP');
  await delay(awayMs);
  for (const server of servers) server.kill('SIGCONT');
};

const loseStores: Step = async (servers, awayMs) => {
  for (const server of servers) await server.stop('SIGKILL');
  for (const { folder } of servers) await rm(join(folder, 'store'), { recursive: true });
  await delay(awayMs);
  for (const server of servers) await server.start();
};

const STEPS: [string, Step][] = [
  ['killed', die],
  ['asleep', sleep],
  ['without its store', loseStores],
];
const WHO = ['one', 'the leader', 'two', 'all'] as const;

/** Strikes until `over` says so; counts what it did. */
async function nemesis(nats: NatsCluster, over: () => boolean): Promise<Map<string, number>> {
  const done = new Map<string, number>();
  for (let n = 0; !over(); n++) {
    const who = pick(WHO, dice(SEED, n, 'who'));
    const [what, step] = STEPS[dice(SEED, n, 'what') % STEPS.length] ?? ['killed', die];
    const turn = dice(SEED, n, 'which') % nats.names.length;
    const names = [...nats.names.slice(turn), ...nats.names.slice(0, turn)];
    const chosen =
      who === 'the leader' ? [await nats.leader()] : names.slice(0, { one: 1, two: 2, all: 3 }[who]);
    await step(
      chosen.map((name) => nats.server(name)),
      500 + fraction(SEED, n, 'away') * (who === 'one' ? 25_000 : 8_000),
    );
    done.set(`${who} ${what}`, (done.get(`${who} ${what}`) ?? 0) + 1);
    await delay(1_000 + fraction(SEED, n, 'rest') * 5_000);
  }
  return done;
}

test(`sweeps come through ${MINUTES} minutes of it (SEED=${SEED} MINUTES=${MINUTES} npm run nemesis)`, async () => {
  const end = Date.now() + MINUTES * 60_000;
  await using nats = await startNatsCluster();
  await using cluster = await startCluster({
    devices: 60,
    segments: 2,
    commandMs: 1_000,
    servers: nats.url,
    agents: [
      { name: 'one', segments: ['segment-1'] },
      { name: 'two', segments: ['segment-1', 'segment-2'] },
    ],
  });
  const { fleet } = cluster;
  await using first = cluster.start([COMMAND]);
  await first.finished;
  const struck = nemesis(nats, () => Date.now() > end);
  let [sweeps, longest] = [0, 0];
  while (Date.now() < end) {
    const since = monotonicMs();
    await using run = cluster.start(['--forks', '6', COMMAND]);
    const { status, stdout, stderr } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }, stderr).toEqual({ status: 0, troubles: [] });
    await checkWitnesses({ cluster, results, command: COMMAND, since });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    const starts = [since, ...fleet.asked(COMMAND, since).map(({ from }) => from)];
    longest = Math.max(longest, ...starts.slice(1).map((from, at) => from - (starts[at] ?? from)));
    sweeps += 1;
  }
  const done = await struck;
  const steps = [...done.values()].reduce((sum, count) => sum + count, 0);
  const lines = [...done].sort().map(([what, count]) => `  ${String(count).padStart(3)}  ${what}`);
  process.stdout.write(
    `seed ${SEED}: ${sweeps} sweeps of ${fleet.names.length} devices through ${steps} faults\n${lines.join('\n')}\n` +
      `longest time without a new session: ${(longest / 1000).toFixed(1)} s\n`,
  );
  expect(steps).toBeGreaterThan(0);
  expect(longest).toBeLessThan(UNAVAILABLE_MS + SESSION_MS);
});

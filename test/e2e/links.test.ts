// A few of the bad links of `npm run links`, another choice of seeds each time, and an agent that is cut off from its
// coordinator but not from its devices.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { type FaultName, type LinkName, repeats, sweepOver } from '../links/links.ts';
import { until } from '../process.ts';
import { checkWitnesses, fault, inFlight } from '../witness.ts';

const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));
const SAMPLE: [LinkName, FaultName][] = [
  ['agent-coordinator', 'stop up'],
  ['agent-coordinator', 'narrow'],
  ['agent-coordinator', 'corrupt'],
  ['client', 'stop down'],
];
const COMMAND = 'show version';
/** Much later than a lease ends. */
const ANSWER_MS = 25_000;

describe.concurrent('a sweep visits every device once', () => {
  test.each(SAMPLE)('over a bad link: %s: %s', async (link, fault) => {
    const given = { link, fault, seed: SEED };
    const outcome = await sweepOver(given).catch((cause) => {
      throw new Error(repeats(given), { cause });
    });
    expect(outcome.fired, repeats(given)).toBeGreaterThan(0);
  });

  test('when an agent is cut off from its coordinator alone: it lets go of its devices by its lease', async () => {
    await using cluster = await startCluster({
      devices: 3,
      commandMs: ANSWER_MS,
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'], forks: 3 }],
      proxied: true,
    });
    const { fleet } = cluster;
    const link = cluster.linksOf('one').coordinator;
    await using run = cluster.start([COMMAND]);
    await until('all are asked', () => fleet.asked(COMMAND).length === 3);
    const cut = await fault(run, async () => {
      link.stop();
      const since = monotonicMs();
      await until('it has let go', () => fleet.sessions().every(({ to }) => to < Infinity));
      expect(
        fleet.sessions().filter(({ from, to }) => to - from > ANSWER_MS),
        'has waited for its answer',
      ).toEqual([]);
      await delay(4_000);
      expect(fleet.sessions(since), 'nothing new is begun').toEqual([]);
      link.heal();
    });
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    const again = inFlight(fleet, cut);
    await checkWitnesses({
      cluster,
      results,
      command: COMMAND,
      again: (device) => Number(again.has(device)),
    });
    expect(link.up.counts.held + link.down.counts.held).toBeGreaterThan(0);
  });
});

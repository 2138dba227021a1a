// Workers die, freeze and lose their leases at random moments: every device is in a worker, reported, or handed back.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fraction } from '../../agent/fleet/dice.ts';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { Poolside } from './poolside.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const AGAIN = `SEED=${SEED} npx vitest run test/agent/deaths.test.ts`;
const DEVICES = 300;
const AT_ONCE = 24;
const LEASES = 8;
const FAULTS = 40;
/** Only a few: each takes as long as a worker may be silent. */
const FREEZES = 2;

test(`every device ends once, whatever happens to its worker (${AGAIN})`, async () => {
  // One more worker than is at risk of being frozen at a time.
  await using side = await Poolside.open({ workers: 4, sessions: 3, devices: 40 });
  side.beforeAnswer = () => delay(fraction(SEED, side.opened, 'answer') * 60);
  const reasons = new Map<string, number>();
  const tally = (what: string) => reasons.set(what, (reasons.get(what) ?? 0) + 1);
  let [next, ended, over] = [0, 0, false];
  const held = new Map<number, number>();
  const loop = async () => {
    for (let at = next++; at < DEVICES; at = next++) {
      for (let done = false; !done; ) {
        held.set(at, (held.get(at) ?? 0) + 1);
        const end = await side.run(`R${at}`, { lease: `lease ${at % LEASES}` });
        held.set(at, (held.get(at) ?? 0) - 1);
        done = end.$case === 'attempt';
        tally(end.$case === 'attempt' ? end.value.status : end.value.reason);
      }
      ended += 1;
    }
  };
  const sweep = Promise.all(Array.from({ length: AT_ONCE }, loop)).then(() => {
    over = true;
  });
  let [killed, cut] = [0, 0];
  for (let fault = 0; fault < FAULTS && !over; fault++) {
    await delay(20 + fraction(SEED, fault, 'pause') * 130);
    const { pids } = side;
    const victim = pids[Math.floor(fraction(SEED, fault, 'victim') * pids.length)];
    if (fraction(SEED, fault, 'kind') < 0.3) {
      side.pool.abandon(`lease ${Math.floor(fraction(SEED, fault, 'lease') * LEASES)}`);
      cut += 1;
    } else if (victim !== undefined) {
      killed += 1;
      const signal = fault % Math.floor(FAULTS / FREEZES) === 3 ? 'SIGSTOP' : 'SIGKILL';
      try {
        process.kill(victim, signal);
      } catch {
        killed -= 1; // it has just been replaced
      }
    }
  }
  await sweep;
  expect(ended).toBe(DEVICES);
  expect(side.pool.running).toBe(0);
  expect([...held.values()].filter((count) => count !== 0)).toEqual([]);
  expect(reasons.get(Status.OK)).toBe(DEVICES);
  expect(killed, 'faults that fired').toBeGreaterThan(10);
  expect(cut).toBeGreaterThan(2);
  const others = [...reasons.keys()].filter((reason) => reason !== Status.OK);
  expect(others).toContain('its worker was killed by SIGKILL');
  for (const reason of others)
    expect(reason).toMatch(
      /^(its worker was killed by SIGKILL|its worker was silent for 5 s and was killed|its session was c.*|no worker process could be started)$/,
    );
});

// What an agent can't reach is tried from another one, and an agent that does not reach what its siblings reach leaves
// the work to them.

import { describe, expect, test } from 'vitest';
import { trusted } from '../../coordinator/identity/caller.js';
import { Presence } from '../../coordinator/intake/presence.js';
import { Fitness } from '../../coordinator/sweep/fitness.js';
import { Hello } from '../../proto/gen/netsweep/v1/agent.js';
import { Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { device, failing, granted, handedBack, ok, open } from './opened.js';

const sibling = { hasSibling: () => true };
const local = handedBack(false, { local: true, reason: 'no descriptors (EMFILE)' });

describe('a device that could not be connected to', () => {
  test('is tried from another instance, while there is one', () => {
    const { form, claim, result, reports } = open([device(0), device(1)]);
    form(0, 1);
    result(1, granted(claim(1, 0, sibling)).epoch, 0, failing(), 0);
    form(1_000);
    // The same instance gets the other device, and this one is offered again.
    expect(granted(claim(2, 1_000, sibling)).indexes).toEqual([1]);
    expect(form(1_199)).toBeNull();
    form(1_200);
    expect(claim(3, 1_200, sibling)).toMatchObject({
      answer: 'drop',
      reason: expect.stringContaining('another'),
    });
    form(1_400);
    const { epoch, indexes } = granted(claim(4, 1_400, { ...sibling, instance: 'b' }));
    expect(indexes).toEqual([0]);
    result(4, epoch, 0, ok, 1_400);
    expect(reports()).toMatchObject([{ status: Status.OK, attempts: 2 }]);
  });

  test('is tried from the same one where it has no sibling, and when none has come for a while', () => {
    const alone = open([device(0)]);
    alone.form(0);
    alone.result(1, granted(alone.claim(1, 0)).epoch, 0, failing(), 0);
    alone.form(1_000);
    expect(granted(alone.claim(2, 1_000)).indexes).toEqual([0]);

    const waited = open([device(0)]);
    waited.form(0);
    waited.result(1, granted(waited.claim(1, 0, sibling)).epoch, 0, failing(), 0);
    waited.form(11_000);
    expect(granted(waited.claim(2, 11_000, sibling)).indexes).toEqual([0]);
  });

  test('may be tried by anyone when the connection was there', () => {
    const { form, claim, result } = open([device(0)]);
    form(0);
    result(1, granted(claim(1, 0, sibling)).epoch, 0, failing({ stage: Stage.SHELL }), 0);
    form(1_000);
    expect(granted(claim(2, 1_000, sibling)).indexes).toEqual([0]);
  });
});

describe('what an agent has too little of', () => {
  test('is not charged to the device, which another agent may try', () => {
    const { form, claim, result, sweep } = open([device(0)], { retries: 0 });
    form(0);
    result(1, granted(claim(1, 0, sibling)).epoch, 0, local, 0);
    expect(sweep.state(0).row.attempts).toBe(0);
    form(1_000);
    expect(claim(2, 1_000, sibling)).toMatchObject({ answer: 'drop' });
    form(1_200);
    expect(granted(claim(3, 1_200, { ...sibling, instance: 'b' })).indexes).toEqual([0]);
  });

  test('does not keep a sweep for ever', () => {
    const { ledger, form, claim, result, reports } = open([device(0)]);
    let [now, tries] = [0, 0];
    for (; ledger.sweeps.size > 0; now += 1_000) {
      const shard = form(now);
      if (shard === null) continue;
      tries += 1;
      result(shard.row.shard, granted(claim(shard.row.shard, now)).epoch, 0, local, now);
    }
    expect(tries).toBe(9);
    expect(now).toBeGreaterThan(60_000);
    expect(reports()).toMatchObject([
      {
        status: Status.FAILED,
        attempts: 0,
        failure: { kind: Kind.UNREACHABLE, message: expect.stringContaining('EMFILE') },
      },
    ]);
  });
});

describe('an agent that does not reach what its siblings reach', () => {
  /** Fails three connects in a row; the first device is then reached by another. */
  const outdone = (fitness: Fitness, now: number) => {
    for (let n = 0; n < 3; n++) fitness.failed('a', now);
    fitness.reached('b', 'a', now);
  };

  test('rests, for longer each time, and is as good as any once it reaches something', () => {
    const fitness = new Fitness();
    const rests: number[] = [];
    fitness.onRest = (_instance, ms) => rests.push(ms);
    outdone(fitness, 0);
    expect([fitness.restMs('a', 0), fitness.restMs('a', 9_999), fitness.restMs('a', 10_000)]).toEqual([
      10_000, 1, 0,
    ]);
    fitness.failed('a', 10_000);
    expect(fitness.restMs('a', 10_000)).toBe(20_000);
    for (let now = 30_000, n = 0; n < 6; n++, now += 300_000) fitness.failed('a', now);
    expect(rests).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
    fitness.reached('a', '', 3_000_000);
    fitness.failed('a', 3_000_000);
    expect(fitness.restMs('a', 3_000_000)).toBe(0);
  });

  test('does not rest for devices that nobody reaches, nor for a few that were flaky', () => {
    const fitness = new Fitness();
    for (let n = 0; n < 50; n++) fitness.failed(n % 2 === 0 ? 'a' : 'b', n);
    expect([fitness.restMs('a', 50), fitness.restMs('b', 50)]).toEqual([0, 0]);
    fitness.reached('a', '', 50);
    fitness.failed('a', 50);
    fitness.reached('b', 'a', 50);
    fitness.failed('a', 50);
    expect(fitness.restMs('a', 50)).toBe(0);
  });

  test('is granted nothing while it rests, unless it is the only one', () => {
    const { ledger, form, claim } = open([device(0)]);
    form(0);
    outdone(ledger.fitness, 0);
    expect(claim(1, 1_000, sibling)).toEqual({
      answer: 'later',
      ms: 200,
      restMs: 2_000,
      reason: 'its siblings reach what it does not',
    });
    expect(claim(1, 9_000.3, sibling), 'whole, as it travels').toMatchObject({ restMs: 1_000 });
    expect(granted(claim(1, 9_000)).indexes).toEqual([0]);
  });

  test('rests at its third failure through the ledger, where a sibling has got through', () => {
    const devices = [0, 1, 2].map((n) => device(n));
    const { ledger, form, claim, result } = open(devices);
    form(0);
    const { epoch } = granted(claim(1, 0, sibling));
    for (const index of [0, 1, 2]) result(1, epoch, index, index === 2 ? local : failing(), 0);
    expect(ledger.fitness.restMs('a', 0)).toBe(0);
    form(2_000);
    const other = granted(claim(2, 2_000, { ...sibling, instance: 'b' }));
    result(2, other.epoch, 0, ok, 2_000);
    expect(ledger.fitness.restMs('a', 2_000)).toBe(10_000);
    expect(ledger.fitness.restMs('b', 2_000)).toBe(0);
  });

  test('does not count as able beside those that do not rest', () => {
    const resting = new Set(['a']);
    const presence = new Presence(
      () => 0,
      (instance) => resting.has(instance),
    );
    for (const name of ['a', 'b'])
      presence.join({
        hello: Hello.create({ name, instance: name, segments: ['s'], forks: 4 }),
        caller: trusted('local', 'socket'),
        draining: false,
        send: () => undefined,
        end: () => undefined,
      });
    const able = () => presence.able('s').map(({ hello }) => hello.name);
    expect([able(), presence.freeSlots('s'), presence.hasSibling('a', 's')]).toEqual([['b'], 4, true]);
    expect(presence.hasSibling('b', 's')).toBe(false);
    resting.add('b');
    expect([able(), presence.hasSibling('a', 's')]).toEqual([['a', 'b'], false]);
  });
});

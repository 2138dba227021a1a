// The lease rules on a clock of the test's own. Nothing here waits; every schedule is exact or seeded.
import { describe, expect, test } from 'vitest';
import type { Write } from '../../coordinator/store/store.js';
import { Ledger } from '../../coordinator/sweep/ledger.js';
import { Result, Verdict } from '../../proto/gen/netsweep/v1/agent.js';
import { Status, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { device, failing, granted, handedBack, ok, open, TERMS } from './opened.js';

describe('the ledger', () => {
  test('takes one address behind two bastions for two devices', () => {
    const through = (...bastions: string[]) => ({
      host: '10.0.0.1',
      jump: bastions.map((host) => ({ host, port: 22, credential: '', username: '', legacy: false })),
    });
    const { form, claim } = open([
      device(0, through()),
      device(1, through('b1')),
      device(2, through('b1', 'b2')),
      device(3, through('b1')),
    ]);
    form(0, 1);
    form(0, 1);
    expect(granted(claim(1, 0)).indexes).toEqual([0]);
    // Those at one place stay together and run in turn.
    expect(granted(claim(2, 0)).indexes).toEqual([1, 3]);
    form(0, 4);
    expect(granted(claim(3, 0)).indexes).toEqual([2]);
  });

  test('ends every device once and then the sweep', () => {
    const { ledger, form, claim, result, writes, sweep } = open([device(0), device(1)]);
    const shard = form(0);
    const { epoch, indexes } = granted(claim(1, 0));
    expect(shard?.row.shard).toBe(1);
    expect(indexes).toEqual([0, 1]);
    expect(result(1, epoch, 0, ok, 1)).toBe(Verdict.STORED);
    expect(ledger.counts(sweep)).toMatchObject({ selected: 2, ok: 1, running: 1, waiting: 0 });
    expect(result(1, epoch, 1, ok, 1)).toBe(Verdict.STORED);
    expect(ledger.sweeps.size).toBe(0);
    expect(writes.filter(({ write }) => write === 'report')).toHaveLength(2);
    expect(writes.at(-1)).toEqual({ write: 'dropSecrets', sweep: 'S1' });
  });

  test('answers a repeat of the same result as a duplicate and a stranger epoch with discard', () => {
    const { form, claim, result, writes } = open([device(0), device(1)]);
    form(0);
    const { epoch } = granted(claim(1, 0));
    result(1, epoch, 0, ok, 1);
    const before = writes.length;
    expect(result(1, epoch, 0, ok, 2)).toBe(Verdict.DUPLICATE);
    expect(result(1, 'inc.999', 1, ok, 2)).toBe(Verdict.DISCARD);
    expect(writes.slice(before)).toEqual([
      { write: 'lateResults', sweep: 'S1', refused: 0, repeated: 1 },
      { write: 'lateResults', sweep: 'S1', refused: 1, repeated: 1 },
    ]);
  });

  test('a repeat of a claim is answered with what is left, under the same epoch', () => {
    const { form, claim, result } = open([device(0), device(1)]);
    form(0);
    const first = granted(claim(1, 0));
    result(1, first.epoch, 0, ok, 1);
    expect(granted(claim(1, 2))).toEqual({ epoch: first.epoch, indexes: [1] });
  });

  test('another claim of a held shard is put off until the lease could end', () => {
    const { form, claim } = open([device(0)]);
    form(0);
    claim(1, 0);
    expect(claim(1, 4_000, { instance: 'b', claimId: 'c2' })).toEqual({
      answer: 'later',
      ms: 6_000,
      reason: 'held by another',
    });
  });

  test('drops an older offer and a shard that is closed', () => {
    const { ledger, form, claim, writes } = open([device(0)]);
    const shard = form(0);
    if (shard === null) throw new Error('no shard');
    ledger.reoffer(shard, writes);
    expect(claim(1, 0)).toMatchObject({ answer: 'drop' });
    expect(claim(7, 0)).toMatchObject({ answer: 'drop' });
    expect(granted(claim(1, 0, { offer: 2 })).indexes).toEqual([0]);
  });

  test('only the holder renews, and a renewal after the term is refused', () => {
    const { ledger, form, claim } = open([device(0)]);
    form(0);
    const { epoch } = granted(claim(1, 0));
    const lease = { sweep: 'S1', shard: 1, epoch };
    expect(ledger.renew('b', lease, 1_000)).toBe(false);
    expect(ledger.renew('a', lease, 9_000)).toBe(true);
    expect(ledger.renew('a', lease, 18_999)).toBe(true);
    expect(ledger.renew('a', lease, 29_000)).toBe(false);
  });

  test('a lease of which nothing comes for longer than its devices may take is not renewed for ever', () => {
    const { ledger, form, claim, result } = open([device(0), device(1)], {
      retries: 0,
      limits: { connectMs: 0, loginMs: 0, idleMs: 0, commandMs: 0, deviceMs: 20_000 },
    });
    form(0);
    const { epoch } = granted(claim(1, 0));
    const lease = { sweep: 'S1', shard: 1, epoch };
    for (let now = 5_000; now <= 50_000; now += 5_000) expect(ledger.renew('a', lease, now)).toBe(true);
    result(1, epoch, 0, ok, 50_000);
    for (let now = 55_000; now <= 100_000; now += 5_000) expect(ledger.renew('a', lease, now)).toBe(true);
    expect(ledger.renew('a', lease, 100_001)).toBe(false);
  });

  test('a lease that lapses frees its devices only after the lock delay, and its late results change nothing but a count', () => {
    const { ledger, form, claim, result, writes } = open([device(0)]);
    form(0);
    const { epoch } = granted(claim(1, 0));
    expect(ledger.lapse(9_999, 0, writes)).toHaveLength(0);
    expect(ledger.lapse(10_000, 0, writes)).toHaveLength(1);
    expect(form(14_999)).toBeNull();
    expect(form(15_000)?.row.shard).toBe(2);
    const before = writes.length;
    expect(result(1, epoch, 0, ok, 15_000)).toBe(Verdict.DISCARD);
    expect(writes.slice(before)).toEqual([{ write: 'lateResults', sweep: 'S1', refused: 1, repeated: 0 }]);
    const second = granted(
      ledger.claim({ instance: 'b', claimId: 'c2', sweep: 'S1', shard: 2, offer: 1 }, 15_000, writes),
    );
    expect(second.epoch).not.toBe(epoch);
  });

  test('two names of one endpoint go into one shard; another sweep waits for the endpoint', () => {
    const twins = [device(0, { host: 'h' }), device(1, { host: 'h' }), device(2)];
    const { ledger, form, claim, result, writes } = open(twins);
    expect(form(0, 2)?.devices.map((state) => state.device.index)).toEqual([0, 1]);
    const { epoch } = granted(claim(1, 0));
    const row = {
      id: 'S2',
      key: 'k2',
      state: SweepState.RUNNING,
      options: SweepOptions.create({ forks: 9 }),
      startedAtMs: 0,
      endedAtMs: 0,
      reason: '',
      lastShard: 0,
      refusedResults: 0,
      repeatedResults: 0,
    };
    const other = ledger.add(row, [device(0, { host: 'h' })], [], writes);
    expect(ledger.form(other, 's', 9, 1, writes)).toBeNull();
    result(1, epoch, 0, ok, 2);
    expect(ledger.form(other, 's', 9, 2, writes)).toBeNull();
    result(1, epoch, 1, ok, 3);
    expect(ledger.form(other, 's', 9, 3, writes)?.devices).toHaveLength(1);
  });

  test('retries a failure that may pass after a growing pause, then keeps the last one', () => {
    const { form, claim, result, writes } = open([device(0)], { retries: 2 });
    let now = 0;
    for (const [attempt, pause] of [
      [1, 1_000],
      [2, 2_000],
    ] as const) {
      expect(form(now)?.row.shard).toBe(attempt);
      result(attempt, granted(claim(attempt, now)).epoch, 0, failing(), now);
      expect(form(now + pause - 1)).toBeNull();
      now += pause;
    }
    form(now);
    result(3, granted(claim(3, now)).epoch, 0, failing({ message: 'third' }), now);
    const reports = writes.flatMap((write) => (write.write === 'report' ? [write.report] : []));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ status: Status.FAILED, attempts: 3, failure: { message: 'third' } });
    expect(writes.filter(({ write }) => write === 'evidence')).toHaveLength(2);
  });

  test('rests an endpoint that was left uncleanly before it is tried again', () => {
    const { form, claim, result } = open([device(0)]);
    form(0);
    const unclean = failing();
    if (unclean?.$case === 'attempt') unclean.value.leftClean = false;
    result(1, granted(claim(1, 0)).epoch, 0, unclean, 0);
    expect(form(4_999)).toBeNull();
    expect(form(5_000)).not.toBeNull();
  });

  test('a long line of devices that another sweep holds is passed over, in order', () => {
    const many = Array.from({ length: 200_000 }, (_, n) => device(n, { host: `h${n}` }));
    const { ledger, writes } = open([]);
    const add = (id: string) => {
      const options = SweepOptions.create({ forks: 400_000 });
      const row = { id, key: id, state: SweepState.RUNNING, options };
      const numbers = { startedAtMs: 0, endedAtMs: 0, lastShard: 0, refusedResults: 0, repeatedResults: 0 };
      return ledger.add({ ...row, ...numbers, reason: '' }, many, [], writes);
    };
    const held = ledger.form(add('S2'), 's', 199_999, 0, writes);
    const request = { instance: 'a', claimId: 'c', sweep: 'S2', shard: held?.row.shard ?? 0, offer: 1 };
    expect(ledger.claim(request, 0, writes).answer).toBe('grant');
    const free = ledger.form(add('S3'), 's', 10, 1, writes);
    expect(free?.devices.map((state) => state.device.index)).toEqual([199_999]);
  });

  test('a hand-back is no attempt', () => {
    const { sweep, form, claim, result } = open([device(0)]);
    form(0);
    result(1, granted(claim(1, 0)).epoch, 0, handedBack(false), 0);
    expect(sweep.state(0).row.attempts).toBe(0);
    expect(form(0)).not.toBeNull();
  });

  test('cancel ends what waits at once and what is leased when its agent lets go', () => {
    const { ledger, sweep, form, claim, result, writes } = open([device(0), device(1)]);
    form(0, 1);
    const { epoch } = granted(claim(1, 0));
    ledger.cancel(sweep, 'test', 0, writes);
    expect(ledger.counts(sweep)).toMatchObject({ cancelled: 1, running: 1 });
    result(1, epoch, 0, handedBack(true), 1);
    expect(ledger.sweeps.size).toBe(0);
    expect(sweep.row.state).toBe(SweepState.CANCELLED);
  });

  test('a started coordinator holds every lease it finds for a term and the lock delay, renewable by its holder alone', () => {
    const earlier = open([device(0), device(1)]);
    earlier.form(0, 1);
    const { epoch } = granted(earlier.claim(1, 0));
    const row = earlier.sweep.row;
    const ledger = new Ledger('second', TERMS, () => 0);
    const writes: Write[] = [];
    const sweep = ledger.restore(
      {
        row,
        devices: earlier.sweep.states.map(({ device, row, lastFailure }) => ({
          device,
          row: { index: device.index, ...row },
          report: null,
          lastFailure,
        })),
        shards: [
          { sweep: 'S1', shard: 1, segment: 's', offer: 1, epoch, holder: 'a', claimId: 'c1', devices: [0] },
        ],
        credentials: [],
        bastions: [],
        taken: [],
      },
      1_000,
      writes,
    );
    expect(ledger.counts(sweep)).toMatchObject({ selected: 2, running: 1, waiting: 1 });
    expect(ledger.renew('b', { sweep: 'S1', shard: 1, epoch }, 2_000)).toBe(false);
    expect(ledger.lapse(15_999, 0, writes)).toHaveLength(0);
    expect(ledger.renew('a', { sweep: 'S1', shard: 1, epoch }, 15_999)).toBe(true);
    expect(ledger.form(sweep, 's', 9, 16_000, writes)?.devices.map((state) => state.device.index)).toEqual([
      1,
    ]);
    expect(
      ledger.result(
        Result.create({ sweep: 'S1', shard: 1, epoch, index: 0, end: ok }),
        'a',
        16_000,
        0,
        writes,
      ),
    ).toBe(Verdict.STORED);
  });

  test('grants nothing for a term and a lock delay when the store turns out to be older than its agents', () => {
    const { ledger, form, claim } = open([device(0)]);
    form(0);
    ledger.holdAll(0, 0, []);
    expect(claim(1, 14_999)).toMatchObject({ answer: 'later' });
    expect(claim(1, 15_000)).toMatchObject({ answer: 'grant' });
  });
});

// Random schedules of two agents, lost messages, lapses and late results. After every step: counts add up, and no
// endpoint is under two live epochs. At the end every device has ended exactly once.
describe('random schedules', () => {
  const seed = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
  test(`keep every promise (NETSWEEP_TEST_SEED=${seed})`, () => {
    for (let round = 0; round < 300; round++) playOut(seed * 1_000 + round);
  });
});

function playOut(seed: number): void {
  const random = dice(seed);
  const { ledger, sweep, writes, form } = open(
    Array.from({ length: 12 }, (_, n) => device(n, { host: `h${n % 9}` })),
  );
  const leases: { shard: number; epoch: string; left: number[]; endsAt: number }[] = [];
  let now = 0;
  for (let step = 0; step < 5_000 && ledger.sweeps.size > 0; step++) {
    now += Math.floor(random() * 900);
    ledger.lapse(now, 0, writes);
    form(now, 1 + Math.floor(random() * 4));
    const offered = [...ledger.shards()].filter((shard) => shard.lease === null);
    const pick = offered[Math.floor(random() * offered.length)];
    if (pick !== undefined && random() < 0.7) {
      const answer = ledger.claim(
        {
          instance: random() < 0.5 ? 'a' : 'b',
          claimId: `c${step}`,
          sweep: 'S1',
          shard: pick.row.shard,
          offer: pick.row.offer,
        },
        now,
        writes,
      );
      if (answer.answer === 'grant')
        leases.push({ shard: pick.row.shard, ...granted2(answer), endsAt: now + TERMS.termMs });
    }
    // The latest that still have something to say: among all there ever were the living would hardly be heard.
    const speaking = leases.filter(({ left }) => left.length > 0).slice(-6);
    const lease = speaking[Math.floor(random() * speaking.length)];
    const index = lease?.left[0];
    if (lease !== undefined && index !== undefined && random() < 0.5) {
      lease.left.shift();
      const end = random() < 0.6 ? ok : random() < 0.5 ? failing() : handedBack(random() < 0.5);
      const live = ledger.working('S1', lease.epoch, index, now) !== null;
      const verdict = ledger.result(
        Result.create({ sweep: 'S1', shard: lease.shard, epoch: lease.epoch, index, end }),
        'a',
        now,
        0,
        writes,
      );
      expect(verdict === Verdict.STORED).toBe(live);
    }
    const counts = sweep.counts(ledger.running({ sweep }));
    const ended =
      counts.ok + counts.suspect + counts.failed + counts.skipped + counts.cancelled + counts.interrupted;
    expect(ended + counts.running + counts.waiting).toBe(12);
    const holders = new Map<string, string>();
    for (const shard of ledger.shards())
      for (const held of shard.lease?.left ?? []) {
        const { endpoint } = sweep.state(held);
        expect(holders.get(endpoint) ?? shard.lease?.epoch).toBe(shard.lease?.epoch);
        holders.set(endpoint, shard.lease?.epoch ?? '');
      }
  }
  expect(ledger.sweeps.size).toBe(0);
  const reports = writes.flatMap((write) => (write.write === 'report' ? [write.report.device?.index] : []));
  expect([...reports].sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual(Array.from({ length: 12 }, (_, n) => n));
}

function granted2(answer: ReturnType<Ledger['claim']>): { epoch: string; left: number[] } {
  const { epoch, indexes } = granted(answer);
  return { epoch, left: indexes };
}

/** A small generator of its own, so that a seed means the same everywhere. */
function dice(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

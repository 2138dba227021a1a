// A device that makes processes die fails alone: who was there twice runs in a process of its own, and only what dies
// there convicts. Who was there by chance loses nothing by it.
import { describe, expect, test } from 'vitest';
import { runsAlone } from '../../coordinator/sweep/activesweep.js';
import { Kind, Status } from '../../proto/gen/netsweep/v1/model.js';
import { device, granted, handedBack, ok, open, reopened } from './opened.js';

/** What the agent says of a worker that died; `alone`: with nothing else in it. */
const died = (how: string, alone = false) => handedBack(true, { workerLost: true, reason: how, alone });

function devices(count: number) {
  return Array.from({ length: count }, (_, n) => device(n));
}

/** Leases all that is ready, in as many shards as that takes; the indexes of each with their lease. */
function leaseAll(
  books: Pick<ReturnType<typeof open>, 'ledger' | 'sweep' | 'writes'>,
  now: number,
  instance = 'a',
) {
  const { ledger, sweep, writes } = books;
  const leased: { shard: number; epoch: string; indexes: number[] }[] = [];
  for (let formed = ledger.form(sweep, 's', 100, now, writes); formed !== null; ) {
    const { shard, offer } = formed.row;
    const request = { instance, claimId: `c${shard}`, sweep: 'S1', shard, offer };
    leased.push({ shard, ...granted(ledger.claim(request, now, writes)) });
    formed = ledger.form(sweep, 's', 100, now, writes);
  }
  return leased;
}

/** Two workers die with all three devices in session. */
function twice() {
  const books = open(devices(3));
  let now = 0;
  for (const how of ['its worker was killed by SIGSEGV', 'its worker ran out of memory']) {
    const [lease] = leaseAll(books, now);
    expect(lease?.indexes).toEqual([0, 1, 2]);
    for (const index of [0, 1, 2]) books.result(lease?.shard ?? 0, lease?.epoch ?? '', index, died(how), now);
    now += 5_000;
  }
  return { ...books, now };
}

describe('a device that was there when two workers died', () => {
  test('is leased alone, and its third death convicts it, with how each of them came about', () => {
    const { now, ...books } = twice();
    const leases = leaseAll(books, now);
    expect(leases.map(({ indexes }) => indexes)).toEqual([[0], [1], [2]]);
    const [poison, ...innocent] = leases;
    books.result(poison?.shard ?? 0, poison?.epoch ?? '', 0, died('its worker was silent', true), now);
    for (const { shard, epoch, indexes } of innocent) books.result(shard, epoch, indexes[0] ?? 0, ok, now);
    const message =
      '3 processes died in session with it, the last with nothing else in it: ' +
      'its worker was killed by SIGSEGV; its worker ran out of memory; its worker was silent';
    expect(books.reports()).toMatchObject([
      { status: Status.FAILED, attempts: 0, failure: { kind: Kind.WORKER_LOST, message } },
      { status: Status.OK, attempts: 1 },
      { status: Status.OK, attempts: 1 },
    ]);
  });

  test('is not convicted by a death among others, but by many of them', () => {
    const { now, ...books } = twice();
    for (let death = 3; death <= 6; death++) {
      expect(books.reports()).toEqual([]);
      const at = now + death * 5_000;
      const lease = leaseAll(books, at).find(({ indexes }) => indexes[0] === 0);
      books.result(lease?.shard ?? 0, lease?.epoch ?? '', 0, died(`death ${death}`), at);
    }
    expect(books.reports()).toMatchObject([{ failure: { kind: Kind.WORKER_LOST } }]);
  });

  test('is still a suspect after a restart of the coordinator', () => {
    const { now, ...books } = twice();
    const after = reopened(books, now);
    expect(leaseAll(after, now + 15_000).map(({ indexes }) => indexes)).toEqual([[0], [1], [2]]);
  });

  test('does not stand in the way of the others', () => {
    const books = open(devices(60));
    for (const state of books.sweep.states.slice(0, 50))
      books.sweep.change(state, { deaths: ['one', 'two'] }, books.writes);
    const leases = leaseAll(books, 0);
    expect(leases.filter(({ indexes }) => indexes.length === 1)).toHaveLength(32);
    expect(leases.flatMap(({ indexes }) => indexes).filter((index) => index >= 50)).toHaveLength(10);
    const [first] = leases;
    books.result(first?.shard ?? 0, first?.epoch ?? '', 0, ok, 1);
    expect(leaseAll(books, 1).map(({ indexes }) => indexes)).toEqual([[32]]);
  });
});

describe('a lease that is lost', () => {
  const lost = () => {
    const books = open(devices(3));
    const [lease] = leaseAll(books, 0);
    books.ledger.inSession({ sweep: 'S1', epoch: lease?.epoch ?? '', indexes: [0, 1] });
    books.ledger.inSession({ sweep: 'S1', epoch: 'another', indexes: [2] });
    books.ledger.lapse(10_000, 0, books.writes);
    return books;
  };
  const deaths = ({ sweep }: Pick<ReturnType<typeof open>, 'sweep'>) =>
    sweep.states.map(({ row }) => row.deaths.length);

  test('raises suspicion of the devices in session, if its agent does not come back', () => {
    const books = lost();
    expect(deaths(books)).toEqual([1, 1, 0]);
    books.ledger.alive('b', books.writes);
    expect(deaths(books)).toEqual([1, 1, 0]);
    books.ledger.alive('a', books.writes);
    expect(deaths(books)).toEqual([0, 0, 0]);
    expect(books.writes.filter(({ write }) => write === 'device').slice(-2)).toMatchObject([
      { row: { index: 0, deaths: [] } },
      { row: { index: 1, deaths: [] } },
    ]);
  });

  test('twice makes them run alone', () => {
    const books = lost();
    const [lease] = leaseAll(books, 15_000, 'b');
    books.ledger.inSession({ sweep: 'S1', epoch: lease?.epoch ?? '', indexes: [0] });
    books.ledger.lapse(25_000, 0, books.writes);
    expect(books.sweep.states.map(runsAlone)).toEqual([true, false, false]);
    expect(leaseAll(books, 30_000).map(({ indexes }) => indexes)).toEqual([[0], [1, 2]]);
  });

  test('raises none when the coordinator was away, when the agent lets go, or once the device has ended', () => {
    const before = open(devices(1));
    const [lease] = leaseAll(before, 0);
    before.ledger.inSession({ sweep: 'S1', epoch: lease?.epoch ?? '', indexes: [0] });
    const after = reopened(before, 1_000);
    after.ledger.lapse(16_000, 0, after.writes);
    expect(deaths(after)).toEqual([0]);

    const drained = open(devices(1));
    const [held] = leaseAll(drained, 0);
    drained.ledger.inSession({ sweep: 'S1', epoch: held?.epoch ?? '', indexes: [0] });
    drained.result(held?.shard ?? 0, held?.epoch ?? '', 0, handedBack(true), 1);
    expect(deaths(drained)).toEqual([0]);

    const books = lost();
    for (const { shard, epoch, indexes } of leaseAll(books, 15_000, 'b'))
      for (const index of indexes) books.result(shard, epoch, index, ok, 15_000);
    const written = books.writes.length;
    books.ledger.alive('a', books.writes);
    expect(books.writes).toHaveLength(written);
  });
});

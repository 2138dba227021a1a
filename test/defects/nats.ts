import type { Defect } from './defect.ts';

const DISPATCH = 'test/sweep/dispatch.test.ts';
const ROAD = 'test/e2e/nats.test.ts';
const ANY_ROAD =
  'when NATS duplicates, delays, reorders and hides offers and loses answers (SEED=%i npx vitest run test/e2e/nats.test.ts)';
const LOST = 'an offer that pulls do not find goes again, then over a new durable, then over the stream';

export const defects: Defect[] = [
  {
    name: 'A duplicate is taken for a publication',
    file: 'coordinator/sweep/dispatch.ts',
    find: 'if (published) shard.offeredAt = host.monotonicMs();',
    replace: 'if (published || !published) shard.offeredAt = host.monotonicMs();',
    test: {
      file: DISPATCH,
      title: 'an offer that the server has had before is no offer: it goes again under a higher number',
    },
  },
  {
    name: 'What NATS says of a repeated id is not passed on',
    file: 'coordinator/sweep/offers.ts',
    find: 'return !ack.duplicate;',
    replace: 'return ack.seq > 0;',
    test: {
      file: 'test/real/offers.test.ts',
      title: 'an offer is published once under its number, and again over whatever has been deleted',
    },
  },
  {
    name: 'An offer that is made again keeps its number',
    file: 'coordinator/sweep/ledger.ts',
    find: 'offer: shard.row.offer + 1',
    replace: 'offer: shard.row.offer',
    test: { file: DISPATCH, title: LOST },
  },
  {
    name: 'A durable in which nothing is found is never made again',
    file: 'coordinator/sweep/dispatch.ts',
    find: 'if (lost.some((shard) => shard.misses === 2))',
    replace: 'if (lost.some((shard) => shard.misses === 0))',
    test: { file: DISPATCH, title: LOST },
  },
  {
    name: 'An offer that NATS will not deliver is never made over gRPC',
    file: 'coordinator/sweep/dispatch.ts',
    find: 'if (unanswered || shard.misses >= 3)',
    replace: 'if (unanswered)',
    test: { file: DISPATCH, title: LOST },
  },
  {
    name: 'A pull that began before an offer counts as a sign of its loss',
    file: 'coordinator/sweep/dispatch.ts',
    find: 'shard.offeredAt >= before || ',
    replace: '',
    test: {
      file: DISPATCH,
      title: 'a pull that began before an offer, or at the time of its claim, says nothing about it',
    },
  },
  {
    name: 'An offer on its way out is published once more by the next look',
    file: 'coordinator/sweep/dispatch.ts',
    find: 'Number.isFinite(shard.offeredAt) || this.#sending.has(shard)',
    replace: 'Number.isFinite(shard.offeredAt)',
    test: { file: DISPATCH, title: 'a road that does not answer holds up nobody' },
  },
  {
    name: 'Ten times what agents have room for lies in NATS',
    file: 'coordinator/sweep/forming.ts',
    find: 'return 2 * this.presence.freeSlots(segment)',
    replace: 'return 20 * this.presence.freeSlots(segment)',
    test: { file: DISPATCH, title: 'at most twice the free slots and eight more lie unclaimed' },
  },
  {
    name: 'A newcomer waits behind what a large sweep has been offered',
    file: 'coordinator/sweep/forming.ts',
    find: 'for (const segment of segments) this.#makeRoom(segment, sweeps, writes);',
    replace: '',
    test: {
      file: DISPATCH,
      title: 'a sweep of one device does not wait until a large one that came before has been claimed',
    },
  },
  {
    name: 'A shard may be larger than a message',
    file: 'coordinator/sweep/forming.ts',
    find: 'this.#cut(shard, writes);',
    replace: '',
    test: {
      file: DISPATCH,
      title: 'a shard is cut to what the road carries, and one that can not be goes over the stream',
    },
  },
  {
    name: 'Sweeps wait for NATS for ever',
    file: 'coordinator/sweep/lanes.ts',
    find: 'return now - shutAt >= this.directAfterMs;',
    replace: 'return now < shutAt;',
    test: {
      file: DISPATCH,
      title: 'a road that takes nothing for five seconds is left: agents are offered what they have room for',
    },
  },
  {
    name: 'An agent that has left NATS never returns to it',
    file: 'coordinator/sweep/lanes.ts',
    find: 'for (const lane of this.#shut.values()) lane.trial = true;',
    replace: '',
    test: { file: DISPATCH, title: 'offers go over the road again once it has been mended' },
  },
  {
    name: 'An agent that can not reach NATS says nothing of it',
    file: 'agent/lease.ts',
    find: 'events.unanswered(segment, sinceMs(silentSince));',
    replace: '',
    test: { file: ROAD, title: 'when an agent can not reach NATS any more, and another never could' },
  },
  {
    name: 'Agents pull a hundred messages at a time',
    file: 'agent/lease.ts',
    find: 'consumer.fetch({ max_messages: 1,',
    replace: 'consumer.fetch({ max_messages: 100,',
    test: { file: ROAD, title: ANY_ROAD },
  },
  {
    name: "What is not the store's is acknowledged",
    file: 'agent/lease.ts',
    find: 'else if (offer === null) message.nak(FOREIGN_MS);',
    replace: 'else if (offer === null) message.ack();',
    test: {
      file: ROAD,
      title: 'when a shard is larger than a message may be, and when the stream is full of what is not ours',
    },
  },
  {
    name: 'A cluster keeps one copy',
    file: 'coordinator/sweep/offers.ts',
    find: 'info?.cluster === undefined ? 1 : REPLICAS',
    replace: 'info?.cluster === undefined ? 1 : 1',
    test: {
      file: 'test/e2e/natscluster.test.ts',
      title:
        'a sweep comes through the death and the sleep of servers of a NATS cluster, its leader included',
    },
  },
];

// What is offered when, how often and by which way, on a road and a clock of the test's own; ledger and store are the
// real ones. Whatever the road loses, the next empty pull brings it back.

import { expect, test } from 'vitest';
import { Books } from '../../coordinator/books.js';
import { machine } from '../../coordinator/host.js';
import { trusted } from '../../coordinator/identity/caller.js';
import { type AgentLink, Presence } from '../../coordinator/intake/presence.js';
import { openStore } from '../../coordinator/store/open.js';
import type { Write } from '../../coordinator/store/store.js';
import type { ActiveSweep } from '../../coordinator/sweep/activesweep.js';
import { Dispatch, type Road } from '../../coordinator/sweep/dispatch.js';
import { GATHER_MS } from '../../coordinator/sweep/forming.js';
import { Hello, type Shard } from '../../proto/gen/netsweep/v1/agent.js';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { sweepRow, TemporaryDirectory } from '../store/samples.js';
import { device, TERMS } from './opened.js';

/** How it goes on the road: published, known already, or refused. */
type Fate = 'published' | 'known' | Error;

class Ground implements AsyncDisposable {
  now = 1_000;
  fate: Fate = 'published';
  readonly published: Shard[] = [];
  readonly rebuilt: (string | null)[] = [];
  readonly said: string[] = [];
  /** By agent: offers on its own stream. */
  readonly direct = new Map<string, Shard[]>();
  readonly road = {
    maxBytes: 1e6,
    publish: async (shard: Shard) => {
      if (this.fate instanceof Error) throw this.fate;
      this.published.push(shard);
      return this.fate === 'published';
    },
    rebuild: async (segment: string | null) => {
      this.rebuilt.push(segment);
      if (this.fate instanceof Error) throw this.fate;
    },
  } satisfies Road;
  readonly presence: Presence;
  readonly dispatch: Dispatch;

  private constructor(
    private readonly directory: TemporaryDirectory,
    readonly books: Books,
  ) {
    this.presence = new Presence((instance) => books.ledger.running({ instance }));
    this.dispatch = new Dispatch(books, this.presence, this.road, (_error, what) => this.said.push(what));
  }

  static async open(): Promise<Ground> {
    const directory = new TemporaryDirectory();
    const store = await openStore(directory.path, null);
    const clock = { ...machine, monotonicMs: () => ground.now };
    const books = await Books.open(store, TERMS, clock);
    const ground: Ground = new Ground(directory, books);
    return ground;
  }

  agent(name: string, forks: number): AgentLink {
    const offers: Shard[] = [];
    this.direct.set(name, offers);
    const link: AgentLink = {
      hello: Hello.create({ name, instance: name, segments: ['s'], forks }),
      caller: trusted('local', 'socket'),
      draining: false,
      send: (message) => void (message.$case === 'offer' && offers.push(message.value)),
      end: () => undefined,
    };
    this.presence.join(link);
    return link;
  }

  async sweep(id: string, devices: number, forks = 500): Promise<ActiveSweep> {
    const writes: Write[] = [];
    const row = sweepRow(id);
    const hosts = Array.from({ length: devices }, (_, index) => device(index, { host: `${id}-${index}` }));
    const sweep = this.books.ledger.add({ ...row, options: { ...row.options, forks } }, hosts, [], writes);
    await this.books.commit(writes);
    return sweep;
  }

  /** Looks once, and waits until what that brought is out; when to look again. */
  async offer(): Promise<number> {
    const due = await this.dispatch.offer();
    await this.dispatch.idle();
    return due;
  }

  /** Numbers of the offers that went over the road. */
  get numbers(): number[] {
    return this.published.map(({ offer }) => offer);
  }

  get lying(): number {
    return [...this.books.ledger.shards()]
      .filter(({ lease }) => lease === null)
      .reduce((sum, { devices }) => sum + devices.length, 0);
  }

  claim({ sweep, shard, offer }: Shard, instance: string) {
    const request = { sweep, shard, offer, instance, claimId: `${sweep}/${shard}` };
    return this.books.ledger.claim(request, this.now, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.books.store[Symbol.asyncDispose]();
    this.directory[Symbol.dispose]();
  }
}

const empty = (pulledMs: number) => ({ segment: 's', pulledMs, unanswered: false });
const unanswered = (sinceMs: number) => ({ segment: 's', pulledMs: sinceMs, unanswered: true });

test('an offer that the server has had before is no offer: it goes again under a higher number', async () => {
  await using ground = await Ground.open();
  ground.agent('a', 10);
  await ground.sweep('S1', 1);
  ground.fate = 'known';
  await ground.offer();
  ground.fate = 'published';
  await ground.offer();
  await ground.offer();
  expect(ground.numbers).toEqual([1, 2]);
});

test('an offer that pulls do not find goes again, then over a new durable, then over the stream', async () => {
  await using ground = await Ground.open();
  const link = ground.agent('a', 10);
  await ground.sweep('S1', 1);
  await ground.offer();
  for (let loss = 1; loss <= 3; loss++) {
    ground.now += 3_000;
    await ground.dispatch.missed(link, empty(2_000));
    expect(ground.rebuilt).toEqual(loss < 2 ? [] : ['s']);
  }
  expect(ground.numbers).toEqual([1, 2, 3]);
  expect(ground.direct.get('a')?.map(({ offer }) => offer)).toEqual([4]);
});

test('a pull that began before an offer, or at the time of its claim, says nothing about it', async () => {
  await using ground = await Ground.open();
  const link = ground.agent('a', 10);
  await ground.sweep('S1', 1);
  await ground.offer();
  ground.now += 2_400;
  await ground.dispatch.missed(link, empty(2_000));
  await ground.dispatch.missed(link, empty(5_000));
  expect(ground.numbers).toEqual([1]);
  await ground.dispatch.missed(link, empty(1_000));
  expect(ground.numbers).toEqual([1, 2]);
  ground.now += 1_000;
  await ground.dispatch.missed(link, empty(2_000));
  expect(ground.numbers, 'the pull of another agent').toEqual([1, 2]);
});

test('at most twice the free slots and eight more lie unclaimed', async () => {
  await using ground = await Ground.open();
  ground.agent('a', 10);
  await ground.sweep('S1', 1_000);
  await ground.offer();
  await ground.offer();
  expect(ground.lying).toBe(28);
  const [first] = ground.published;
  if (first === undefined) throw new Error('nothing published');
  ground.claim(first, 'a');
  ground.now += GATHER_MS;
  await ground.offer();
  expect(ground.lying, 'no slot is free for more').toBe(8);
});

test('places that become free wait a moment for others, until one shard of the usual size fills them', async () => {
  await using ground = await Ground.open();
  ground.agent('a', 1_000);
  const sweep = await ground.sweep('S1', 1_000, 64);
  const sizes = () => ground.published.map(({ devices }) => devices.length);
  await ground.offer();
  expect(sizes(), 'none is under way yet').toEqual([16, 16, 16, 16]);
  const epochs = ground.published.map((shard) => ground.claim(shard, 'a'));
  const end = (index: number) => {
    const answer = epochs[Math.floor(index / 16)];
    if (answer?.answer !== 'grant') throw new Error('not granted');
    const { epoch, shard } = answer;
    const attempt = {
      $case: 'attempt' as const,
      value: Attempt.create({ status: Status.OK, leftClean: true }),
    };
    const result = { lease: 0, seq: index, sweep: 'S1', shard: shard.row.shard, epoch, index, end: attempt };
    ground.books.ledger.result(result, 'a', ground.now, 0, []);
  };
  for (let index = 0; index < 10; index++) end(index);
  const due = await ground.offer();
  expect([sizes().length, due]).toEqual([4, ground.now + GATHER_MS]);
  ground.now += GATHER_MS;
  await ground.offer();
  expect(sizes().slice(4), 'it has waited long enough').toEqual([10]);
  for (let index = 10; index < 26; index++) end(index);
  await ground.offer();
  expect(sizes().slice(5), 'it is full').toEqual([16]);
  for (let index = 26; index < 30; index++) end(index);
  expect(await ground.offer()).toBeLessThan(Number.POSITIVE_INFINITY);
  expect(sweep.inShards).toBe(60);
});

test('a sweep of one device does not wait until a large one that came before has been claimed', async () => {
  await using ground = await Ground.open();
  ground.agent('a', 10);
  const audit = await ground.sweep('AUDIT', 1_000, 32);
  await ground.offer();
  ground.now += GATHER_MS;
  await ground.offer();
  const [first, second, ...others] = ground.published;
  if (first === undefined || second === undefined) throw new Error('less published than an agent takes');
  ground.claim(first, 'a');
  ground.claim(second, 'a');
  expect(ground.lying, 'all that may lie there is the large one').toBeGreaterThan(8);
  const before = ground.published.length;
  await ground.sweep('RUN', 1);
  await ground.offer();
  expect(ground.published.slice(before).map(({ sweep }) => sweep)[0]).toBe('RUN');
  for (const old of others) expect(ground.claim(old, 'a')).toMatchObject({ answer: 'drop' });
  expect(ground.books.ledger.counts(audit)).toMatchObject({
    running: first.devices.length + second.devices.length,
  });
});

test('what is scarce goes to the sweep that has less of it', async () => {
  await using ground = await Ground.open();
  ground.agent('a', 1);
  for (const id of ['S1', 'S2', 'S3']) await ground.sweep(id, 100, 4);
  await ground.offer();
  const devices = new Map<string, number>();
  for (const shard of ground.published)
    devices.set(shard.sweep, (devices.get(shard.sweep) ?? 0) + shard.devices.length);
  expect([...devices.values()].sort()).toEqual([3, 3, 4]);
});

test('a shard is cut to what the road carries, and one that can not be goes over the stream', async () => {
  await using ground = await Ground.open();
  ground.agent('a', 100);
  await ground.sweep('S1', 64);
  ground.road.maxBytes = 250;
  await ground.offer();
  expect(ground.published.length).toBeGreaterThan(10);
  expect(ground.published.flatMap(({ devices }) => devices)).toHaveLength(64);
  expect(new Set(ground.published.map(({ devices }) => devices.length)).has(1)).toBe(false);
  ground.road.maxBytes = 20;
  await ground.sweep('S2', 3);
  await ground.offer();
  expect(ground.direct.get('a')?.map(({ sweep, devices }) => [sweep, devices.length])).toEqual([
    ['S2', 1],
    ['S2', 1],
    ['S2', 1],
  ]);
});

test('a road that takes nothing for five seconds is left: agents are offered what they have room for', async () => {
  await using ground = await Ground.open();
  ground.agent('small', 2);
  ground.agent('large', 40);
  await ground.sweep('S1', 60, 50);
  ground.fate = new Error('maximum messages exceeded');
  for (let tries = 0; tries < 5; tries++) {
    await ground.offer();
    ground.now += 900;
  }
  expect([...ground.direct.values()].flat()).toEqual([]);
  ground.now += 1_000;
  await ground.offer();
  const sent = (name: string) =>
    ground.direct.get(name)?.reduce((sum, { devices }) => sum + devices.length, 0) ?? 0;
  expect({ small: sent('small'), large: sent('large') }).toEqual({ small: 7, large: 42 });
  expect(ground.said).toEqual(['NATS takes no offers for segment s: maximum messages exceeded']);
});

test('offers go over the road again once it has been mended', async () => {
  await using ground = await Ground.open();
  ground.agent('a', 100);
  const sweep = await ground.sweep('S1', 4);
  ground.fate = new Error('no connection');
  await ground.offer();
  ground.now += 3_000;
  await ground.offer();
  expect(ground.dispatch.trouble(sweep)).toBe('NATS takes no offers (no connection): they go over gRPC');
  ground.now += 3_000;
  await ground.offer();
  expect(ground.published).toEqual([]);
  ground.fate = 'published';
  ground.now += 3_000;
  await ground.offer();
  await ground.sweep('S2', 2);
  await ground.offer();
  await ground.sweep('S3', 2);
  await ground.offer();
  expect(
    ground.published.map(({ sweep: id }) => id),
    'one to try it, then all',
  ).toEqual(['S2', 'S3', 'S3']);
  expect(ground.dispatch.trouble(sweep)).toBe('');
  expect(ground.said.at(-1)).toBe('NATS takes offers for segment s again');
});

test('a road that does not answer holds up nobody', async () => {
  await using ground = await Ground.open();
  ground.agent('a', 100);
  await ground.sweep('S1', 1);
  const answers: (() => void)[] = [];
  const publish = ground.road.publish;
  ground.road.publish = async (shard) => {
    await new Promise<void>((resolve) => answers.push(resolve));
    return publish(shard);
  };
  await ground.dispatch.offer();
  await ground.dispatch.offer();
  for (const answer of answers) answer();
  await ground.dispatch.idle();
  expect(ground.numbers, 'nor is anything published twice at a time').toEqual([1]);
});

test('an agent that can not reach the road gets what lies there, as far as it has room', async () => {
  await using ground = await Ground.open();
  const link = ground.agent('cut-off', 3);
  ground.agent('other', 20);
  await ground.sweep('S1', 16, 16);
  await ground.offer();
  ground.now += 3_000;
  await ground.dispatch.missed(link, unanswered(2_500));
  expect(ground.direct.get('cut-off'), 'it may just be slow').toEqual([]);
  await ground.dispatch.missed(link, unanswered(6_000));
  const sent = [...(ground.direct.get('cut-off') ?? [])];
  expect(sent.map(({ offer }) => offer)).toEqual(sent.map(() => 2));
  const devices = sent.flatMap((shard) => shard.devices);
  expect(devices.length).toBeGreaterThanOrEqual(3);
  expect(devices.length).toBeLessThan(3 + 2);
  expect(ground.rebuilt, 'nothing is wrong with the road').toEqual([]);
  ground.now += 1_000;
  await ground.dispatch.missed(link, unanswered(7_000));
  expect(ground.direct.get('cut-off')?.length, 'what it did not claim is no room taken').toBe(
    2 * sent.length,
  );
});

// An agent's host is taken: somebody has its credentials of NATS, its certificate and all the time in the world, and
// wants what is another segment's. Every attempt is made, and afterwards everything of the others is as it was.
import { readFileSync } from 'node:fs';
import { jetstreamManager } from '@nats-io/jetstream';
import { encodeUser } from '@nats-io/jwt';
import { createAccount, createUser, fromSeed } from '@nats-io/nkeys';
import { jwtAuthenticator, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { SUBJECT_KINDS } from '../../proto/rights.ts';
import {
  bucketStream,
  consumerName,
  presenceSubject,
  shardSubject,
  streamName,
} from '../../proto/subjects.ts';
import { until } from '../process.ts';
import { type Attempt, eavesdropping, outright, redirected, smuggled, type Theft } from './natsattempts.ts';
import { NatsRoad } from './natsroad.ts';

/** Stands in everything that is the victim's. */
const CANARY = 'canary-of-dc2';

test('a stolen agent reads nothing of another segment and changes nothing of it', async () => {
  await using road = await NatsRoad.open();
  const theft: Theft = { storeId: road.storeId, thief: 'thief', own: 'dc1', victim: 'victim', other: 'dc2' };
  await using thief = await road.caller(await road.creds(theft.thief, [theft.own]));
  const victims = await road.creds(theft.victim, [theft.other]);
  await using victim = await road.caller(victims);
  await using shards = await road.shards(theft.victim, victims);
  await using everything = await road.everything();
  for (let shard = 1; shard <= 5; shard++) await road.offer(theft.other, shard, CANARY);
  for (let shard = 1; shard <= 100; shard++) await road.offer(theft.own, shard);
  await victim.connection.request(presenceSubject(road.storeId, theft.victim), CANARY);
  const before = await theirs(everything.connection, theft);
  const loot = new Loot(thief.connection);

  const direct = outright(theft);
  for (const attempt of direct) loot.try(attempt);
  await thief.settled();
  expect(thief.refusals).toHaveLength(direct.length);
  const detours = [...redirected(theft), ...smuggled(theft)];
  for (const attempt of detours) loot.try(attempt);
  await thief.settled();
  await loot.own(theft);
  const heard = eavesdropping(theft);
  thief.refusals.length = 0;
  for (const subject of heard) loot.listen(subject);
  await thief.settled();
  expect(thief.refusals).toHaveLength(2 * heard.length);
  expect(await theirs(everything.connection, theft)).toEqual(before);

  // While the thief listens, the others work.
  await road.offer(theft.other, 6, CANARY);
  const offer = await shards.pull(road.storeId, theft.other, new AbortController().signal);
  expect(offer).toMatchObject({ shard: { sweep: CANARY } });
  await loot.own(theft);
  expect(loot.texts.filter((text) => text.includes(CANARY))).toEqual([]);
  expect(direct.length + detours.length + 2 * heard.length).toBeGreaterThan(600);
});

test('nobody gets more rights out of a user than it was given', async () => {
  await using road = await NatsRoad.open();
  const creds = readFileSync(await road.creds('thief', ['dc1']), 'utf8');
  const [, jwt = '', seed = ''] = /JWT-+\s+(\S+)\s[\s\S]*SEED-+\s+(\S+)/.exec(creds) ?? [];
  const user = fromSeed(Buffer.from(seed));
  const [head, claims = '', signature] = jwt.split('.');
  const told = JSON.parse(Buffer.from(claims, 'base64url').toString()) as {
    iss: string;
    nats: Record<string, unknown>;
  };
  const more = { ...told, nats: { ...told.nats, pub: { allow: ['>'] }, sub: { allow: ['>'] } } };
  const widened = `${head}.${Buffer.from(JSON.stringify(more)).toString('base64url')}.${signature}`;
  const account = String(told.nats.issuer_account);
  const rights = { pub: { allow: ['>'] }, sub: { allow: ['>'] } };
  const own = createAccount();
  const other = createUser();
  const forged = [
    widened,
    await encodeUser('thief', user, own, rights),
    await encodeUser('thief', user, account, rights, { signer: own }),
    await encodeUser('thief', user, road.account, rights, { signer: own }),
  ];
  for (const one of forged)
    await expect(road.connectAs(jwtAuthenticator(one, user.getSeed()))).rejects.toThrow(/authorization/i);
  await expect(road.connectAs(jwtAuthenticator(jwt, other.getSeed()))).rejects.toThrow(/authorization/i);
  await expect(road.connectAs(jwtAuthenticator(jwt))).rejects.toThrow(/authorization/i);
  await expect(road.connectAs(jwtAuthenticator(jwt, user.getSeed()))).resolves.toBeDefined();
});

/** All that comes to a thief. */
class Loot {
  readonly texts: string[] = [];
  #pulls = 0;

  constructor(private readonly connection: NatsConnection) {
    connection.subscribe('_INBOX.>', { callback: (_, message) => this.#keep(message) });
  }

  try({ subject, payload, headers, reply }: Attempt): void {
    const options = { reply: reply ?? '_INBOX.loot', ...(headers === undefined ? {} : { headers }) };
    this.connection.publish(subject, payload, options);
  }

  listen(subject: string): void {
    const callback = (refused: Error | null, message: Msg) => {
      if (refused === null) this.#keep(message);
    };
    this.connection.subscribe(subject, { callback });
    this.connection.subscribe(subject, { callback, queue: 'agents' });
  }

  /** Does what it may do; resolves with the answer, when everything before it has had its own. */
  async own({ storeId, thief: agent, own: segment }: Theft): Promise<void> {
    this.#pulls += 1;
    const reply = `_INBOX.own.${this.#pulls}`;
    let answered = false;
    const callback = () => {
      answered = true;
    };
    this.connection.subscribe(reply, { max: 1, callback });
    const subject = SUBJECT_KINDS.pull.subject({ storeId, agent, segment });
    this.connection.publish(subject, '{"batch":1,"no_wait":true}', { reply });
    await until('its own pull is answered', () => answered);
  }

  #keep({ subject, reply, data, headers }: Msg): void {
    this.texts.push([subject, reply, Buffer.from(data).toString('latin1'), headers?.toString()].join(' '));
  }
}

/** What is not the thief's: the streams, the victim's shards, durable and key. */
async function theirs(everything: NatsConnection, { storeId, victim, other }: Theft) {
  const manager = await jetstreamManager(everything);
  const [stream, bucket] = [streamName(storeId), bucketStream(storeId)];
  const shards: string[] = [];
  for (let seq = 1; ; ) {
    const query = { seq, next_by_subj: shardSubject(storeId, other) };
    const message = await manager.streams.getMessage(stream, query).catch(() => null);
    if (message === null) break;
    shards.push(`${message.seq} ${Buffer.from(message.data).toString('hex')}`);
    seq = message.seq + 1;
  }
  const consumer = await manager.consumers.info(stream, consumerName(other));
  const key = await manager.streams.getMessage(bucket, { last_by_subj: presenceSubject(storeId, victim) });
  const streams = await manager.streams.list().next();
  return {
    streams: streams.map(({ config }) => config),
    durables: (await manager.consumers.list(stream).next()).map(({ config }) => config),
    shards,
    delivered: consumer.delivered,
    acknowledged: consumer.ack_floor,
    waiting: [consumer.num_ack_pending, consumer.num_pending, consumer.num_waiting, consumer.num_redelivered],
    key: key === null ? null : [key.seq, key.string()],
  };
}

// Who may publish and subscribe to what, for every kind of subject that our programs use and everybody who may try:
// the rows are written down here, the subjects come from the list that users' rights are made of.
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Authority } from '../../coordinator/identity/authority.ts';
import { initNats } from '../../coordinator/identity/natsinit.ts';
import { natsUser } from '../../coordinator/identity/natsusers.ts';
import { SUBJECT_KINDS, type SubjectKind, type SubjectKindName } from '../../proto/rights.ts';
import { type Leaf, makeCertificates } from '../certificates.ts';
import { Place } from '../place.ts';
import { type Caller, HOUR_MS, NatsRoad } from './natsroad.ts';

/** Who gets a connection at all, and who does not. */
const CALLERS = ['coordinator', 'own agent', 'agent of another segment'] as const;
const STRANGERS = [
  'operator', // as anybody who has a certificate and no user
  'user of another operator',
  'expired user',
  'revoked user',
  'coordinator without certificate',
  'coordinator with the certificate of another authority',
  'coordinator with a certificate that has expired',
] as const;
type CallerName = (typeof CALLERS)[number];

/** Who may use a subject of `own agent` and its segment in the way that it is there for. Nobody may do anything else. */
const ROWS: Record<SubjectKindName, CallerName[]> = {
  shard: ['coordinator'],
  accountInfo: ['coordinator'],
  streamInfo: ['coordinator'],
  streamCreate: ['coordinator'],
  streamUpdate: ['coordinator'],
  consumerCreate: ['coordinator'],
  consumerDelete: ['coordinator'],
  bucketInfo: ['coordinator'],
  bucketCreate: ['coordinator'],
  bucketUpdate: ['coordinator'],
  consumerInfo: ['own agent'],
  pull: ['own agent'],
  acknowledge: ['own agent'],
  presence: ['own agent'],
  answer: ['coordinator', 'own agent', 'agent of another segment'],
};

let road: NatsRoad;
const callers = new Map<CallerName, Caller>();
const strangers = new Map<(typeof STRANGERS)[number], () => Promise<NatsConnection>>();
const open: AsyncDisposable[] = [];

beforeAll(async () => {
  road = await NatsRoad.open();
  const place = await Place.open();
  const certificates = await makeCertificates();
  open.push(road, place, certificates);
  const { creds } = road.nats;
  callers.set('coordinator', await road.caller(creds));
  callers.set('own agent', await road.caller(await road.creds('a', ['dc1'])));
  callers.set('agent of another segment', await road.caller(await road.creds('b', ['dc2'])));
  const foreign = await foreignUser(place);
  const expired = await road.creds('c', ['dc1'], Date.now() - 1_000);
  const revoked = await road.creds('d', ['dc1']);
  await road.authority.revoke('d');
  const leaf = await certificates.leaf('all');
  strangers.set('operator', () => road.connect(null));
  const late = await expiredLeaf(place);
  strangers.set('coordinator with a certificate that has expired', () => road.connect(creds, late));
  strangers.set('user of another operator', () => road.connect(foreign));
  strangers.set('expired user', () => road.connect(expired));
  strangers.set('revoked user', () => road.connect(revoked));
  strangers.set('coordinator without certificate', () => road.connect(creds, null));
  strangers.set('coordinator with the certificate of another authority', () => road.connect(creds, leaf));
});

afterAll(async () => {
  for (const caller of callers.values()) await caller[Symbol.asyncDispose]();
  for (const one of open) await one[Symbol.asyncDispose]();
});

test.each(STRANGERS)('%s gets no connection', async (who) => {
  await expect(strangers.get(who)?.()).rejects.toThrow(
    /authorization|authentication|certificate|ECONNRESET|EPIPE|closed/i,
  );
});

describe.each(Object.entries<SubjectKind>(SUBJECT_KINDS))('%s', (name, kind) => {
  const may = ROWS[name as SubjectKindName];

  test.each(CALLERS)('%s may use it if the row says so, and in one way only', async (who) => {
    const caller = callers.get(who);
    if (may === undefined || caller === undefined) throw new Error('there is no row for it');
    const subject = concrete(kind.subject({ storeId: road.storeId, agent: 'a', segment: 'dc1' }));
    const { connection, refusals, settled } = caller;
    refusals.length = 0;
    connection.publish(subject, 'nothing that anybody could read');
    connection.subscribe(subject, { callback: () => undefined }).unsubscribe();
    await settled();
    const uses = [`publish ${subject}`, `subscription ${subject}`];
    const use = uses[kind.verb === 'publish' ? 0 : 1];
    expect(refusals).toEqual(may.includes(who) ? uses.filter((one) => one !== use) : uses);
  });
});

test('the coordinator may ask how full its own account is; the rest is told without that right too', async () => {
  const told = { isEncrypted: true, isGuarded: true, copies: 1 };
  expect(await road.offers.facts()).toMatchObject({
    ...told,
    storage: { limit: -1, used: expect.any(Number) },
  });
  await using unasked = await road.offersBy((subject) => subject !== '$JS.API.INFO');
  await unasked.ready;
  expect(await unasked.facts()).toMatchObject({ ...told, storage: null });
});

/** Of the authority that signs those of all others. */
async function expiredLeaf(place: Place): Promise<Leaf> {
  const { ca } = road.nats.certificates;
  await place.write('authority/ca.pem', readFileSync(ca, 'utf8'));
  await place.write('authority/ca-key.pem', readFileSync(ca.replace(/crt$/, 'key'), 'utf8'));
  const pair = await Authority.open(place.path('authority'))?.serverPair(
    'late',
    ['localhost'],
    Date.now() - 1,
  );
  return {
    cert: await place.write('late.crt', pair?.cert ?? ''),
    key: await place.write('late.key', pair?.key ?? ''),
  };
}

/** Credentials of an agent of the same name, segment and store under another operator. */
async function foreignUser(place: Place): Promise<string> {
  const directory = place.path('other');
  await mkdir(directory);
  await initNats({ directory, storeId: road.storeId, hosts: [{ host: '127.0.0.1' }] });
  const grant = { agent: 'a', segments: ['dc1'], storeId: road.storeId, expires: Date.now() + HOUR_MS };
  const { creds } = await natsUser(directory, grant);
  await writeFile(place.path('other.creds'), creds, { mode: 0o600 });
  return place.path('other.creds');
}

/** A subject that a pattern stands for. */
function concrete(pattern: string): string {
  return pattern.replaceAll('*', 'segment-dc1').replace(/>$/, '1.1.1.1.1');
}

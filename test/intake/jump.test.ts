// What the coordinator gives to an agent for devices behind bastions, and what it takes from it for them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChannelCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Books } from '../../coordinator/books.js';
import { Agents } from '../../coordinator/intake/agents.js';
import { Presence } from '../../coordinator/intake/presence.js';
import { close, createServer, listen } from '../../coordinator/intake/server.js';
import { openStore } from '../../coordinator/store/open.js';
import type { Write } from '../../coordinator/store/store.js';
import {
  type AgentMessage,
  AgentsClient,
  type ClaimReply,
  type CoordinatorBatch,
  type CoordinatorMessage,
  type Grant,
  Hello,
  HostKeySeen,
  LoginAsk,
  LoginOutcome,
} from '../../proto/gen/netsweep/v1/agent.js';
import { Credential, Device } from '../../proto/gen/netsweep/v1/model.js';
import { type HostKey, LoginResult, Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { sweepRow } from '../store/samples.js';

type Body = NonNullable<AgentMessage['body']>;
type Answer = NonNullable<CoordinatorMessage['body']>;

const CREDENTIALS = ['own', 'first', 'unused'].map((id) =>
  Credential.create({ id, name: id, username: 'u', password: Buffer.from(id) }),
);
/** Through b1, by a credential of its own, and b2, by the device's. */
const JUMP = [
  { host: 'b1', port: 22, credential: 'first', username: '', legacy: false },
  { host: 'fd00::2', port: 2222, credential: '', username: '', legacy: false },
];

function device(index: number, changes: Partial<Device> = {}): Device {
  const place = { segment: 's', host: '10.0.0.1', port: 22 };
  const own = { index, name: `R${index}`, commands: ['show version'], credential: 'own' };
  return Device.create({ ...place, ...own, ...changes });
}

/** A coordinator's intake with one sweep of these devices, and an agent on its stream. */
async function opened(devices: Device[]) {
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-intake-'));
  const store = await openStore(directory, null);
  const books = await Books.open(store, { termMs: 60_000, lockDelayMs: 5_000 });
  const presence = new Presence(() => 0);
  const server = createServer();
  new Agents(
    books,
    presence,
    () => undefined,
    () => undefined,
  ).serveOn(server);
  const client = new AgentsClient(
    await listen(server, `unix:${join(directory, 'sock')}`, null),
    ChannelCredentials.createInsecure(),
  );
  const writes: Write[] = [];
  for (const credential of CREDENTIALS)
    books.useCredential(credential, await books.guardsOf(credential), 3, 0, writes);
  const sweep = books.ledger.add(sweepRow('S'), devices, CREDENTIALS, writes);
  const shard = books.ledger.form(sweep, 's', devices.length, 0, writes);
  await books.commit(writes);

  const stream = client.link();
  stream.on('error', () => undefined);
  const heard: Answer[] = [];
  let wake = () => {};
  stream.on('data', ({ messages }: CoordinatorBatch) => {
    heard.push(...messages.flatMap(({ body }) => body ?? []));
    wake();
  });
  /** Says it; resolves with the next message that comes. */
  const say = async (body: Body): Promise<Answer> => {
    heard.splice(0);
    stream.write({ messages: [{ body }] });
    while (heard[0] === undefined)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return heard[0];
  };
  await say({
    $case: 'hello',
    value: Hello.create({ name: 'a', instance: 'a-1', segments: ['s'], forks: 9 }),
  });
  const claim = new Promise<ClaimReply>((resolve, reject) => {
    const request = { instance: 'a-1', claimId: 'c', sweep: 'S', shard: shard?.row.shard ?? 0, offer: 1 };
    client.claim(request, (error, reply) => (error ? reject(error) : resolve(reply)));
  });
  const { answer } = await claim;
  if (answer?.$case !== 'grant') throw new Error(`no grant: ${JSON.stringify(answer)}`);
  return {
    books,
    sweep,
    stream,
    grant: answer.value,
    say,
    async [Symbol.asyncDispose]() {
      stream.end();
      client.close();
      await close(server, 100);
      await store[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const key = (text: string): HostKey => ({ type: 'ssh-ed25519', blob: Buffer.from(text) });

function asked({ epoch }: Grant, credential: string, hop: number, more: Partial<LoginAsk> = {}): Body {
  const ask = { ask: 1, sweep: 'S', shard: 1, epoch, index: 0, credential, hop, ...more };
  return { $case: 'loginAsk', value: LoginAsk.create(ask) };
}

function seen({ epoch }: Grant, hop: number, shown: HostKey, index = 0): Body {
  const value = HostKeySeen.create({ ask: 1, sweep: 'S', shard: 1, epoch, index, hop, key: shown });
  return { $case: 'hostKeySeen', value };
}

const permitted = (permit: Permit) => ({ $case: 'loginAnswer', value: { permit } });

test('a grant brings the credentials of the bastions and the keys known for them there', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { books, grant } = intake;
  expect(grant.credentials.map(({ id }) => id).sort()).toEqual(['first', 'own']);
  expect(grant.work).toEqual([
    {
      index: 0,
      credential: 'own',
      hostKeys: [],
      jump: [
        { credential: 'first', hostKeys: [] },
        { credential: 'own', hostKeys: [] },
      ],
      alone: false,
      known: [],
    },
  ]);
  expect(books.hostKeys.list('')).toEqual([]);
});

test('host keys are kept for the place that each bastion and device has on its way', async () => {
  await using intake = await opened([
    device(0, { jump: JUMP }),
    device(1),
    device(2, { jump: JUMP.slice(0, 1) }),
  ]);
  const { books, grant, say } = intake;
  const shown: [number, number, string][] = [
    [0, 1, 'b1'],
    [0, 2, 'b2'],
    [0, 0, 'R0'],
    [1, 0, 'R1'],
    [2, 0, 'R2'],
    [2, 1, 'b1'],
  ];
  for (const [index, hop, text] of shown)
    expect(await say(seen(grant, hop, key(text), index))).toMatchObject({ value: { accepted: true } });
  const places = books.hostKeys
    .list('')
    .map(({ jump, host, port, blob }) => [jump, host, port, String(blob)]);
  expect(places).toEqual([
    ['', 'b1', 22, 'b1'],
    ['b1:22', 'fd00::2', 2222, 'b2'],
    ['b1:22,[fd00::2]:2222', '10.0.0.1', 22, 'R0'],
    ['', '10.0.0.1', 22, 'R1'],
    ['b1:22', '10.0.0.1', 22, 'R2'],
  ]);
  const other = await say(seen(grant, 2, key('another')));
  expect(other).toMatchObject({ value: { accepted: false, known: [{ blob: Buffer.from('b2') }] } });
  expect(await say(seen(grant, 3, key('b3')))).toMatchObject({ value: { accepted: false, known: [] } });
});

test('a login at a bastion is asked for as often as it is needed, one at the device once', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { grant, say, stream, sweep } = intake;
  const told = (credential: string, hop: number) => {
    const value = { sweep: 'S', epoch: grant.epoch, index: 0, credential, hop, result: LoginResult.ACCEPTED };
    const body: Body = { $case: 'loginOutcome', value: LoginOutcome.create(value) };
    stream.write({ messages: [{ body }] });
  };
  for (const [credential, hop] of [
    ['first', 1],
    ['first', 1],
    ['own', 2],
    ['own', 2],
  ] as const) {
    expect(await say(asked(grant, credential, hop))).toMatchObject(permitted(Permit.SEND));
    told(credential, hop);
  }
  expect(sweep.state(0).row.loginSpent).toBe(false);
  expect(await say(asked(grant, 'own', 0))).toMatchObject(permitted(Permit.SEND));
  expect(sweep.state(0).row.loginSpent).toBe(true);
});

test('leave is given only for the credential that the device or the bastion has', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { grant, say } = intake;
  const strange: [string, number, SecretUse?][] = [
    ['own', 1],
    ['first', 0],
    ['first', 2],
    ['unused', 1],
    ['own', 3],
    ['', 3],
    ['first', 1, SecretUse.ENABLE],
  ];
  for (const [credential, hop, use = SecretUse.LOGIN] of strange)
    expect(await say(asked(grant, credential, hop, { use }))).toMatchObject(permitted(Permit.LOST));
});

test('refusals at a bastion stop its credential, and nobody else can say that it was refused', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { grant, say, stream, books } = intake;
  const refused = (credential: string, hop: number, epoch = grant.epoch) => {
    const value = { sweep: 'S', epoch, index: 0, credential, hop, result: LoginResult.REFUSED };
    const body: Body = { $case: 'loginOutcome', value: LoginOutcome.create(value) };
    stream.write({ messages: [{ body }] });
  };
  for (let n = 0; n < 5; n++) refused('unused', 1);
  expect(await say(asked(grant, 'first', 1))).toMatchObject(permitted(Permit.SEND));
  for (let n = 0; n < 3; n++) refused('first', 1);
  expect(await say(asked(grant, 'first', 1))).toMatchObject(permitted(Permit.STOPPED));
  expect(books.logins.isStopped(books.guardOf('first', SecretUse.LOGIN))).toBe(true);
  expect(books.logins.isStopped(books.guardOf('unused', SecretUse.LOGIN))).toBe(false);
});

test('the login inside a session is another than that of SSH, whose leave it neither has nor spends', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { grant, say, books } = intake;
  expect(await say(asked(grant, 'own', 0))).toMatchObject(permitted(Permit.SEND));
  books.logins.prove(books.guardOf('own', SecretUse.LOGIN));
  const inside = await say(asked(grant, 'own', 0, { use: SecretUse.CHANNEL }));
  expect(inside).toMatchObject(permitted(Permit.SEND));
  expect(books.logins.isProved(books.guardOf('own', SecretUse.CHANNEL))).toBe(false);
});

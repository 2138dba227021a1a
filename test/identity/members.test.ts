// Members on a real store and a real TLS port, with a clock that can be put forward.
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { ChannelCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { type Host, machine } from '../../coordinator/host.js';
import { Authority } from '../../coordinator/identity/authority.js';
import { Membership } from '../../coordinator/identity/membership.js';
import { bind, close, createServer } from '../../coordinator/intake/server.js';
import { Strangers } from '../../coordinator/intake/strangers.js';
import { openStore } from '../../coordinator/store/open.js';
import { AgentsClient, type AgentsServer, AgentsService } from '../../proto/gen/netsweep/v1/agent_service.js';
import { type Identity, Role } from '../../proto/gen/netsweep/v1/members.js';
import { MembersClient } from '../../proto/gen/netsweep/v1/members_service.js';
import { makeKey, requestCertificate } from '../../proto/identity/certificaterequest.js';
import { readJoinToken, writeJoinToken } from '../../proto/identity/jointoken.js';
import { until } from '../process.ts';

const HOUR_MS = 3_600_000;

class Clock {
  aheadMs = 0;
  readonly host: Host = { ...machine, wallMs: () => machine.wallMs() + this.aheadMs };
}

async function open(directory: string, clock = new Clock(), strangers: Strangers | null = null) {
  const authority =
    Authority.open(directory) ??
    (await Authority.make(directory, 'netsweep test', ['localhost', '127.0.0.1']));
  const store = await openStore(directory, null);
  const server = createServer();
  const book = {
    members: () => store.members(),
    joinTokens: () => store.joinTokens(),
    commit: store.commit.bind(store),
  };
  const membership = await Membership.open({
    ...{ authority, endowment: null, signingKey: Buffer.alloc(0), book, server },
    ...{ address: () => '127.0.0.1:1', host: clock.host, warn: () => undefined },
    known: (peer) => strangers?.known(peer),
  });
  const address = await bind(server, '127.0.0.1:0', membership.credentials, strangers);
  const client = (identity?: Identity, key?: string) =>
    new MembersClient(
      address,
      ChannelCredentials.createSsl(
        Buffer.from(authority.certificate),
        key === undefined ? null : Buffer.from(key),
        identity === undefined ? null : Buffer.from(identity.certificate),
      ),
      { 'grpc.ssl_target_name_override': 'localhost', 'grpc.use_local_subchannel_pool': 1 },
    );
  return {
    ...{ server, authority, membership, members: membership.members, address, client },
    [Symbol.asyncDispose]: async () => {
      membership[Symbol.dispose]();
      await close(server, 10);
      await store[Symbol.asyncDispose]();
    },
  };
}

async function folder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(pathOf(tmpdir(), 'netsweep-members-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const AGENT = {
  name: 'a',
  role: Role.AGENT,
  segments: ['s'],
  lifeMs: HOUR_MS,
  replaces: false,
  expiresInMs: 0,
};

type Opened = Awaited<ReturnType<typeof open>>;

async function joined({ members }: Opened, wanted: Omit<typeof AGENT, 'role'> & { role: Role } = AGENT) {
  const { secret } = await members.enroll(wanted, 'me');
  const key = makeKey();
  return { key, identity: await members.join(secret, await requestCertificate(key)) };
}

function called<Reply>(
  call: (done: (error: ServiceError | null, reply: Reply) => void) => unknown,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    call((error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

test('a token is taken once, however many come with it, and only with a sound request', async () => {
  await using place = await folder();
  await using opened = await open(place.path);
  const { members } = opened;
  const { secret } = await members.enroll(AGENT, 'me');
  const request = await requestCertificate(makeKey());
  const forged = Buffer.from(request);
  forged[forged.length - 3] = (forged.at(-3) ?? 0) ^ 1;
  for (const unsound of [Buffer.from('none'), forged])
    await expect(members.join(secret, unsound)).rejects.toThrow('certificate request');
  const tries = await Promise.allSettled(Array.from({ length: 5 }, () => members.join(secret, request)));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(members.tokens()).toEqual([]);
});

test('a token that is too old is none, and its member is not asked for twice without saying so', async () => {
  await using place = await folder();
  const clock = new Clock();
  await using opened = await open(place.path, clock);
  const { members } = opened;
  const { secret } = await members.enroll(AGENT, 'me');
  clock.aheadMs = HOUR_MS;
  await expect(members.join(secret, await requestCertificate(makeKey()))).rejects.toThrow('too old');
  await joined(opened);
  await expect(members.enroll(AGENT, 'me')).rejects.toThrow('a is a member already');
  await expect(members.enroll({ ...AGENT, name: 'b', expiresInMs: HOUR_MS + 1 }, 'me')).rejects.toThrow(
    'an hour',
  );
});

test('wrong tokens are looked at ten times a minute, and no more', async () => {
  await using place = await folder();
  await using opened = await open(place.path);
  const client = opened.client();
  const codes: (status | undefined)[] = [];
  for (let i = 0; i < 12; i += 1) {
    const wrong = { secret: Buffer.alloc(20, i), request: Buffer.alloc(0) };
    await called((done) => client.join(wrong, done)).catch(({ code }) => codes.push(code));
  }
  client.close();
  expect(codes).toEqual([
    ...Array(10).fill(status.UNAUTHENTICATED),
    ...Array(2).fill(status.RESOURCE_EXHAUSTED),
  ]);
});

test('who is replaced or revoked stays so over a restart, and who has expired is renewed no more', async () => {
  await using place = await folder();
  const clock = new Clock();
  const [first, second, third] = await (async () => {
    await using opened = await open(place.path, clock);
    const one = await joined(opened);
    const two = await joined(opened, { ...AGENT, replaces: true });
    const three = await joined(opened, { ...AGENT, name: 'c' });
    await opened.members.revoke('c', Role.UNSPECIFIED, 'me');
    return [one, two, three];
  })();
  await using opened = await open(place.path, clock);
  const renew = async ({ identity, key }: { identity: Identity; key: string }) => {
    const client = opened.client(identity, key);
    const request = await requestCertificate(key);
    return called<Identity>((done) => client.renew({ request }, done))
      .then(
        ({ name }) => name,
        ({ details }: ServiceError) => details,
      )
      .finally(() => client.close());
  };
  expect(await renew(first)).toBe('the certificate is revoked');
  expect(await renew(second)).toBe('a');
  expect(await renew(third)).toBe('the certificate is revoked');
  clock.aheadMs = HOUR_MS;
  expect(await renew(second)).toBe('the certificate is expired');
});

test('a stream ends with the certificate that it was opened with', async () => {
  await using place = await folder();
  const clock = new Clock();
  await using opened = await open(place.path, clock);
  let state: 'none' | 'open' | 'left' = 'none';
  const link: AgentsServer['link'] = (stream) => {
    state = 'open';
    stream.on('cancelled', () => {
      state = 'left';
    });
  };
  opened.server.addService(AgentsService, { link, claim: () => undefined, renew: () => undefined });
  const { identity, key } = await joined(opened);
  const members = opened.client(identity, key);
  const channelOverride = members.getChannel();
  const agent = new AgentsClient('', ChannelCredentials.createInsecure(), { channelOverride });
  const stream = agent.link();
  const ended = new Promise<ServiceError>((resolve) => stream.on('error', resolve as (error: Error) => void));
  stream.write({ messages: [] });
  await until('it is open', () => state === 'open');
  clock.aheadMs = HOUR_MS;
  stream.resume();
  expect(await ended).toMatchObject({
    code: status.UNAUTHENTICATED,
    details: 'the certificate has expired',
  });
  await until('the server has let go of it', () => state === 'left');
  members.close();
});

test("the coordinator's certificate is replaced while it listens", async () => {
  await using place = await folder();
  await using opened = await open(place.path);
  const before = (await shown(opened)).serialNumber;
  await opened.authority.renewServer();
  opened.membership.renewServer();
  expect((await shown(opened)).serialNumber).not.toBe(before);
});

async function shown({ address, authority }: Opened): Promise<PeerCertificate> {
  const port = Number(address.split(':').at(-1));
  const socket = connect({ host: '127.0.0.1', port, ca: authority.certificate, ALPNProtocols: ['h2'] });
  let found: PeerCertificate | null = null;
  socket.on('error', () => undefined);
  socket.once('secureConnect', () => {
    found = socket.getPeerCertificate();
    socket.destroy();
  });
  return until('it has shown its certificate', () => found);
}

test('a join token that was not copied whole is none', () => {
  const token = { secret: Buffer.alloc(20, 7), fingerprint: Buffer.alloc(32, 9), address: '[::1]:7440' };
  const text = writeJoinToken(token);
  expect(readJoinToken(text)).toEqual(token);
  for (const broken of [text.slice(0, -1), text.slice(1), `${text}A`, text.replace('-B', '-C'), ''])
    expect(readJoinToken(broken)).toBeNull();
});

test('silent connections are few and short, and members get through among them', async () => {
  await using place = await folder();
  const closed: string[] = [];
  using strangers = new Strangers(machine, (why, words) => closed.push(words ?? why), {
    ...{ most: 20, perAddress: 8, waitMs: 1_500 },
  });
  await using opened = await open(place.path, new Clock(), strangers);
  const { identity, key } = await joined(opened, { ...AGENT, name: 'm', role: Role.OPERATOR });
  const member = opened.client(identity, key);
  const list = () => called<object>((done) => member.list({}, done));
  await list();
  expect(strangers.size, 'a member is none').toBe(0);
  const port = Number(opened.address.split(':')[1]);
  const ended = new Set<Socket>();
  const dial = (localAddress: string, tls: boolean) => {
    const to = { host: '127.0.0.1', port, localAddress };
    const socket = tls ? connect({ ...to, rejectUnauthorized: false }) : connectPlain(to);
    socket.on('error', () => undefined);
    return socket.once('close', () => ended.add(socket)).resume(); // what is not read does not end
  };
  // From one address, some of them with all of TLS behind them; then from many.
  const one = Array.from({ length: 30 }, (_, at) => dial('127.0.0.2', at % 2 === 0));
  await until('those of one address are bounded', () => ended.size >= 22);
  const many = Array.from({ length: 30 }, (_, at) => dial(`127.0.1.${at + 1}`, at % 2 === 0));
  await until('all are bounded', () => strangers.size <= 20 && ended.size >= 40);
  await list();
  const { identity: newcomer } = await joined(opened, { ...AGENT, name: 'n' });
  expect(newcomer.name).toBe('n');
  const fresh = opened.client(identity, key);
  expect(await called<object>((done) => fresh.list({}, done)), 'and those who come anew').toBeTruthy();
  await until('nobody stays who is not known', () => strangers.size === 0);
  await until('all are closed', () => ended.size === one.length + many.length);
  await list();
  expect(closed[0]).toBe(
    'a connection was closed on which nobody had shown a certificate that counts, the last from 127.0.0.2',
  );
  expect(new Set(closed.slice(1))).toEqual(new Set(['crowd', 'late']));
  for (const client of [member, fresh]) client.close();
});

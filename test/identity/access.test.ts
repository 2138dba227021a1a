// Who may call what, asked of a real `netsweep serve`: every method of the .proto files by everybody who could try.
import { readdirSync, readFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import { Duplex } from 'node:stream';
import { ChannelCredentials, Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { ACCESS } from '../../coordinator/identity/access.js';
import { Authority, newSerial } from '../../coordinator/identity/authority.js';
import { Role } from '../../proto/gen/netsweep/v1/members.js';
import { MembersClient } from '../../proto/gen/netsweep/v1/members_service.js';
import { makeKey, requestCertificate } from '../../proto/identity/certificaterequest.js';
import { join } from '../../proto/identity/join.js';
import { makeCertificates } from '../certificates.ts';
import { Enrolled } from '../enrolled.ts';
import { root } from '../process.ts';

interface Method {
  path: string;
  clientStreams: boolean;
  serverStreams: boolean;
}

/** As the .proto files say it. */
function methods(): Method[] {
  const folder = pathOf(root, 'proto/netsweep/v1');
  return readdirSync(folder).flatMap((name) => {
    const text = readFileSync(pathOf(folder, name), 'utf8').replace(/\/\/.*$/gm, '');
    return [...text.matchAll(/service\s+(\w+)\s*\{([^}]*)\}/g)].flatMap(([, service, body = '']) =>
      [...body.matchAll(/rpc\s+(\w+)\s*\(\s*(stream\s)?[^)]*\)\s*returns\s*\(\s*(stream\s)?/g)].map(
        ([, method, client, server]) => ({
          path: `/netsweep.v1.${service}/${method}`,
          clientStreams: client !== undefined,
          serverStreams: server !== undefined,
        }),
      ),
    );
  });
}

test('every method of the .proto files has its row, and no row is left over', () => {
  const paths = methods().map(({ path }) => path);
  expect(paths.length).toBeGreaterThan(30);
  expect([...ACCESS.keys()].sort()).toEqual(paths.sort());
});

/** What becomes of an empty request: the door's word, or anything else. */
function tried(client: Client, { path, clientStreams, serverStreams }: Method): Promise<string> {
  const [same, read] = [(bytes: Buffer) => bytes, (bytes: Buffer) => bytes];
  const options = { deadline: Date.now() + 5_000 };
  const none = Buffer.alloc(0);
  return new Promise((resolve) => {
    const ended = (error: Pick<ServiceError, 'code' | 'details'> | null) => {
      const isJoin =
        error?.details.includes('join token is unknown') || error?.details.includes('wrong join');
      if (error?.code === status.UNAUTHENTICATED && !isJoin) resolve('unauthenticated');
      else resolve(error?.code === status.PERMISSION_DENIED ? 'denied' : 'called');
    };
    if (!clientStreams && !serverStreams)
      client.makeUnaryRequest(path, same, read, none, new Metadata(), options, ended);
    else if (!serverStreams)
      client.makeClientStreamRequest(path, same, read, new Metadata(), options, ended).end();
    else {
      const stream = clientStreams
        ? client.makeBidiStreamRequest(path, same, read, new Metadata(), options)
        : client.makeServerStreamRequest(path, same, read, none, new Metadata(), options);
      stream.on('error', () => undefined);
      stream.on('data', () => undefined);
      stream.on('status', (end) => ended(end.code === status.OK ? null : end));
      if (stream instanceof Duplex) stream.end();
    }
  });
}

class Callers {
  readonly #members: MembersClient;
  #homes = 0;

  constructor(private readonly netsweep: Enrolled) {
    const socket = readFileSync(netsweep.place.path('coordinator/serve/socket'), 'utf8');
    this.#members = new MembersClient(socket, ChannelCredentials.createInsecure());
  }

  get authority(): Authority {
    const authority = Authority.open(this.netsweep.place.path('coordinator/serve/authority'));
    if (authority === null) throw new Error('there is no authority');
    return authority;
  }

  /** The credentials of a new member. */
  async member(name: string, role: Role, segments: string[] = []): Promise<ChannelCredentials> {
    const { address } = this.netsweep.serve;
    const wanted = { name, role, segments, replaces: false, lifeMs: 0, expiresInMs: 0, address };
    const token = await new Promise<string>((resolve, reject) => {
      this.#members.enroll(wanted, (error, reply) => (error ? reject(error) : resolve(reply.token)));
    });
    const home = this.netsweep.place.path(`home-${++this.#homes}`);
    await join(token, home);
    const [key, cert] = ['key.pem', 'cert.pem'].map((file) => readFileSync(pathOf(home, file)));
    return this.credentials({ key, cert });
  }

  /** Of somebody whose certificate our authority has signed, and which it has never given to anybody. */
  async certified(notAfterMs: number): Promise<ChannelCredentials> {
    const key = makeKey();
    const leaf = { name: 'a', hosts: [], uri: null, uses: ['client' as const], serial: newSerial() };
    const cert = await this.authority.certify(await requestCertificate(key), { ...leaf, notAfterMs });
    return this.credentials({ key: Buffer.from(key), cert: Buffer.from(cert) });
  }

  credentials({
    key = null,
    cert = null,
  }: {
    key?: Buffer | null | undefined;
    cert?: Buffer | null | undefined;
  }) {
    return ChannelCredentials.createSsl(Buffer.from(this.authority.certificate), key, cert);
  }

  revoke(name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null) => (error ? reject(error) : resolve());
      this.#members.revoke({ name, role: Role.UNSPECIFIED }, done);
    });
  }
}

const NAMED = { 'grpc.ssl_target_name_override': 'localhost' };

test('each method is for whom it is meant, and nobody else gets as far as its request', async () => {
  await using netsweep = await Enrolled.open({ devices: 1 });
  await using others = await makeCertificates();
  const callers = new Callers(netsweep);
  const foreign = await others.leaf('a');
  const hour = 3_600_000;
  const revoked = await callers.member('gone', Role.OPERATOR);
  await callers.revoke('gone');
  const server = callers.authority.server();
  const who: Record<string, ChannelCredentials> = {
    none: callers.credentials({}),
    'wrong authority': callers.credentials({
      key: readFileSync(foreign.key),
      cert: readFileSync(foreign.cert),
    }),
    expired: await callers.certified(Date.now() - 1_000),
    'never enrolled': await callers.certified(Date.now() + hour),
    "the coordinator's own": callers.credentials({
      key: Buffer.from(server.key),
      cert: Buffer.from(server.cert),
    }),
    revoked,
    agent: await callers.member('a', Role.AGENT, ['s1']),
    'agent of another segment': await callers.member('b', Role.AGENT, ['s2']),
    operator: await callers.member('alice', Role.OPERATOR),
  };
  const all = methods();
  const matrix: Record<string, string[]> = {};
  for (const [name, credentials] of Object.entries(who)) {
    const client = new Client(netsweep.serve.address, credentials, NAMED);
    const cells = await Promise.all(
      all.map(async (method) => [method.path, await tried(client, method)] as const),
    );
    client.close();
    for (const [path, cell] of cells) {
      const key = `${name}: ${cell}`;
      matrix[key] = [...(matrix[key] ?? []), path.replace('/netsweep.v1.', '')];
    }
  }
  const named = (match: RegExp) =>
    all.map(({ path }) => path.replace('/netsweep.v1.', '')).filter((one) => match.test(one));
  const nobody = (name: string) => ({
    [`${name}: called`]: ['Members/Join'],
    [`${name}: unauthenticated`]: named(/^(?!Members\/Join$)/),
  });
  const agent = (name: string) => ({
    [`${name}: called`]: named(/^(Agents\/|Members\/(Join|Renew)$)/),
    [`${name}: denied`]: named(/^(?!Agents\/|Members\/(Join|Renew)$)/),
  });
  expect(matrix).toEqual({
    ...nobody('none'),
    ...nobody('wrong authority'),
    ...nobody('expired'),
    ...nobody('never enrolled'),
    ...nobody("the coordinator's own"),
    ...nobody('revoked'),
    ...agent('agent'),
    ...agent('agent of another segment'),
    'operator: called': named(/^(?!Agents\/)/),
    'operator: denied': named(/^Agents\//),
  });
});

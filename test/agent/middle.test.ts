// A man in the middle: a real SSH server with a host key of its own, which writes down all that it is sent. TRIES says
// how often (`TRIES=1000 npx vitest run test/agent/middle.test.ts`).
import { createHash } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hostKey } from '../../agent/ssh/hostkeys.js';
import { HostKeyPolicy, Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { HostMarks } from '../../proto/gen/netsweep/v1/session.js';
import { attempt, type Changes, Coordinator, hostKeyPem, PASSWORD, ScriptedDevice } from './device.js';

const TRIES = Number(process.env.TRIES ?? 120);

const blobOf = (pem: string) => hostKey((ssh2.utils.parseKey(pem) as ParsedKey).getPublicSSH());
const pems = { theirs: hostKeyPem('ed25519'), ours: hostKeyPem('ed25519'), ec: hostKeyPem('ec') };
const [TRUE, FALSE] = [blobOf(pems.ours), blobOf(pems.theirs)];
const fingerprint = (blob: Buffer) =>
  `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

/** All that the attacker was sent before it could be encrypted. */
const sent: Buffer[] = [];
let attacker: ScriptedDevice;

beforeAll(async () => {
  attacker = await ScriptedDevice.start(
    {
      authenticate: (context) =>
        context.method === 'password' ? context.accept() : context.reject(['password']),
      shell: async (line) => line.drop(),
      onConnection: (_connection, socket) =>
        socket.prependListener('data', (bytes: Buffer) => sent.push(bytes)),
    },
    [pems.theirs, pems.ec],
  );
});

afterAll(() => attacker[Symbol.asyncDispose]());

/** The ledger has a key by the time that a new one is offered: another agent was first. */
function lateLedger(): Coordinator {
  const ports = new Coordinator();
  ports.accepts = async () => ({ accepted: false, known: [TRUE] });
  return ports;
}

const { ACCEPT_NEW, STRICT, OFF } = HostKeyPolicy;
const ways: [what: string, changes: () => Changes][] = [
  ['a known key', () => ({ hostKeys: [TRUE] })],
  ['a known key, strictly', () => ({ hostKeys: [TRUE], options: { hostKeys: STRICT } })],
  [
    'a known key of another type',
    () => ({
      hostKeys: [blobOf(pems.ec)].map((key) => ({
        ...key,
        blob: Buffer.concat([key.blob.subarray(0, -1), Buffer.of(0)]),
      })),
    }),
  ],
  ['no key, strictly', () => ({ options: { hostKeys: STRICT } })],
  ['a key that another agent has just seen', () => ({ ports: lateLedger() })],
  [
    'the revoked key, with nothing checked',
    () => ({ options: { hostKeys: OFF }, marks: HostMarks.create({ revoked: [FALSE.blob] }) }),
  ],
  [
    'an authority',
    () => ({
      options: { hostKeys: ACCEPT_NEW },
      marks: HostMarks.create({ authorities: [TRUE.blob], vouchedFor: true }),
    }),
  ],
];

test(`a man in the middle gets no byte of a password, in ${TRIES} tries`, async () => {
  for (let tried = 0; tried < TRIES; tried++) {
    const [what, changes] = ways[tried % ways.length] ?? ['', () => ({})];
    const got = await attempt(attacker.port, changes());
    expect([what, got.status, got.secretSent]).toEqual([what, Status.FAILED, false]);
    expect(got.failure).toMatchObject({ kind: Kind.HOST_KEY, stage: Stage.HOSTKEY });
    if (what.startsWith('a known key') || what.startsWith('a key'))
      expect(got.failure?.message).toMatch(/known is \S+ SHA256:\S{43}, the device shows \S+ SHA256:\S{43}$/);
    if (what === 'a known key')
      for (const key of [TRUE, FALSE]) expect(got.failure?.message).toContain(fingerprint(key.blob));
  }
  const { connections, logins, passwords, channels } = attacker.seen;
  expect({ connections, logins, passwords, channels }).toEqual({
    connections: TRIES,
    logins: [],
    passwords: [],
    channels: 0,
  });
  const bytes = Buffer.concat(sent);
  for (const encoding of ['utf8', 'utf16le'] as const)
    expect(bytes.includes(Buffer.from(PASSWORD, encoding))).toBe(false);
  for (const encoding of ['base64', 'hex'] as const)
    expect(bytes.includes(Buffer.from(PASSWORD).toString(encoding).slice(0, 12))).toBe(false);
});

test('it does get it where nobody looks, so the attacker would have seen one', async () => {
  const got = await attempt(attacker.port, { options: { hostKeys: OFF } });
  expect(got.secretSent).toBe(true);
  expect(attacker.seen.passwords.at(-1)).toBe(PASSWORD);
});

// What is done in ssh2's place has to be what ssh2 asks for, and as good; a new version of it may have moved.
import { diffieHellman, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createRequire } from 'node:module';
import ssh2, { type ParsedKey, type Connection as Peer } from 'ssh2';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Connection } from '../../agent/ssh/connection.js';
import { type Cipher, mpint, padPlain, padSettled } from '../../agent/ssh/economy.js';
import { string } from '../../agent/ssh/publickey.js';
import { Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { root, run } from '../process.js';
import { attempt, Coordinator, hostKeyPem, ios, ScriptedDevice } from './device.js';

afterEach(() => void vi.restoreAllMocks());

const { NullCipher, createCipher, CIPHER_INFO, MAC_INFO } = createRequire(import.meta.url)(
  'ssh2/lib/protocol/crypto.js',
) as {
  NullCipher: new (seqno: number, onWrite: () => void) => Cipher;
  createCipher(config: object): Cipher;
  CIPHER_INFO: Record<string, { keyLen: number; ivLen: number }>;
  MAC_INFO: Record<string, { len: number }>;
}; // ssh2's own

test.each(['ed25519', 'ec', 'rsa'] as const)('the proof of a host key (%s) is checked once', async (type) => {
  const check = vi.spyOn(Object.getPrototypeOf(read(hostKeyPem('ed25519'))) as ParsedKey, 'verify');
  await using device = await ScriptedDevice.start({ shell: ios({ 'show version': 'one\r\n' }) }, [
    hostKeyPem(type),
  ]);
  const got = await attempt(device.port);
  expect(got.status).toBe(Status.OK);
  expect(check.mock.results).toEqual([{ type: 'return', value: true }]);
});

test('an Ed25519 proof counts for the very bytes and key alone', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = rawOf(publicKey);
  const proof = sign(null, Buffer.from('hash'), privateKey);
  expect(keyOf(raw).verify('hash', proof)).toBe(true);
  expect(keyOf(raw).verify('mash', proof)).toBe(false);
  expect(keyOf(raw).verify('hash', proof.subarray(1))).toBe(false);
  expect(keyOf(raw).verify('hash', Buffer.alloc(64))).toBe(false);
  expect(keyOf(Buffer.alloc(32, 7)).verify('hash', proof)).toBe(false);
});

test.each([
  ['before the key exchange', () => new NullCipher(0, () => {}), 'none', 8, 0],
  ['under GCM', () => cipher('aes128-gcm@openssh.com'), 'aes128-gcm@openssh.com', 16, 4],
  ['under CTR', () => cipher('aes128-ctr'), 'aes128-ctr', 16, 4],
])('a packet %s has room for its payload, and random padding of the right length', (...given) => {
  const [, make, name, block, outside] = given;
  const ciphers = Object.getPrototypeOf(make()) as Cipher;
  const its = ciphers.allocPacket;
  if (name === 'none') padPlain(make());
  else padSettled(make(), name);
  const isOurs = name !== 'aes128-ctr';
  expect(ciphers.allocPacket !== its || !String(its).includes('randomFillSync')).toBe(isOurs);
  for (let payload = 1; payload < 70; payload++) {
    const packet = make().allocPacket(payload);
    const length = packet.readUInt32BE(0);
    const padding = packet[4] ?? 0;
    expect(length).toBe(1 + payload + padding);
    expect((4 + length - outside) % block).toBe(0);
    expect(padding).toBeGreaterThanOrEqual(4);
    expect(padding).toBeLessThan(4 + block);
    const random = (made: Buffer) => made.toString('hex', 5 + payload, 5 + payload + padding);
    expect(random(packet)).not.toBe(random(make().allocPacket(payload)));
  }
});

test('a key exchange by X25519 gives what both sides know, and nothing for a half that is none', async () => {
  await using device = await ScriptedDevice.start({ shell: ios({ 'show version': 'one\r\n' }) });
  const closed = vi.spyOn(Connection.prototype, 'closed');
  for (let times = 0; times < 2; times++)
    expect(await attempt(device.port)).toMatchObject({ status: Status.OK });
  const [, exchange] = closed.mock.contexts.map((of) => (of as Connection).protocol._kex as Exchange);
  if (exchange?.type !== '25519') throw new Error('no X25519');
  for (let times = 0; times < 300; times++) {
    const theirs = generateKeyPairSync('x25519');
    exchange._keys = generateKeyPairSync('x25519');
    const x = rawOf(theirs.publicKey);
    const secret = diffieHellman({ privateKey: theirs.privateKey, publicKey: exchange._keys.publicKey });
    expect(exchange.computeSecret(x)).toEqual(mpint(secret));
  }
  expect(exchange.computeSecret(Buffer.alloc(32))).toBeInstanceOf(Error);
  expect(exchange.computeSecret(Buffer.alloc(31, 9))).toBeInstanceOf(Error);
});

test('exchanges that are under way keep their keys, and twenty thousand more are made while memory is collected', async () => {
  // In a process of their own: if it stands still, all of it does.
  const args = ['--input-type=module', '--eval', EXCHANGES];
  const child = await run(process.execPath, args, { cwd: root, timeoutMs: 60_000 });
  expect(child).toMatchObject({ status: 0, stdout: 'through\n' });
});

/** One run in three stood still where Node generated the keys, as ssh2 has it. */
const EXCHANGES = `
  import { generateKeyPairSync } from 'node:crypto';
  import { cheapenExchange } from './dist/agent/ssh/economy.js';
  class Exchange {
    type = '25519';
    _keys = null;
    generateKeys() { throw new Error('generated'); }
    getPublicKey() {}
  }
  const underWay = Array.from({ length: 3 }, () => Object.assign(new Exchange(), { _keys: generateKeyPairSync('x25519') }));
  cheapenExchange(underWay[0]);
  for (const exchange of underWay) {
    const half = exchange._keys.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    if (!exchange.getPublicKey().equals(half)) throw new Error('another key');
  }
  for (let n = 0; n < 20_000; n++)
    if (new Exchange().getPublicKey().length !== 32) throw new Error('no key');
  console.log('through');
`;

test.each([
  ['00ff', '00ff'],
  ['007f', '7f'],
  ['000000', ''],
  ['80', '0080'],
  ['0102', '0102'],
])('the number %s is written as %s', (bytes, written) => {
  expect(mpint(Buffer.from(bytes, 'hex')).toString('hex')).toBe(written);
});

describe('the first step of a login', () => {
  const shell = ios({ 'show version': 'one\r\n' });

  /** A device whose service opens when the test says so, once it is asked for. */
  function late() {
    let open = () => {};
    const onConnection = (connection: Peer) => {
      const { _protocol: inside } = connection as unknown as { _protocol: Serving }; // ssh2 keeps it to itself
      const { serviceAccept } = inside;
      inside.serviceAccept = (name) => {
        open = () => serviceAccept.call(inside, name);
      };
    };
    return { onConnection, open: () => open() };
  }

  test('goes with the request for the service', async () => {
    const { onConnection, open } = late();
    await using device = await ScriptedDevice.start({
      shell,
      onConnection,
      authenticate: (context) => {
        if (context.method === 'none') open();
        if (context.method === 'password') context.accept();
        else context.reject(['password']);
      },
    });
    expect(await attempt(device.port)).toMatchObject({ status: Status.OK });
    expect(device.seen.logins).toEqual(['none', 'password']);
  });

  test('is the only one before the device has opened its service', async () => {
    await using device = await ScriptedDevice.start({ shell, onConnection: late().onConnection });
    const got = await attempt(device.port, { limits: { loginMs: 2_000 } });
    expect(got).toMatchObject({ failure: { kind: Kind.TIMEOUT, stage: Stage.AUTH }, secretSent: false });
    expect(device.seen.logins).toEqual(['none']);
  });

  test('waits for the ledger where the key is new, and so does the end of the key exchange', async () => {
    let exchanged = 0;
    await using device = await ScriptedDevice.start({
      shell,
      onConnection: (connection) => connection.on('handshake', () => exchanged++),
    });
    const ports = new Coordinator();
    const before: number[] = [];
    ports.accepts = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      before.push(exchanged, device.seen.logins.length);
      return { accepted: true, known: [] };
    };
    expect(await attempt(device.port, { ports })).toMatchObject({ status: Status.OK });
    expect(before).toEqual([0, 0]);
  });
});

describe('a command line on a terminal', () => {
  const shell = ios({ 'show version': 'one\r\n' });

  test('is asked for before the device has answered about the terminal', async () => {
    await using device = await ScriptedDevice.start({
      shell,
      pty: (accept, _, session) => session.prependOnceListener('shell', accept),
    });
    expect(await attempt(device.port)).toMatchObject({ status: Status.OK });
    expect(device.seen.channels).toBe(1);
  });

  test('is used without one where the device gives only the line', async () => {
    await using device = await ScriptedDevice.start({ shell, pty: (_, reject) => reject() });
    expect(await attempt(device.port)).toMatchObject({ status: Status.OK });
    expect(device.seen.channels).toBe(1);
  });

  test('is asked for alone where the device has refused both', async () => {
    await using device = await ScriptedDevice.start({
      shell,
      pty: (_, reject, session) => {
        session.removeAllListeners('shell');
        session.once('shell', (__, refuse) => refuse?.());
        reject();
      },
    });
    expect(await attempt(device.port)).toMatchObject({ status: Status.OK });
    expect(device.seen.channels).toBe(2);
  });
});

/** Of ssh2's key exchanges. */
interface Exchange {
  type: string;
  _keys: { privateKey: KeyObject; publicKey: KeyObject };
  computeSecret(theirs: Buffer): Buffer | Error;
}

/** Of ssh2's protocol on a server's side. */
interface Serving {
  serviceAccept(name: string): void;
}

function read(pem: string): ParsedKey {
  const key = ssh2.utils.parseKey(pem);
  if (key instanceof Error) throw key;
  return key;
}

/** Not by way of a JWK: see `X25519` in economy.ts. */
function rawOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
}

function keyOf(raw: Buffer): ParsedKey {
  return read(`ssh-ed25519 ${Buffer.concat([string('ssh-ed25519'), string(raw)]).toString('base64')}`);
}

function cipher(name: string): Cipher {
  const [info, mac] = [CIPHER_INFO[name], MAC_INFO['hmac-sha2-256-etm@openssh.com']];
  if (!info || !mac) throw new Error('ssh2 knows it no more');
  const [cipherKey, cipherIV] = [Buffer.alloc(info.keyLen), Buffer.alloc(info.ivLen)];
  const outbound = { cipherInfo: info, cipherKey, cipherIV, macInfo: mac, macKey: Buffer.alloc(mac.len) };
  return createCipher({ outbound: { seqno: 0, onWrite: () => {}, ...outbound } });
}

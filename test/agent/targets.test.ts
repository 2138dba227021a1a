// Whom an agent connects to: a hundred targets under the lists of its host, each tried by a real session at a real
// address, however it is written.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Bastions } from '../../agent/ssh/bastions.js';
import { Targets } from '../../agent/targets.js';
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { attempt, ios, ScriptedDevice } from './device.js';

/** 127.0.0.1, in many hands. */
const LOOPBACK = [
  ['127.0.0.1', 'localhost', '127.1', '127.0.1', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001'],
  ['2130706433', '::ffff:127.0.0.1', '::FFFF:7f00:1', '0:0:0:0:0:ffff:127.0.0.1', '::ffff:7f00:0001'],
].flat();
const SPECIAL = [
  ['0.0.0.0', '0', '0x0', '0.1.2.3', '::', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0', '64:ff9b::0.0.0.0'],
  ['169.254.169.254', '169.254.0.1', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '169.16689662'],
  ['::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe', 'fe80::1', 'fe80::1%lo', 'febf::1'],
  ['224.0.0.1', '239.255.255.255', '0xe0000001', '::ffff:224.0.0.1', 'ff02::1', 'FF05::2', 'ff0e::1'],
  ['255.255.255.255', '0xffffffff', '4294967295', '::ffff:255.255.255.255', '64:ff9b::ffff:ffff'],
].flat();
const ELSEWHERE = [
  [
    '10.0.0.1',
    '10.1',
    '0x0a000001',
    '012.0.0.1',
    '167772161',
    '::ffff:10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
  ],
  ['192.0.2.1', '198.51.100.7', '203.0.113.9', '8.8.8.8', '1.1', '126.255.255.255', '128.0.0.0', '127.0.0.2'],
  ['2001:db8::1', '2001:DB8:0::1', 'fd00::1', 'fc00::1', '::1', '0:0:0:0:0:0:0:1', '64:ff9b::7f00:1', '::2'],
  ['::127.0.0.1', '2002:7f00:1::1', '240.0.0.1', '100.64.0.1', '127.1.1.1'],
].flat();
for (let third = 1; third <= 30; third++) ELSEWHERE.push(`10.254.${third}.255`);
const ALLOWED = '127.0.0.1/32,10.255.0.0/16,2001:db8:ffff::/48';

interface Tried {
  kind: string | undefined;
  connections: number;
}

const CONNECTED: Tried = { kind: Kind.DISCONNECTED, connections: 1 };
const REFUSED: Tried = { kind: Kind.NOT_ALLOWED, connections: 0 };

async function tryAll(hosts: string[], targets: Targets): Promise<Map<string, Tried>> {
  let connections = 0;
  // It hangs up: that there was a connection is all that counts.
  const device = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined).destroy();
  });
  await once(device.listen(0, '127.0.0.1'), 'listening');
  const { port } = device.address() as AddressInfo; // listening on TCP, so it is not a path
  const tried = new Map<string, Tried>();
  for (const host of hosts) {
    const before = connections;
    const { failure } = await attempt(port, { device: { host }, bastions: new Bastions(targets) });
    tried.set(host, { kind: failure?.kind, connections: connections - before });
  }
  device.close();
  return tried;
}

/** All that did not come out like this. */
function unlike(tried: Map<string, Tried>, expected: Tried): unknown[] {
  return [...tried].filter(
    ([, { kind, connections }]) => kind !== expected.kind || connections !== expected.connections,
  );
}

describe('a hundred targets', () => {
  test('there are', () => {
    expect(new Set([...LOOPBACK, ...SPECIAL, ...ELSEWHERE]).size).toBeGreaterThanOrEqual(100);
  });

  test('under a list: what is in it is connected to however it is written, nothing else is', async () => {
    const targets = Targets.read(ALLOWED, null);
    expect(unlike(await tryAll(LOOPBACK, targets), CONNECTED)).toEqual([]);
    const refused = await tryAll([...SPECIAL, ...ELSEWHERE], targets);
    expect(unlike(refused, REFUSED)).toEqual([]);
  });

  test('without a list: loopback is connected to, what is no device is not, unless it is listed as such', async () => {
    expect(unlike(await tryAll(LOOPBACK, Targets.any), CONNECTED)).toEqual([]);
    const refused = await tryAll(SPECIAL, Targets.any);
    expect(unlike(refused, REFUSED)).toEqual([]);
    const world = Targets.read('0.0.0.0/0,::/0', null);
    expect(unlike(await tryAll(SPECIAL, world), REFUSED)).toEqual([]);
    expect(ELSEWHERE.filter((host) => host.includes(':') && Targets.any.refusal(host, 22) !== null)).toEqual(
      [],
    );
    const metadata = Targets.read('169.254.169.254', null);
    expect(metadata.refusal('169.254.169.254', 22)).toBeNull();
    expect(metadata.refusal('::ffff:169.254.169.254', 22)).toBeNull();
    expect(metadata.refusal('169.254.169.253', 22)).not.toBeNull();
  });
});

test('of a name with several addresses those are tried that are allowed', async () => {
  const tried = await tryAll(['localhost'], Targets.read('127.0.0.0/8', null));
  expect(tried.get('localhost')).toEqual(CONNECTED);
});

test('a refusal names the address and the list, and is not tried again', async () => {
  const bastions = new Bastions(Targets.read('10.0.0.0/8,192.168.0.0/16', null));
  const { failure, secretSent } = await attempt(22, { device: { host: '127.1' }, bastions });
  expect(failure).toEqual({
    kind: Kind.NOT_ALLOWED,
    stage: Stage.CONNECT,
    message:
      'this agent may not connect there: 127.0.0.1 is not in --allow-targets 10.0.0.0/8,192.168.0.0/16',
    retryable: false,
  });
  expect(secretSent).toBe(false);
});

test('ports outside of their list are refused', async () => {
  await using device = await ScriptedDevice.start({ shell: ios({ 'show version': 'v' }) });
  const under = async (ports: string) => {
    const bastions = new Bastions(Targets.read(null, ports));
    return (await attempt(device.port, { bastions })).failure?.message;
  };
  expect(await under(`22,${device.port - 1}-${device.port + 1}`)).toBeUndefined();
  expect(await under('22,2200')).toBe(
    `this agent may not connect there: port ${device.port} of 127.0.0.1:${device.port} is not in --allow-ports 22,2200`,
  );
  expect(device.seen.connections).toBe(1);
});

test('a jump host is judged as it is connected to, and what lies behind it by its address before that', async () => {
  await using bastion = await ScriptedDevice.start({});
  const hop = {
    host: '127.1',
    port: bastion.port,
    username: 'u',
    credential: null,
    hostKeys: [],
    marks: null,
    legacy: false,
  };
  const through = async (targets: Targets, host: string) => {
    const bastions = new Bastions(targets);
    return (await attempt(22, { device: { host }, jump: [hop], bastions })).failure?.message ?? '';
  };
  const inside = Targets.read('10.0.0.0/8', null);
  expect(await through(inside, '10.0.0.1')).toBe(
    `jump host 127.1:${bastion.port}: this agent may not connect there: 127.0.0.1 is not in --allow-targets 10.0.0.0/8`,
  );
  const both = Targets.read('10.0.0.0/8,127.0.0.1', null);
  expect(await through(both, '192.168.0.1')).toMatch(/192\.168\.0\.1 is not in --allow-targets/);
  expect(await through(both, 'core1.example')).toMatch(/core1\.example is resolved behind a jump host/);
  expect(await through(Targets.any, '169.254.169.254')).toMatch(/link-local/);
  expect(bastion.seen.connections).toBe(0);
});

describe('an option that cannot be read', () => {
  test.each([
    '10.0.0.0/33',
    '10.0.0.1/8',
    '10.0/8',
    '2001:db8::1/32',
    '2001:db8::/129',
    '::ffff:10.0.0.0/90',
    'core1',
    '',
    '10.0.0.0/8,',
    'fe80::1%lo',
  ])('"%s" is refused', (networks) => {
    expect(() => Targets.read(networks, null)).toThrow(/found "/);
  });

  test.each(['0', '65536', '22-21', 'ssh', '', '22,'])('port "%s" is refused', (ports) => {
    expect(() => Targets.read(null, ports)).toThrow(/found "/);
  });

  test('but an IPv4 network may be written as IPv6', () => {
    const targets = Targets.read('::ffff:10.0.0.0/104', null);
    expect(targets.refusal('10.9.9.9', 22)).toBeNull();
    expect(targets.refusal('11.0.0.0', 22)).not.toBeNull();
  });
});

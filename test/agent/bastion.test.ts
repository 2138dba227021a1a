// Sessions through bastions: Debian's real sshd as the bastion, scripted devices and real sshd behind it.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { CHANNELS, type Hop } from '../../agent/ssh/bastion.js';
import { Bastions } from '../../agent/ssh/bastions.js';
import { hostKey } from '../../agent/ssh/hostkeys.js';
import { Targets } from '../../agent/targets.js';
import { Credential, HostKeyPolicy, Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { type HostKey, LoginResult, Permit } from '../../proto/gen/netsweep/v1/session.js';
import { Breakable } from '../breakable.ts';
import { type Login, type Sshd, sshdMissing, startSshd } from '../openssh.ts';
import { until } from '../process.ts';
import { attempt, type Changes, Coordinator, ios, ScriptedDevice, textOf } from './device.js';

const VERSION = 'Cisco IOS Software\r\n';
const answers = { 'show version': VERSION };

function hopTo(login: Login, changes: Partial<Hop> & { password?: string } = {}): Hop {
  const { password = login.password, ...rest } = changes;
  return {
    host: login.host,
    port: login.port,
    username: login.user,
    credential: Credential.create({ id: 'bastion', username: login.user, password: Buffer.from(password) }),
    hostKeys: [],
    marks: null,
    legacy: false,
    ...rest,
  };
}

/** Connections that came as far as a login, and logins. */
function logins(sshd: Sshd): number {
  return sshd.log.match(/Accepted password/g)?.length ?? 0;
}

function knownKey(publicKey: string): HostKey {
  return hostKey(Buffer.from(publicKey.split(' ')[1] ?? '', 'base64'));
}

/** Nobody listens there. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe.skipIf(sshdMissing !== null)('a session through a bastion', () => {
  test('gives what the device prints, and says to the coordinator which login was whose', async () => {
    await using bastion = await startSshd();
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const ports = new Coordinator();
    const got = await attempt(device.port, { jump: [hopTo(bastion)], ports });
    expect(got).toMatchObject({ status: Status.OK, failure: undefined, leftClean: true, secretSent: true });
    expect(textOf(got.outputs[0])).toBe('Cisco IOS Software\n');
    expect(ports.hops.asked).toEqual([1]);
    expect(ports.hops.told).toEqual([[1, LoginResult.ACCEPTED]]);
    expect(ports.hops.offered).toEqual([[1, knownKey(bastion.hostKey)]]);
    expect(ports.asked).toHaveLength(1);
    expect(ports.offered).toHaveLength(1);
  });

  test('goes through two bastions in a row, each with a login of its own', async () => {
    await using first = await startSshd();
    await using second = await startSshd({ config: ['PasswordAuthentication no'] });
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const privateKey = readFileSync(second.privateKeyPath);
    const byKey = hopTo(second, { credential: Credential.create({ id: 'key', privateKey }) });
    const ports = new Coordinator();
    const got = await attempt(device.port, { jump: [hopTo(first), byKey], ports });
    expect(got.failure).toBeUndefined();
    expect(textOf(got.outputs[0])).toBe('Cisco IOS Software\n');
    expect(ports.hops.asked).toEqual([1, 2]);
    expect(ports.hops.told).toEqual([
      [1, LoginResult.ACCEPTED],
      [2, LoginResult.ACCEPTED],
    ]);
    expect(first.log).toMatch(/Accepted password/);
    expect(second.log).toMatch(/Accepted publickey/);
    expect(second.log).not.toContain('Failed');
  });

  test('carries an output of many megabytes unharmed, and new keys in its midst', async () => {
    await using bastion = await startSshd({ config: ['RekeyLimit 500K'] });
    await using device = await startSshd();
    const command = 'seq 1 2000000';
    const got = await attempt(device.port, {
      jump: [hopTo(bastion)],
      device: { platform: 'linux', commands: [command] },
      options: { allowWrites: true },
      credential: { username: device.user, password: Buffer.from(device.password) },
    });
    expect(got.failure).toBeUndefined();
    expect(textOf(got.outputs[0])).toBe(await device.ssh(command));
  });
});

describe.skipIf(sshdMissing !== null)('a bastion', () => {
  test('is connected to once for many devices, and lets 32 at a time through', async () => {
    await using bastion = await startSshd();
    let open = 0;
    let most = 0;
    const held: (() => void)[] = [];
    let free = false;
    await using device = await ScriptedDevice.start({
      shell: ios({
        'show version': async () => {
          most = Math.max(most, ++open);
          if (!free) await new Promise<void>((resolve) => held.push(resolve));
          open -= 1;
          return VERSION;
        },
      }),
    });
    const bastions = new Bastions();
    // The wait in line is no time of the device's: its limit is far shorter than that.
    const limits = { connectMs: 10_000 };
    const all = Array.from({ length: 50 }, () =>
      attempt(device.port, { jump: [hopTo(bastion)], bastions, limits }),
    );
    await until('the bastion is full', () => open === CHANNELS);
    expect(device.seen.connections).toBe(CHANNELS);
    free = true;
    for (const release of held) release();
    const got = await Promise.all(all);
    expect(got.map(({ status }) => status)).toEqual(Array(50).fill(Status.OK));
    expect(most).toBe(CHANNELS);
    expect(logins(bastion)).toBe(1);
  });

  test('is left once nobody has used it for a while, and connected to again', async () => {
    await using bastion = await startSshd();
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const bastions = new Bastions(Targets.any, 50);
    const changes = { jump: [hopTo(bastion)], bastions };
    expect((await attempt(device.port, changes)).status).toBe(Status.OK);
    await until('it was left politely', () => /Received disconnect from .*:11:/.test(bastion.log));
    expect((await attempt(device.port, changes)).status).toBe(Status.OK);
    expect(logins(bastion)).toBe(2);
  });

  test('that breaks fails its sessions as disconnected, and is connected to again', async () => {
    await using bastion = await startSshd();
    await using proxy = await Breakable.open(bastion.port);
    let asked = 0;
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': () => (++asked <= 3 ? new Promise(() => undefined) : VERSION) }),
    });
    const bastions = new Bastions();
    const changes = { jump: [hopTo(bastion, { port: proxy.port })], bastions };
    const all = Array.from({ length: 3 }, () => attempt(device.port, changes));
    await until('all wait for the command', () => asked === 3);
    proxy.cut();
    for (const { failure } of await Promise.all(all)) {
      expect(failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.COMMAND });
      expect(failure?.message).toContain(`jump host 127.0.0.1:${proxy.port}: `);
    }
    const again = await attempt(device.port, changes);
    expect(again.failure).toBeUndefined();
    expect(proxy.taken).toBe(2);
  });

  test('that refuses the password gets it once: all who wait and all who come fail alike', async () => {
    await using bastion = await startSshd();
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const bastions = new Bastions();
    const ports = new Coordinator();
    const changes = { jump: [hopTo(bastion, { password: 'wrong' })], bastions, ports };
    const first = await Promise.all(Array.from({ length: 10 }, () => attempt(device.port, changes)));
    for (const { failure, secretSent, leftClean } of [...first, await attempt(device.port, changes)]) {
      expect(failure).toMatchObject({ kind: Kind.AUTH, stage: Stage.AUTH, retryable: false });
      expect(failure?.message).toMatch(`jump host 127.0.0.1:${bastion.port}: it refused`);
      expect({ secretSent, leftClean }).toEqual({ secretSent: false, leftClean: true });
    }
    expect(bastion.log.match(/Failed password/g)).toHaveLength(1);
    expect(ports.hops.told).toEqual([[1, LoginResult.REFUSED]]);
    expect(ports.asked).toEqual([]);
    expect(device.seen.connections).toBe(0);
  });

  test('that goes once it has the password does not get it again', async () => {
    let drop = () => {};
    await using bastion = await ScriptedDevice.start({
      onConnection: (_, socket) => {
        drop = () => socket.destroy();
      },
      authenticate: (context) => {
        if (context.method === 'password') drop();
        else context.reject(['password']);
      },
    });
    const login = { host: '127.0.0.1', port: bastion.port, user: 'u', password: 'perhaps' };
    const bastions = new Bastions();
    const changes = { jump: [hopTo(login)], bastions };
    const [first, second] = await Promise.all([attempt(22, changes), attempt(22, changes)]);
    expect([first.failure?.kind, second.failure?.kind]).toEqual([Kind.DISCONNECTED, Kind.DISCONNECTED]);
    const { failure } = await attempt(22, changes);
    expect(failure).toMatchObject({ kind: Kind.AUTH, stage: Stage.AUTH, retryable: false });
    expect(failure?.message).toBe(
      `jump host 127.0.0.1:${bastion.port}: outcome unknown: its login was already tried in this sweep`,
    );
    expect(bastion.seen.passwords).toEqual(['perhaps']);
  });

  test('gets the password again, once it has taken it, after its connection broke', async () => {
    await using bastion = await startSshd();
    await using proxy = await Breakable.open(bastion.port);
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const bastions = new Bastions();
    const changes = { jump: [hopTo(bastion, { port: proxy.port })], bastions };
    for (const nth of [1, 2, 3]) {
      const isThrough = async () => (await attempt(device.port, changes)).status === Status.OK;
      await until('it is noticed, and the next gets through', isThrough);
      expect(logins(bastion)).toBe(nth);
      proxy.cut();
    }
  });

  test('is shared by the ways to others behind it', async () => {
    await using first = await startSshd();
    await using second = await startSshd();
    await using third = await startSshd();
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const bastions = new Bastions();
    const ways = [[first], [first, second], [first, third], [first, second, third], [first, second]];
    const got = await Promise.all(
      ways.map((way) => attempt(device.port, { jump: way.map((sshd) => hopTo(sshd)), bastions })),
    );
    expect(got.map(({ failure }) => failure)).toEqual(Array(5).fill(undefined));
    expect([first, second, third].map(logins)).toEqual([1, 1, 2]);
  });

  test('is not shared by those who log in with something else', async () => {
    await using bastion = await startSshd();
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const bastions = new Bastions();
    const wrong = hopTo(bastion, { password: 'wrong' });
    const other = { ...wrong, credential: Credential.create({ ...wrong.credential, id: 'other' }) };
    const jumps = [[hopTo(bastion)], [other], [hopTo(bastion)]];
    const got = await Promise.all(jumps.map((jump) => attempt(device.port, { jump, bastions })));
    expect(got.map(({ failure }) => failure?.kind)).toEqual([undefined, Kind.AUTH, undefined]);
  });

  test('whose host key has changed is told nothing', async () => {
    await using bastion = await startSshd({ config: ['LogLevel DEBUG1'] });
    await using other = await startSshd();
    const hop = hopTo(bastion, { hostKeys: [knownKey(other.hostKey)] });
    const ports = new Coordinator();
    const got = await attempt(await closedPort(), { jump: [hop], ports });
    expect(got.failure).toMatchObject({ kind: Kind.HOST_KEY, stage: Stage.HOSTKEY, retryable: false });
    expect(got.failure?.message).toMatch(/^jump host 127.0.0.1:\d+: the host key has changed: .* it shows/);
    expect(ports.hops).toEqual({ asked: [], told: [], offered: [] });
    expect(bastion.log).not.toContain('userauth-request');
  });

  test('that is not known yet is refused where only known ones are allowed', async () => {
    await using bastion = await startSshd({ config: ['LogLevel DEBUG1'] });
    const options = { hostKeys: HostKeyPolicy.STRICT };
    const got = await attempt(await closedPort(), { jump: [hopTo(bastion)], options });
    expect(got.failure).toMatchObject({ kind: Kind.HOST_KEY, stage: Stage.HOSTKEY });
    expect(bastion.log).not.toContain('userauth-request');
  });

  test('that is not there fails its devices as it fails itself', async () => {
    const port = await closedPort();
    const hop = hopTo({ host: '127.0.0.1', port, user: 'u', password: 'p' });
    const got = await attempt(22, { jump: [hop] });
    expect(got.failure).toMatchObject({ kind: Kind.REFUSED, stage: Stage.CONNECT, retryable: true });
    expect(got.failure?.message).toBe(
      `jump host 127.0.0.1:${port}: 127.0.0.1:${port} refused the connection`,
    );
  });

  test('without a login fails before it is connected to', async () => {
    await using bastion = await startSshd();
    const ports = new Coordinator();
    const hop = hopTo(bastion, { username: '', credential: null });
    const got = await attempt(22, { jump: [hop], ports });
    expect(got.failure).toMatchObject({ kind: Kind.AUTH });
    expect(got.failure?.message).toBe(`jump host 127.0.0.1:${bastion.port}: no user name is given`);
    expect(bastion.log).not.toContain('Connection from');
  });

  test('is not logged in to with a credential that is stopped', async () => {
    await using bastion = await startSshd({ config: ['LogLevel DEBUG1'] });
    const ports = new Coordinator();
    ports.permits = async () => Permit.STOPPED;
    const got = await attempt(22, { jump: [hopTo(bastion)], ports });
    expect(got).toMatchObject({
      status: Status.SKIPPED,
      failure: { kind: Kind.CREDENTIAL_STOPPED, stage: Stage.AUTH },
    });
    expect(bastion.log).not.toContain('method password');
  });
});

describe.skipIf(sshdMissing !== null)('a device that its bastion does not reach', () => {
  test('is refused where nobody listens', async () => {
    await using bastion = await startSshd();
    const port = await closedPort();
    const got = await attempt(port, { jump: [hopTo(bastion)] });
    expect(got.failure).toMatchObject({ kind: Kind.REFUSED, stage: Stage.CONNECT, retryable: true });
    expect(got.failure?.message).toBe(
      `jump host 127.0.0.1:${bastion.port}: 127.0.0.1:${port} refused the connection (Connection refused)`,
    );
  });

  test('has no address where the bastion knows none', async () => {
    await using bastion = await startSshd();
    const got = await attempt(22, { jump: [hopTo(bastion)], device: { host: 'nobody.invalid' } });
    expect(got.failure).toMatchObject({ kind: Kind.RESOLVE, stage: Stage.RESOLVE });
  });

  test('is unreachable where the bastion forwards nothing', async () => {
    await using bastion = await startSshd({ config: ['AllowTcpForwarding no'] });
    const got = await attempt(22, { jump: [hopTo(bastion)] });
    expect(got.failure).toMatchObject({ kind: Kind.UNREACHABLE, stage: Stage.CONNECT, retryable: true });
    expect(got.failure?.message).toMatch(
      /^jump host \S+: it may not connect to 127.0.0.1:22 \(.*prohibited.*\)$/,
    );
  });

  test('is unreachable within its limit where nothing answers, and keeps no place in line', async () => {
    await using bastion = await startSshd();
    await using silent = await blackhole();
    const bastions = new Bastions();
    const changes: Changes = { jump: [hopTo(bastion)], bastions, limits: { connectMs: 2_000 } };
    const all = Array.from({ length: CHANNELS + 1 }, () => attempt(silent.port, changes));
    for (const { failure } of await Promise.all(all)) {
      expect(failure).toMatchObject({ kind: Kind.UNREACHABLE, stage: Stage.CONNECT });
      expect(failure?.message).toMatch(/^jump host \S+: no connection to \S+ within 2000 ms$/);
    }
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    expect((await attempt(device.port, { ...changes, limits: {} })).status).toBe(Status.OK);
  });
});

describe.skipIf(sshdMissing !== null)('a session that is called off', () => {
  test('in line leaves it, and in mid-command breaks off without harm to its neighbours', async () => {
    await using bastion = await startSshd();
    let asked = 0;
    const finish: (() => void)[] = [];
    await using device = await ScriptedDevice.start({
      shell: ios({
        'show version': async () => {
          asked += 1;
          await new Promise<void>((resolve) => finish.push(resolve));
          return VERSION;
        },
      }),
    });
    const bastions = new Bastions();
    const stops = Array.from({ length: CHANNELS + 2 }, () => new AbortController());
    const all = stops.map(({ signal }) => attempt(device.port, { jump: [hopTo(bastion)], bastions, signal }));
    await until('the bastion is full', () => asked === CHANNELS);
    stops[CHANNELS]?.abort(); // in line
    expect((await all[CHANNELS])?.failure?.kind).toBe(Kind.DISCONNECTED);
    stops[0]?.abort(); // in mid-command: the last in line takes its place
    expect((await all[0])?.failure?.kind).toBe(Kind.DISCONNECTED);
    await until('the next has come', () => asked === CHANNELS + 1);
    for (const release of finish) release();
    const rest = await Promise.all(all.filter((_, at) => at !== 0 && at !== CHANNELS));
    expect(rest.every(({ status }) => status === Status.OK)).toBe(true);
    expect(logins(bastion)).toBe(1);
  });

  test('before the bastion has its login leaves the next to try', async () => {
    await using bastion = await startSshd();
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const bastions = new Bastions();
    const waiting = new Coordinator();
    waiting.permits = () => new Promise(() => undefined);
    const stop = new AbortController();
    const jump = [hopTo(bastion)];
    const first = attempt(device.port, { jump, bastions, ports: waiting, signal: stop.signal });
    await until('leave is asked for', () => waiting.hops.asked.length === 1);
    const ports = new Coordinator();
    const second = attempt(device.port, { jump, bastions, ports });
    stop.abort();
    expect((await first).failure?.kind).toBe(Kind.DISCONNECTED);
    expect((await second).failure).toBeUndefined();
    expect(ports.hops.told).toEqual([[1, LoginResult.ACCEPTED]]);
  });

  test('before the bastion has its login leaves nothing to one who may not connect any more', async () => {
    await using bastion = await startSshd();
    const bastions = new Bastions();
    const waiting = new Coordinator();
    waiting.permits = () => new Promise(() => undefined);
    const stop = new AbortController();
    const jump = [hopTo(bastion)];
    const first = attempt(22, { jump, bastions, ports: waiting, signal: stop.signal });
    const ports = new Coordinator();
    const second = attempt(22, { jump, bastions, ports });
    await until('leave is asked for', () => waiting.hops.asked.length === 1);
    ports.may.start = false;
    stop.abort();
    await first;
    expect((await second).failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.CONNECT });
    expect(bastion.log.match(/Connection from/g)).toHaveLength(1);
  });

  test('because its lease is over does not make those who wait try without end', async () => {
    await using bastion = await startSshd();
    const bastions = new Bastions();
    const ports = new Coordinator();
    ports.permits = () => Promise.reject(new Error('the lease is over'));
    const changes = { jump: [hopTo(bastion)], bastions, ports };
    const got = await Promise.all(Array.from({ length: 5 }, () => attempt(22, changes)));
    expect(got.map(({ failure }) => failure?.kind)).toEqual(Array(5).fill(Kind.DISCONNECTED));
    expect(ports.hops.asked).toHaveLength(5); // each by itself
    expect(bastion.log).not.toContain('Accepted');
  });
});

/** A port that knocks are dropped at: its queue is full, and the thread that listens sleeps. */
async function blackhole(): Promise<{ port: number } & AsyncDisposable> {
  const sleeper = `
    const { parentPort, workerData } = require('node:worker_threads');
    const server = require('node:net').createServer();
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(workerData), 0, 0);
    });`;
  const thread = new Worker(sleeper, { eval: true, workerData: new SharedArrayBuffer(4) });
  const [port] = (await once(thread, 'message')) as [number];
  const knocking = [1, 2, 3].map(() => connect(port, '127.0.0.1').on('error', () => undefined));
  await Promise.all(knocking.slice(0, 2).map((socket) => once(socket, 'connect')));
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of knocking) socket.destroy();
      await thread.terminate();
    },
  };
}

import { once } from 'node:events';
import { createConnection } from 'node:net';
import ssh2 from 'ssh2';
import { describe, expect, test } from 'vitest';
import type { FleetEvent } from '../../agent/fleet/events.ts';
import { startFleet } from '../../agent/fleet/fleet.ts';
import { deriveHostKey } from '../../agent/fleet/hostkey.ts';
import type { FleetOptions } from '../../agent/fleet/options.ts';
import { readableKey } from '../../agent/fleet/sshd.ts';
import { until } from '../process.ts';
import { Client } from './client.ts';

const { utils } = ssh2;

const PROMPT = /(?<=^|[\n\b])R1(\(config\))?[>#] ?$/;

/** A fleet with its events; plain devices unless options say otherwise. */
async function rehearse(options: Partial<FleetOptions>) {
  const events: FleetEvent[] = [];
  const fleet = await startFleet({
    devices: 1,
    unprivileged: 0,
    keyboardInteractive: 0,
    onEvent: (event) => events.push(event),
    ...options,
  });
  return {
    events,
    fleet,
    port: fleet.port,
    of: (kind: FleetEvent['event']) => events.filter(({ event }) => event === kind),
    login: () => Client.open('127.1.0.1', fleet.port),
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}

describe('a simulated Cisco device', () => {
  test('answers a line with its echo, its output and its prompt', async () => {
    await using rehearsal = await rehearse({});
    await using client = await (await rehearsal.login()).shell();
    await client.expect(PROMPT);
    await client.ask('terminal length 0', PROMPT);
    expect(await client.ask('show version', PROMPT)).toMatch(/^Cisco IOS Software, .*\r\n(.*\r\n)*$/);
  });

  test('shows a configuration of some 15 KB that ends with `end` and differs by device', async () => {
    await using rehearsal = await rehearse({ devices: 2 });
    const configs: string[] = [];
    for (const host of ['127.1.0.1', '127.1.0.2']) {
      await using client = await Client.open(host, rehearsal.port);
      configs.push((await client.exec('show running-config')).stdout);
    }
    for (const config of configs) {
      expect(config).toMatch(/^Building configuration...\r\n\r\nCurrent configuration : \d+ bytes\r\n!\r\n/);
      expect(config).toMatch(/\r\nend\r\n\r\n$/);
      expect(config.length).toBeGreaterThan(14_000);
      expect(config.length).toBeLessThan(16_500);
    }
    expect(configs[0]).not.toBe(configs[1]);
    expect(configs[1]).toContain('\r\nhostname R2\r\n');
  });

  test('pages every 24 lines until told not to, and wipes the question away', async () => {
    await using rehearsal = await rehearse({});
    await using client = await (await rehearsal.login()).shell();
    await client.expect(PROMPT);
    client.type('show running-config\r');
    const first = await client.expect(/ --More-- $/);
    expect(first.split('\r\n')).toHaveLength(1 + 23 + 1);
    client.type(' ');
    expect(await client.expect(/ --More-- $/)).toMatch(/^[\b]{9} {8}[\b]{9}[^\b]/);
    client.type('\r');
    expect((await client.expect(/ --More-- $/)).split('\r\n')).toHaveLength(2);
    client.type('q');
    await client.expect(PROMPT);
    await client.ask('terminal length 0', PROMPT);
    expect(await client.ask('show running-config', PROMPT)).not.toContain('More');
  });

  test('understands abbreviations that can mean one command only', async () => {
    await using rehearsal = await rehearse({});
    await using client = await (await rehearsal.login()).shell(0);
    await client.expect(PROMPT);
    await client.ask('ter len 0', PROMPT);
    expect(await client.ask('sh ver', PROMPT)).toContain('Cisco IOS Software');
    expect(await client.ask('sh run | i hostname', PROMPT)).toBe('hostname R1\r\n');
    expect(await client.ask('e', PROMPT)).toMatch(/^% Ambiguous command:/);
    expect(await client.ask('show ip', PROMPT)).toMatch(/^% Incomplete command/);
    expect(await client.ask('show fig', PROMPT)).toBe(
      "        ^\r\n% Invalid input detected at '^' marker.\r\n\r\n",
    );
  });

  test('keeps lines typed ahead until its prompt', async () => {
    await using rehearsal = await rehearse({ commandLatencyMs: 100 });
    await using client = await (await rehearsal.login()).shell();
    client.type('show clock\rshow inventory\r');
    await client.expect(/R1#show clock\r\n\*.* UTC .*\r\nR1#show inventory\r\nNAME: [^#]*R1#$/);
  });

  test('waits for its latencies', async () => {
    await using rehearsal = await rehearse({
      promptLatencyMs: 300,
      commandLatencyMs: 200,
      jitterPercent: 10,
    });
    await using client = await rehearsal.login();
    const start = performance.now();
    await client.shell();
    await client.expect(PROMPT);
    expect(performance.now() - start).toBeGreaterThan(269);
    const asked = performance.now();
    await client.ask('show clock', PROMPT);
    expect(performance.now() - asked).toBeGreaterThan(179);
  });

  test('without privileges hides its configuration until it has the enable secret', async () => {
    await using rehearsal = await rehearse({ unprivileged: 1 });
    await using client = await (await rehearsal.login()).shell(0);
    await client.expect(/R1>$/);
    expect(await client.ask('show running-config', PROMPT)).toContain('Invalid input');
    client.type('enable\r');
    await client.expect(/enable\r\nPassword: $/);
    client.type('rehearsal-enable\r');
    expect(await client.expect(PROMPT)).toBe('\r\nR1#');
    expect(rehearsal.of('enable')).toMatchObject([{ accepted: true }]);
  });

  test('understands that it is being configured, so that a write can be seen arriving', async () => {
    await using rehearsal = await rehearse({});
    await using client = await (await rehearsal.login()).shell();
    await client.expect(PROMPT);
    await client.ask('configure terminal', /R1\(config\)#$/);
    await client.ask('hostname other', /R1\(config\)#$/);
    await client.ask('end', /R1#$/);
    expect(rehearsal.of('command').map((event) => 'command' in event && event.command)).toEqual([
      'configure terminal',
      'hostname other',
      'end',
    ]);
  });

  test('closes the connection after exit', async () => {
    await using rehearsal = await rehearse({});
    const client = await (await rehearsal.login()).shell();
    await client.expect(PROMPT);
    client.type('exit\r');
    await until('closed', () => client.closed);
    await until('close event', () => rehearsal.of('close')[0]);
    expect(rehearsal.of('close')).toMatchObject([{ reason: 'exit' }]);
  });

  test('presents the key that is derived from its seed', async () => {
    await using rehearsal = await rehearse({ seed: 42 });
    let key = '';
    const hostVerifier = (blob: Buffer) => {
      key = blob.toString('base64');
      return true;
    };
    await using _client = await Client.open('127.1.0.1', rehearsal.port, { hostVerifier });
    expect(`ssh-ed25519 ${key}`).toBe(deriveHostKey(42, 1, 0).public);
  });

  test('takes a password by keyboard-interactive only where the plan says so', async () => {
    await using rehearsal = await rehearse({ keyboardInteractive: 1 });
    await using _client = await Client.open('127.1.0.1', rehearsal.port, {
      authHandler: ['none', 'keyboard-interactive'],
    });
    expect(rehearsal.of('login')).toMatchObject([{ method: 'keyboard-interactive', user: 'admin' }]);
    await expect(Client.open('127.1.0.1', rehearsal.port, { authHandler: ['password'] })).rejects.toThrow(
      /authentication/,
    );
    expect(rehearsal.of('denied')).toMatchObject([{ method: 'password' }]);
  });

  test('does not let a wrong password in and never logs one', async () => {
    await using rehearsal = await rehearse({});
    await expect(Client.open('127.1.0.1', rehearsal.port, { password: 'hunter2' })).rejects.toThrow();
    expect(rehearsal.of('denied').length).toBeGreaterThan(0);
    expect(JSON.stringify(rehearsal.events)).not.toMatch(/hunter2|rehearsal/);
  });
});

describe('a simulated FRR router', () => {
  test('has a prompt with a space, errors of its own and a configuration with an end', async () => {
    await using rehearsal = await rehearse({ platforms: ['frr'] });
    await using client = await (await rehearsal.login()).shell();
    await client.expect(/R1# $/);
    await client.ask('terminal length 0', /R1# $/);
    expect(await client.ask('sh run', /R1# $/)).toMatch(/^Building.*\r\n(.*\r\n)*end\r\n$/);
    expect(await client.ask('show nothing', /R1# $/)).toMatch(/^% Unknown command/);
  });
});

describe('a simulated Linux host', () => {
  test('runs commands on channels of their own, with exit status and error text', async () => {
    await using rehearsal = await rehearse({ platforms: ['linux'] });
    await using client = await rehearsal.login();
    expect(await client.exec('hostname')).toEqual({ status: 0, stdout: 'R1\n', stderr: '' });
    expect(await client.exec('uname -a')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Linux R1 /),
    });
    expect(await client.exec('reboot')).toEqual({
      status: 127,
      stdout: '',
      stderr: 'bash: line 1: reboot: command not found\n',
    });
    expect(rehearsal.of('command')).toHaveLength(3);
  });

  test('has a shell too', async () => {
    await using rehearsal = await rehearse({ platforms: ['linux'] });
    await using client = await (await rehearsal.login()).shell();
    await client.expect(/admin@R1:~\$ $/);
    expect(await client.ask('uptime', /admin@R1:~\$ $/)).toMatch(/ up \d+ days/);
  });
});

describe('a device with a fault', () => {
  test('refuse: TCP is refused', async () => {
    await using rehearsal = await rehearse({ devices: 2, bad: { refuse: 0.5 } });
    const bad = rehearsal.fleet.devices.find((device) => device.fault === 'refuse');
    const socket = createConnection({ host: bad?.address ?? '', port: rehearsal.port });
    const [error] = await once(socket, 'error');
    expect(error.code).toBe('ECONNREFUSED');
  });

  test('hang-banner: TCP is accepted, then silence', async () => {
    await using rehearsal = await rehearse({ bad: { 'hang-banner': 1 } });
    await expect(Client.open('127.1.0.1', rehearsal.port, { readyTimeout: 300 })).rejects.toThrow(
      /Timed out/,
    );
    await until('close event', () => rehearsal.of('close')[0]);
    expect(rehearsal.events).toMatchObject([
      { event: 'connect' },
      { event: 'close', sent: 0, reason: 'client' },
    ]);
  });

  test('hang-login: the login is never answered', async () => {
    await using rehearsal = await rehearse({ bad: { 'hang-login': 1 } });
    await expect(Client.open('127.1.0.1', rehearsal.port, { readyTimeout: 400 })).rejects.toThrow(
      /Timed out/,
    );
    expect(rehearsal.of('unanswered')).toHaveLength(1);
  });

  test('drop-login: the connection ends right after the login', async () => {
    await using rehearsal = await rehearse({ bad: { 'drop-login': 1 } });
    const client = await rehearsal.login();
    await until('closed', () => client.closed);
    expect(rehearsal.of('login')).toHaveLength(1);
    expect(rehearsal.of('close')).toMatchObject([{ reason: 'drop-login' }]);
  });

  test('auth: the right password is rejected', async () => {
    await using rehearsal = await rehearse({ bad: { auth: 1 } });
    await expect(rehearsal.login()).rejects.toThrow(/authentication/);
    expect(rehearsal.of('login')).toEqual([]);
  });

  test('host-key: the key is another than the known one', async () => {
    await using rehearsal = await rehearse({ bad: { 'host-key': 1 } });
    const seen: string[] = [];
    const hostVerifier = (blob: Buffer) => seen.push(`ssh-ed25519 ${blob.toString('base64')}`) > 0;
    await using _client = await Client.open('127.1.0.1', rehearsal.port, { hostVerifier });
    expect(seen).toEqual([deriveHostKey(1, 1, 1).public]);
    expect(seen).not.toEqual([deriveHostKey(1, 1, 0).public]);
  });

  test('hang-prompt: not a byte after the shell request', async () => {
    await using rehearsal = await rehearse({ bad: { 'hang-prompt': 1 } });
    await using client = await (await rehearsal.login()).shell();
    client.type('\r\r');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.text).toBe('');
  });

  test('enable: the right secret is refused', async () => {
    await using rehearsal = await rehearse({ bad: { enable: 1 } });
    await using client = await (await rehearsal.login()).shell();
    await client.expect(/R1>$/);
    client.type(`enable\r${'rehearsal-enable\r'.repeat(3)}`);
    await client.expect(/Password: \r\n% (Bad secrets|Access denied)\r\n\r\nR1>/);
    expect(rehearsal.of('enable').every((event) => 'accepted' in event && !event.accepted)).toBe(true);
  });

  test('hang-output: half an output, then silence', async () => {
    await using rehearsal = await rehearse({ bad: { 'hang-output': 1 } });
    await using client = await (await rehearsal.login()).shell(0);
    await client.expect(PROMPT);
    client.type('terminal length 0\rshow running-config\r');
    await until('half of it', () => client.text.length > 6000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.text).not.toMatch(/\nend\r\n|R1#$/);
    expect(client.closed).toBe(false);
  });

  test('drop-output: half an output, then the connection ends', async () => {
    await using rehearsal = await rehearse({ bad: { 'drop-output': 1 } });
    const client = await (await rehearsal.login()).shell(0);
    await client.expect(PROMPT);
    client.type('terminal length 0\rshow running-config\r');
    await until('closed', () => client.closed);
    expect(client.text.length).toBeGreaterThan(6000);
    expect(client.text).not.toMatch(/\nend\r\n|R1#$/);
  });

  test('cli-error: show commands are unknown, the terminal is not', async () => {
    await using rehearsal = await rehearse({ bad: { 'cli-error': 1 } });
    await using client = await (await rehearsal.login()).shell();
    await client.expect(PROMPT);
    expect(await client.ask('terminal length 0', PROMPT)).toBe('');
    expect(await client.ask('show running-config', PROMPT)).toMatch(/\n% Invalid input detected/);
  });

  test('no-end: the configuration has no end', async () => {
    await using rehearsal = await rehearse({ bad: { 'no-end': 1 } });
    await using client = await rehearsal.login();
    expect((await client.exec('show running-config')).stdout).toMatch(/prefer\r\n!\r\n$/);
  });

  test('drip: every byte by itself, nothing lost', async () => {
    await using rehearsal = await rehearse({ devices: 2, bad: { drip: 0.5 }, dripMs: 0 });
    const configs: string[] = [];
    for (const { address, name } of rehearsal.fleet.devices) {
      await using client = await Client.open(address, rehearsal.port);
      configs.push((await client.exec('show running-config')).stdout.replaceAll(name, 'R'));
    }
    expect(configs[1]).toMatch(/\r\nend\r\n\r\n$/);
    expect(configs[0]).toMatch(/\r\nend\r\n\r\n$/);
  });

  test('slow: all there, later', async () => {
    await using rehearsal = await rehearse({ bad: { slow: 1 }, slowMs: 200 });
    await using client = await rehearsal.login();
    const start = performance.now();
    await client.shell();
    await client.expect(PROMPT);
    expect(performance.now() - start).toBeGreaterThan(195);
  });
});

describe('the event log', () => {
  test('tells a session from TCP to close in order, with a clock that never goes back', async () => {
    await using rehearsal = await rehearse({});
    {
      await using client = await rehearsal.login();
      await client.exec('show version');
    }
    await until('close event', () => rehearsal.of('close')[0]);
    expect(rehearsal.events.map(({ event }) => event)).toEqual([
      'connect',
      'banner',
      'login',
      'command',
      'close',
    ]);
    const times = rehearsal.events.map(({ t }) => t);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(rehearsal.of('close')).toMatchObject([{ sent: expect.any(Number) }]);
  });

  test('tells of a second connection while the first is open', async () => {
    await using rehearsal = await rehearse({});
    await using _first = await rehearsal.login();
    await using _second = await rehearsal.login();
    expect(rehearsal.of('overlap')).toMatchObject([{ device: 'R1', session: 2, open: 2 }]);
  });

  test('takes no connection for a second one whose predecessor has ended, however late it looks', async () => {
    await using rehearsal = await rehearse({});
    const connections = () => rehearsal.of('connect').length;
    const dial = () => createConnection(rehearsal.port, '127.1.0.1');
    let last = dial();
    for (let round = 1; round <= 20; round++) {
      await until('it is connected', () => connections() === round);
      last.destroy();
      last = dial();
    }
    last.destroy();
    expect(rehearsal.of('overlap')).toEqual([]);
  });

  test('has the end of one session before the begin of another that came after it, however late it looks', async () => {
    await using rehearsal = await rehearse({ devices: 2 });
    const dial = (device: number) => createConnection(rehearsal.port, `127.1.0.${device}`);
    let last = dial(1);
    for (let round = 1; round <= 20; round++) {
      await until('it is connected', () => rehearsal.of('connect').length === round);
      last.destroy();
      last = dial(1 + (round % 2));
    }
    await until('the last is connected', () => rehearsal.of('connect').length === 21);
    last.destroy();
    await until('all have ended', () => rehearsal.of('close').length === 21);
    const order = [...rehearsal.of('connect'), ...rehearsal.of('close')]
      .sort((a, b) => a.t - b.t)
      .map(({ event }) => event);
    expect(order).toEqual(Array.from({ length: 42 }, (_, at) => (at % 2 === 0 ? 'connect' : 'close')));
  });

  test('hides a secret that was typed as a command', async () => {
    await using rehearsal = await rehearse({});
    await using client = await (await rehearsal.login()).shell();
    await client.expect(PROMPT);
    await client.ask('rehearsal-enable', PROMPT);
    expect(rehearsal.of('command')).toMatchObject([{ command: '(a secret)' }]);
  });
});

test('a fleet does not start with a key that ssh2 has made and can not read', () => {
  const made: string[] = [];
  const key = readableKey(() => {
    const { private: good } = utils.generateKeyPairSync('ed25519');
    // As it writes them where the public half begins with a zero: a byte short.
    made.push(made.length === 0 ? good.replace('AAAAMwAAAAtz', 'AAAAMgAAAAtz') : good);
    return made.at(-1) ?? '';
  });
  expect(utils.parseKey(made[0] ?? '')).toBeInstanceOf(Error);
  expect(made.slice(1)).toContain(key);
});

test('a large fleet answers behind one listener, and its refusing devices on another port only', async () => {
  await using rehearsal = await rehearse({ devices: 5000, bad: { refuse: 0.001 } });
  await using client = await Client.open('127.1.19.170', rehearsal.port);
  const name = rehearsal.fleet.devices.find(({ address }) => address === '127.1.19.170')?.name;
  expect((await client.exec('show running-config')).stdout).toContain(`hostname ${name}`);
  await expect(Client.open('127.0.0.1', rehearsal.port)).rejects.toThrow(/ECONNRESET|closed|lost/);
});

test('a stopped fleet has closed every session and listens no more', async () => {
  const rehearsal = await rehearse({});
  const client = await (await rehearsal.login()).shell();
  await rehearsal.fleet[Symbol.asyncDispose]();
  await until('closed', () => client.closed);
  expect(rehearsal.of('close')).toMatchObject([{ reason: 'fleet stopped' }]);
  await expect(rehearsal.login()).rejects.toThrow(/ECONNREFUSED/);
});

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FAULT_NAMES } from '../../agent/fleet/fault.ts';
import { deriveHostKey } from '../../agent/fleet/hostkey.ts';
import { planFleet } from '../../agent/fleet/plan.ts';
import { output, Running, root, run, until, without } from '../process.ts';
import { Client } from './client.ts';

const program = join(root, 'dist/agent/fleet/main.js');

async function startProgram(...args: string[]) {
  const fleet = new Running(process.execPath, [program, ...args], { onParentExit: 'killed' });
  const [, port] = await fleet.logged(/^ready port=(\d+) devices=\d+ pid=\d+\n/m);
  return { fleet, port: Number(port), [Symbol.asyncDispose]: () => fleet.stop('SIGTERM') };
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'fleet-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

describe.skipIf(!existsSync(program))('the program netsweep fleet', () => {
  test('prints one line when every device answers, and ends with 0 at SIGTERM', async () => {
    await using running = await startProgram('--devices', '3');
    await using _client = await Client.open('127.1.0.3', running.port);
    const { fleet, port } = running;
    await fleet.stop('SIGTERM');
    expect(fleet.child.exitCode).toBe(0);
    expect(fleet.log).toBe(`ready port=${port} devices=3 pid=${fleet.pid}\n`);
  });

  test('ends when the process that forked it closes the channel', async () => {
    const child = fork(program, ['--devices', '1'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    if (child.stdout !== null) await once(child.stdout, 'data');
    child.disconnect();
    const [status] = await once(child, 'exit');
    expect(status).toBe(0);
  });

  test.each([
    [['--devices', 'many'], /--devices <n>.*expected a whole number/],
    [['--devices', '3', '--listen', '0.0.0.0/0'], /not within 127/],
    [['--devices', '3', '--bad', 'refused=0.5'], /"refused" is none of refuse, /],
    [['--devices', '3', '--bad', 'refuse=5'], /expected a fraction/],
    [['--devices', '3', '--platforms', 'vms'], /"vms" is none of cisco_ios/],
    [['--devices', '3', '--inventory', 'fleet.txt'], /must end in one of .json/],
    [['--devices', '3', '--password-file', '/nowhere'], /ENOENT.*\/nowhere/],
    [['--devices', '3', '--fast'], /unknown option '--fast'/],
    [['3'], /--devices/],
  ])('refuses %j with one line and 2', async (args, message) => {
    const { status, stdout, stderr } = await run(process.execPath, [program, ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
  });

  test('writes what reached its devices to a file of JSON lines', async () => {
    const events = join(await folder(), 'events.jsonl');
    await using running = await startProgram(
      '--devices',
      '2',
      '--events',
      events,
      '--keyboard-interactive',
      '0',
    );
    {
      await using client = await Client.open('127.1.0.2', running.port);
      await client.exec('show clock');
    }
    const lines = await until('the last line', async () => {
      const text = await readFile(events, 'utf8');
      return (
        text.includes('"close"') &&
        text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line))
      );
    });
    expect(lines.map(({ device, address, event }) => [device, address, event])).toEqual(
      ['connect', 'banner', 'login', 'command', 'close'].map((event) => ['R2', '127.1.0.2', event]),
    );
  });

  test('has addresses that never answer TCP, and gives them back when it ends', async () => {
    const options = ['--devices', '2', '--bad', 'filtered=0.5'];
    const { fleet, port } = await startProgram(...options);
    const filtered = planFleet({ devices: 2, bad: { filtered: 0.5 } }).find(({ fault }) => fault !== null);
    const socket = createConnection({ host: filtered?.address ?? '', port });
    socket.on('error', () => {}); // given up with the test
    const answered = once(socket, 'connect').then(
      () => 'answered',
      () => 'refused',
    );
    const waited = new Promise((resolve) => setTimeout(resolve, 500, 'nothing'));
    expect(await Promise.race([answered, waited])).toBe('nothing');
    socket.destroy();
    await fleet.stop('SIGTERM');
    expect(fleet.child.exitCode).toBe(0);
    await using _again = await startProgram(...options, '--port', String(port));
  });

  test('lists the kinds of bad devices with how a sweep must end there', async () => {
    const { status, stdout } = await run(process.execPath, [program, '--bad', 'list']);
    expect(status).toBe(0);
    for (const fault of FAULT_NAMES) expect(stdout).toContain(`\n  ${fault} `);
  });

  test('shares its sessions among processes that see overlaps and write to one file', async () => {
    const events = join(await folder(), 'events.jsonl');
    await using running = await startProgram('--devices', '6', '--processes', '2', '--events', events);
    {
      const hosts = ['127.1.0.1', '127.1.0.2', '127.1.0.3', '127.1.0.4', '127.1.0.4'];
      const clients = await Promise.all(hosts.map((host) => Client.open(host, running.port)));
      const clocks = await Promise.all(clients.map((client) => client.exec('show clock')));
      expect(clocks.every(({ stdout }) => stdout.includes('UTC'))).toBe(true);
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    }
    await running.fleet.stop('SIGTERM');
    expect(running.fleet.child.exitCode).toBe(0);
    const lines = (await readFile(events, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const sessions = lines.filter(({ event }) => event === 'close').map(({ session }) => session);
    expect(sessions.sort()).toEqual([1, 2, 3, 4, 5]);
    expect(lines.filter(({ event }) => event === 'overlap')).toMatchObject([{ device: 'R4', open: 2 }]);
  });

  test('gives each process a port of its own where devices are too many for a listener each', async () => {
    const inventory = join(await folder(), 'fleet.json');
    const options = [
      '--devices',
      '2001',
      '--processes',
      '3',
      '--unprivileged',
      '0',
      '--inventory',
      inventory,
    ];
    await using running = await startProgram(...options);
    const { devices } = JSON.parse(await readFile(inventory, 'utf8')) as {
      devices: Record<string, { host: string; port: number }>;
    };
    const ports = Object.values(devices).map(({ port }) => port);
    expect(new Set(ports)).toEqual(new Set([0, 1, 2].map((index) => running.port + index)));
    for (const name of ['R1', 'R2', 'R3']) {
      const { host, port } = devices[name] ?? { host: '', port: 0 };
      await using client = await Client.open(host, port);
      expect((await client.exec('show running-config')).stdout).toContain(`hostname ${name}\r\n`);
      await expect(Client.open(host, port === running.port ? port + 1 : port - 1)).rejects.toThrow();
    }
  });

  test('writes its inventory in the shape that the file name asks for', async () => {
    const path = await folder();
    const options = [
      '--devices',
      '4',
      '--platforms',
      'cisco_ios,linux',
      '--segments',
      '2',
      '--bad',
      'host-key=0.25',
    ];
    const written: Record<string, string> = {};
    for (const shape of ['json', 'csv', 'py']) {
      const file = join(path, `fleet.${shape}`);
      const { fleet } = await startProgram(...options, '--unprivileged', '1', '--inventory', file);
      await fleet.stop('SIGTERM');
      written[shape] = await readFile(file, 'utf8');
    }
    const { defaults, devices } = JSON.parse(written.json ?? '');
    expect(defaults).toEqual({ username: 'admin', password: 'rehearsal' });
    expect(Object.keys(devices)).toEqual(['R1', 'R2', 'R3', 'R4']);
    expect(devices.R1).toMatchObject({
      host: '127.1.0.1',
      platform: 'cisco_ios',
      segment: 'segment-1',
      secret: 'rehearsal-enable',
    });
    const [[changed, device]] = Object.entries<Record<string, string>>(devices).filter(
      ([, { expect }]) => expect === 'host-key',
    ) as [[string, Record<string, string>]];
    expect(device.known_host_key).toBe(deriveHostKey(1, Number(changed.slice(1)), 0).public);
    expect(written.csv).toMatch(/^name,host,port,platform,.*\nR1,127.1.0.1,\d+,cisco_ios,segment-1,/);
    expect(written.py).toMatch(/^R1 = \{"device_type": "cisco_ios_ssh", "ip": "127.1.0.1", "port": \d+, /);
    expect(written.py).toContain('segment_2 = [\n    R3, R4,\n]\nnodes = [\n    R1, R2, R3, R4,\n]\n');
  });

  test('takes its password from the environment and names only the variable in the inventory', async () => {
    const file = join(await folder(), 'fleet.json');
    process.env.NETSWEEP_FLEET_PASSWORD = 'from the environment';
    await using running = await startProgram('--devices', '1', '--inventory', file);
    delete process.env.NETSWEEP_FLEET_PASSWORD;
    await using _client = await Client.open('127.1.0.1', running.port, {
      password: 'from the environment',
      tryKeyboard: false,
    });
    expect(JSON.parse(await readFile(file, 'utf8')).defaults.password).toBe('env:NETSWEEP_FLEET_PASSWORD');
  });

  test.skipIf(without('ssh', 'ssh-keygen') !== null)('lets OpenSSH in with an authorized key', async () => {
    const path = await folder();
    const key = join(path, 'id');
    await output('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    await using running = await startProgram(
      '--devices',
      '2',
      '--platforms',
      'linux,frr',
      '--authorized-key',
      `${key}.pub`,
    );
    const options = [
      '-F',
      'none',
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      `UserKnownHostsFile=${path}/known`,
      '-o',
      'BatchMode=yes',
    ];
    const ssh = (host: string, ...command: string[]) =>
      run('ssh', [...options, '-i', key, '-p', String(running.port), `admin@${host}`, ...command]);
    expect(await ssh('127.1.0.1', 'uname -r')).toMatchObject({ status: 0, stdout: '6.1.0-18-amd64\n' });
    expect(await ssh('127.1.0.1', 'false')).toMatchObject({ status: 127 });
    expect((await ssh('127.1.0.2', 'show version')).stdout).toMatch(/^FRRouting /);
  });
});

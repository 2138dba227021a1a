// Whole attempts against real SSH servers on loopback that behave as devices do, well or badly.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { fingerprint, hostKey } from '../../agent/ssh/hostkeys.js';
import { HostKeyPolicy, Kind, Proof, Purpose, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { LoginResult, Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import {
  attempt,
  Coordinator,
  dripping,
  hostKeyPem,
  INVALID,
  ios,
  type Line,
  PASSWORD,
  ScriptedDevice,
  textOf,
} from './device.js';

const VERSION = 'Cisco IOS Software\r\n\r\nuptime is 3 weeks\r\n';
const VERSION_TEXT = 'Cisco IOS Software\n\nuptime is 3 weeks\n';

describe('a session', () => {
  test('brings one complete output and leaves politely', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports });
    expect(got).toMatchObject({ status: Status.OK, failure: undefined, secretSent: true, leftClean: true });
    expect(got.outputs).toHaveLength(1);
    expect(got.outputs[0]).toMatchObject({
      command: 'show version',
      proof: Proof.COMPLETE,
      encoding: 'utf-8',
    });
    expect(textOf(got.outputs[0])).toBe(VERSION_TEXT);
    expect(got.outputs[0]?.bytes).toBe(VERSION_TEXT.length);
    expect(device.seen.lines).toEqual(['terminal length 0', 'show version', 'exit']);
    expect(ports.asked).toEqual([SecretUse.LOGIN]);
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.ACCEPTED]]);
  });

  test('asks for a wide terminal only where a command line is long', async () => {
    const long = `show running-config | include ${'x'.repeat(40)}`;
    await using device = await ScriptedDevice.start({ shell: ios({ [long]: 'X\r\n', 'show c': '' }) });
    await attempt(device.port, { device: { commands: ['show c', long] } });
    expect(device.seen.lines).toEqual(['terminal length 0', 'terminal width 511', 'show c', long, 'exit']);
  });

  test('runs several commands in order on one connection', async () => {
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show a': 'A\r\n', 'show b': '', 'show c': 'C\r\n' }),
    });
    const got = await attempt(device.port, { device: { commands: ['show a', 'show b', 'show c'] } });
    expect(got.outputs.map(textOf)).toEqual(['A\n', '', 'C\n']);
    expect(got.status).toBe(Status.OK);
    expect(device.seen.connections).toBe(1);
  });

  test('gives the same output when the device speaks one byte at a time', async () => {
    const write = dripping(1);
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }, { write }) });
    const got = await attempt(device.port);
    expect(got.status).toBe(Status.OK);
    expect(textOf(got.outputs[0])).toBe(VERSION_TEXT);
  });

  test('understands a server whose every packet arrives in single bytes', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) });
    await using proxy = await inPieces(device.port, 1);
    const got = await attempt(proxy.port);
    expect(got.failure).toBeUndefined();
    expect(textOf(got.outputs[0])).toBe(VERSION_TEXT);
  });

  test('removes CRLF, NUL, ANSI and overwritten text, and reads what is not UTF-8 as Latin-1', async () => {
    const answer = '\x1b[1mBold\x1b[0m\r\nto\x00p\x07\r\n12\b3\r\nold\rnew\r\nZ\xfcrich\r\n';
    await using device = await ScriptedDevice.start({
      shell: ios(
        { 'show x': answer },
        { write: async (line, text) => line.write(Buffer.from(text, 'latin1')) },
      ),
    });
    const got = await attempt(device.port, { device: { commands: ['show x'] } });
    expect(textOf(got.outputs[0])).toBe('Bold\ntop\n13\nnew\nZürich\n');
    expect(got.outputs[0]?.encoding).toBe('latin-1');
  });

  test('answers a pager and removes it', async () => {
    const erase = `${'\b'.repeat(9)}${' '.repeat(8)}${'\b'.repeat(9)}`;
    const paged = async (line: Line) => {
      line.write('one\r\n --More-- ');
      expect(await line.key()).toBe(' ');
      line.write(`${erase} two\r\n --More-- `);
      await line.key();
      return `${erase}three\r\n`;
    };
    for (const write of [undefined, dripping()]) {
      await using device = await ScriptedDevice.start({
        shell: ios({ 'show x': paged }, write ? { write } : {}),
      });
      const got = await attempt(device.port, { device: { commands: ['show x'] } });
      expect(got.status).toBe(Status.OK);
      expect(textOf(got.outputs[0])).toBe('one\n two\nthree\n');
    }
  });

  test('is not fooled by its prompt within an output, however long the device pauses there', async () => {
    const answer = async (line: Line) => {
      line.write('banner motd ^C\r\nR1#');
      await pause(400);
      line.write('\r\nR1# is not the end\r\nsw2>');
      await pause(30);
      return '\r\n^C\r\n';
    };
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show banner': answer, 'show version': VERSION }),
    });
    for (const commands of [['show banner'], ['show banner', 'show version']]) {
      const got = await attempt(device.port, { device: { commands } });
      expect(got.status).toBe(Status.OK);
      expect(textOf(got.outputs[0])).toBe('banner motd ^C\nR1#\nR1# is not the end\nsw2>\n^C\n');
      if (commands.length > 1) expect(textOf(got.outputs[1])).toBe(VERSION_TEXT);
    }
  });

  test('marks an output suspect when the device does not echo', async () => {
    await using device = await ScriptedDevice.start({
      shell: async (line) => {
        line.write('R1#');
        for (let typed = await line.read(); typed !== null; typed = await line.read()) {
          if (typed === 'exit') return line.close();
          line.write(typed === 'show version' ? `${VERSION}R1#` : 'R1#');
        }
      },
    });
    const got = await attempt(device.port);
    expect(got).toMatchObject({ status: Status.SUSPECT, failure: undefined });
    expect(got.outputs[0]?.proof).toBe(Proof.SUSPECT);
    expect(textOf(got.outputs[0])).toBe(VERSION_TEXT);
  });

  test('marks a configuration suspect when its end mark is missing', async () => {
    const answers = { 'show running-config': 'hostname R1\r\n', 'show run': 'hostname R1\r\nend\r\n' };
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const got = await attempt(device.port, { device: { commands: ['show running-config', 'show run'] } });
    expect(got.status).toBe(Status.SUSPECT);
    expect(got.outputs.map((output) => output.proof)).toEqual([Proof.SUSPECT, Proof.COMPLETE]);
  });

  test("goes on after the parser's own error, and fails for it", async () => {
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': VERSION, 'show bgp': '% BGP not active\r\n\r\n' }),
    });
    const commands = ['show verzion', 'show bgp', 'show version'];
    const got = await attempt(device.port, { device: { commands } });
    expect(got.status).toBe(Status.FAILED);
    expect(got.failure).toMatchObject({ kind: Kind.CLI_ERROR, stage: Stage.COMMAND, retryable: false });
    expect(got.failure?.message).toContain('% Invalid input');
    expect(got.outputs.map((output) => output.proof)).toEqual(Array(3).fill(Proof.COMPLETE));
    expect(got.leftClean).toBe(true);
    expect(textOf(got.outputs[0])).toBe(INVALID.replaceAll('\r', ''));
  });

  test('keeps what came when the device drops in the middle, and the outputs before it', async () => {
    const answers = {
      'show version': VERSION,
      'show tech': async (line: Line) => {
        line.write('part of it\r\nand mo');
        await pause(50);
        line.drop();
        return '';
      },
    };
    await using device = await ScriptedDevice.start({ shell: ios(answers) });
    const got = await attempt(device.port, {
      device: { commands: ['show version', 'show tech', 'show version'] },
    });
    expect(got.status).toBe(Status.FAILED);
    expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.COMMAND, retryable: false });
    expect(got.outputs.map((output) => output.proof)).toEqual([Proof.COMPLETE, Proof.TRUNCATED]);
    expect(textOf(got.outputs[1])).toBe('part of it\nand mo');
  });

  test('keeps what came when the device falls silent', async () => {
    const hang = async (line: Line) => {
      line.write('half\r\n');
      return new Promise<string>(() => {});
    };
    await using device = await ScriptedDevice.start({ shell: ios({ 'show tech': hang }) });
    const got = await attempt(device.port, {
      device: { commands: ['show tech'] },
      limits: { idleMs: 1_500 },
    });
    expect(got.failure).toMatchObject({ kind: Kind.TIMEOUT, stage: Stage.COMMAND });
    expect(got.outputs[0]?.proof).toBe(Proof.TRUNCATED);
    expect(textOf(got.outputs[0])).toBe('half\n');
    expect(got.leftClean).toBe(false);
  });

  test.each([
    ['command', { commandMs: 1_500 }, Kind.TIMEOUT],
    ['device', { deviceMs: 2_500 }, Kind.DEADLINE],
  ])('ends at the %s limit although bytes keep coming', async (_name, limits, kind) => {
    const drip = async (line: Line) => {
      while (line.channel.writable) {
        line.write('.');
        await pause(20);
      }
      return '';
    };
    await using device = await ScriptedDevice.start({ shell: ios({ 'show tech': drip }) });
    const got = await attempt(device.port, { device: { commands: ['show tech'] }, limits });
    expect(got.failure).toMatchObject({ kind, stage: Stage.COMMAND });
  });

  test('destroys the connection when an output grows over the limit', async () => {
    const flood = async (line: Line) => {
      for (let block = 0; block < 1000 && line.channel.writable; block++) {
        line.write('x'.repeat(9999));
        await pause(0);
      }
      return '';
    };
    await using device = await ScriptedDevice.start({ shell: ios({ 'show tech': flood }) });
    const got = await attempt(device.port, {
      device: { commands: ['show tech'] },
      options: { outputLimit: 50_000 },
    });
    expect(got.failure).toMatchObject({ kind: Kind.OUTPUT_LIMIT, stage: Stage.COMMAND, retryable: false });
    expect(got.outputs[0]?.proof).toBe(Proof.TRUNCATED);
    expect(got.outputs[0]?.bytes).toBeGreaterThan(40_000); // the echo counts, and pieces are as they come
    expect(got.outputs[0]?.bytes).toBeLessThan(4_000_000);
  });

  test('touches no device with a command that is not allowed', async () => {
    await using device = await ScriptedDevice.start({});
    const got = await attempt(device.port, { device: { commands: ['show version', 'reload'] } });
    expect(got).toMatchObject({ status: Status.FAILED, secretSent: false, leftClean: true, outputs: [] });
    expect(got.failure).toMatchObject({ kind: Kind.NOT_ALLOWED, stage: Stage.PLAN });
    expect(device.seen.connections).toBe(0);
  });

  test.each([
    { commands: ['show version\rreload'] },
    { commands: ['show version', 'show version | tee flash:x'] },
    { commands: ['show version'], enable: true, enableCommand: 'enable | reload' },
    { commands: ['show version'], enable: true, enableCommand: 'configure terminal' },
  ])('does not connect for %j', async (typed) => {
    await using device = await ScriptedDevice.start({});
    const got = await attempt(device.port, { device: typed });
    expect(got.failure).toMatchObject({ kind: Kind.NOT_ALLOWED, stage: Stage.PLAN });
    expect(device.seen.connections).toBe(0);
  });

  test('sends any command when writing is allowed', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'clear counters': '' }) });
    const got = await attempt(device.port, {
      device: { commands: ['clear counters'] },
      options: { allowWrites: true },
    });
    expect(got.status).toBe(Status.OK);
  });

  test('starts nothing once the lease allows no start', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) });
    const ports = new Coordinator();
    ports.may.start = false;
    const got = await attempt(device.port, { ports });
    expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.CONNECT });
    expect(device.seen.connections).toBe(0);
  });

  test('is over at once when it is called off', async () => {
    const abort = new AbortController();
    const hang = async (line: Line) => {
      line.write('half\r\n');
      abort.abort();
      return new Promise<string>(() => {});
    };
    await using device = await ScriptedDevice.start({ shell: ios({ 'show tech': hang }) });
    const got = await attempt(device.port, { device: { commands: ['show tech'] }, signal: abort.signal });
    expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.COMMAND });
    expect(got.leftClean).toBe(false);
  });

  test('goes on although the device does not close after exit, and says so', async () => {
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': VERSION, exit: () => new Promise<string>(() => {}) }),
      onConnection: (_connection, socket) => {
        socket.on('end', () => {}); // stays half open
      },
    });
    const got = await attempt(device.port);
    expect(got.status).toBe(Status.OK);
    expect(got.durationMs, 'not as long as a command may take').toBeLessThan(20_000);
  });
});

describe('a prompt', () => {
  test('that never comes fails as prompt when text came', async () => {
    await using device = await ScriptedDevice.start({
      shell: async (line) => line.write('Welcome\r\nPress RETURN: '),
    });
    const got = await attempt(device.port, { limits: { loginMs: 2_500 } });
    expect(got.failure).toMatchObject({ kind: Kind.PROMPT, stage: Stage.SHELL });
  });

  test('that never comes fails as timeout when nothing came', async () => {
    await using device = await ScriptedDevice.start({ shell: async () => {} });
    const got = await attempt(device.port, { limits: { loginMs: 2_500 } });
    expect(got.failure).toMatchObject({ kind: Kind.TIMEOUT, stage: Stage.SHELL });
  });

  test('is found behind a banner with a line that looks like one', async () => {
    await using device = await ScriptedDevice.start({
      shell: async (line) => {
        line.write('Welcome to R1#');
        line.write('\r\nswitch>');
        await pause(100);
        await ios({ 'show version': VERSION })(line);
      },
    });
    const got = await attempt(device.port);
    expect(got.status).toBe(Status.OK);
    expect(textOf(got.outputs[0])).toBe(VERSION_TEXT);
  });
});

describe('a login', () => {
  test('that is refused fails once and is not retried', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({}) });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports, credential: { password: Buffer.from('wrong') } });
    expect(got).toMatchObject({ status: Status.FAILED, secretSent: true });
    expect(got.failure).toMatchObject({ kind: Kind.AUTH, stage: Stage.AUTH, retryable: false });
    expect(device.seen.passwords).toEqual(['wrong']);
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.REFUSED]]);
  });

  test('answers one keyboard-interactive question with the password', async () => {
    let answered: string[] = [];
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': VERSION }),
      authenticate: (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
        context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
          answered = answers;
          context.accept();
        });
      },
    });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports, credential: { password: Buffer.from('pässword') } });
    expect(got.status).toBe(Status.OK);
    expect(answered).toEqual(['pässword']);
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.ACCEPTED]]);
  });

  test('does not give a second keyboard-interactive question the password again', async () => {
    let asked = 0;
    await using device = await ScriptedDevice.start({
      authenticate: (context) => {
        if (context.method !== 'keyboard-interactive')
          return context.reject(['keyboard-interactive', 'password'] as never);
        const ask = () => {
          asked++;
          context.prompt([{ prompt: 'Password: ', echo: false }], ask);
        };
        ask();
      },
      methods: ['keyboard-interactive'],
    });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports, credential: { password: Buffer.from('wrong') } });
    expect(got.failure).toMatchObject({ kind: Kind.AUTH, retryable: false });
    expect(device.seen.passwords.length + asked).toBeLessThanOrEqual(2);
    expect(ports.told).toHaveLength(1);
  });

  test('sends the password by one method only', async () => {
    await using device = await ScriptedDevice.start({
      methods: ['password', 'keyboard-interactive'],
    });
    const got = await attempt(device.port, { credential: { password: Buffer.from('wrong') } });
    expect(got.failure?.kind).toBe(Kind.AUTH);
    expect(device.seen.logins).toEqual(['none', 'password']);
  });

  test('uses a private key, and sends no password then', async () => {
    const key = Buffer.from(hostKeyPem('ed25519'));
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': VERSION }),
      authenticate: (context) => {
        if (context.method === 'publickey') return context.accept();
        context.reject(['publickey', 'password'] as never);
      },
    });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports, credential: { privateKey: key } });
    expect(got).toMatchObject({ status: Status.OK, secretSent: false });
    expect(device.seen.passwords).toEqual([]);
    expect(ports.told, 'a key proves nothing of the password beside it').toEqual([]);
  });

  test('goes on with the password where a key is only the first of two', async () => {
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': VERSION }),
      authenticate: (context) => {
        if (context.method === 'publickey') {
          if (!context.signature) return context.accept();
          return context.reject(['password'], true);
        }
        if (context.method === 'password' && context.password === PASSWORD) return context.accept();
        context.reject(['publickey'] as never);
      },
    });
    const ports = new Coordinator();
    const got = await attempt(device.port, {
      ports,
      credential: { privateKey: Buffer.from(hostKeyPem('rsa')) },
    });
    expect(got.status).toBe(Status.OK);
    expect(ports.asked).toEqual([SecretUse.LOGIN]);
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.ACCEPTED]]);
  });

  test('without a secret works where the device asks for none, and asks for no permit', async () => {
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': VERSION }),
      authenticate: (context) => context.accept(),
    });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports });
    expect(got).toMatchObject({ status: Status.OK, secretSent: false });
    expect(ports.asked).toEqual([]);
  });

  test('without a user name fails before anything is touched', async () => {
    await using device = await ScriptedDevice.start({});
    const got = await attempt(device.port, { credential: null });
    expect(got.failure).toMatchObject({ kind: Kind.AUTH, stage: Stage.AUTH });
    expect(device.seen.connections).toBe(0);
  });

  test('with an unreadable key fails before anything is touched', async () => {
    await using device = await ScriptedDevice.start({});
    const got = await attempt(device.port, { credential: { privateKey: Buffer.from('nonsense') } });
    expect(got.failure?.kind).toBe(Kind.AUTH);
    expect(device.seen.connections).toBe(0);
  });

  test('says which methods the device takes when none fits', async () => {
    await using device = await ScriptedDevice.start({ methods: ['publickey'] });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports });
    expect(got.failure?.message).toContain('publickey');
    expect(got).toMatchObject({ secretSent: false });
    expect(ports.asked).toEqual([]);
  });
});

describe('a permit', () => {
  test.each([
    [Permit.STOPPED, Status.SKIPPED, Kind.CREDENTIAL_STOPPED],
    [Permit.SPENT, Status.FAILED, Kind.AUTH],
    [Permit.LOST, Status.FAILED, Kind.DISCONNECTED],
  ])('of %s sends nothing', async (permit, status, kind) => {
    await using device = await ScriptedDevice.start({ shell: ios({}) });
    const ports = new Coordinator();
    ports.permits = async () => permit;
    const got = await attempt(device.port, { ports });
    expect(got).toMatchObject({ status, secretSent: false });
    expect(got.failure).toMatchObject({ kind, stage: Stage.AUTH });
    expect(device.seen.passwords).toEqual([]);
    expect(ports.told).toEqual([]);
  });

  test('that the lease takes away ends the session', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({}) });
    const ports = new Coordinator();
    ports.permits = () => Promise.reject(new Error('lease lost'));
    const got = await attempt(device.port, { ports });
    expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.AUTH });
  });

  test('may take longer than the login limit', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) });
    const ports = new Coordinator();
    ports.permits = async () => {
      await pause(3_000);
      return Permit.SEND;
    };
    const got = await attempt(device.port, { ports, limits: { loginMs: 2_500 } });
    expect(got.status).toBe(Status.OK);
  });

  test('that comes after the device has hung up is answered as never used', async () => {
    let drop = () => {};
    await using device = await ScriptedDevice.start({
      onConnection: (_connection, socket) => {
        drop = () => socket.destroy();
      },
    });
    const ports = new Coordinator();
    let send = (_permit: Permit) => {};
    ports.permits = () => {
      drop();
      return new Promise((resolve) => {
        send = resolve;
      });
    };
    const got = await attempt(device.port, { ports });
    expect(got).toMatchObject({ status: Status.FAILED, secretSent: false, leftClean: true });
    expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.AUTH, retryable: true });
    expect(ports.told).toEqual([]);
    send(Permit.SEND);
    await expect.poll(() => ports.told).toEqual([[SecretUse.LOGIN, LoginResult.UNSENT]]);
    expect(device.seen.passwords).toEqual([]);
  });

  test('says when the device hangs up after the password', async () => {
    await using device = await ScriptedDevice.start({
      authenticate: (context, seen) => {
        if (seen.passwords.length > 0) drop();
        else context.reject(['password']);
      },
      onConnection: (_connection, socket) => {
        drop = () => socket.destroy();
      },
    });
    let drop = () => {};
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports });
    expect(got.secretSent).toBe(true);
    expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.AUTH, retryable: false });
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.HUNG_UP]]);
  });
});

describe('privileged mode', () => {
  /** A device that starts at R1> and asks for `secret`. */
  function unprivileged(secret: string | null) {
    return async (line: Line) => {
      let prompt = 'R1>';
      line.write(`\r\n${prompt}`);
      for (let typed = await line.read(); typed !== null; typed = await line.read()) {
        if (typed === 'exit') return line.close();
        line.write(`${typed}\r\n`);
        if (typed === 'enable') {
          if (secret === null) prompt = 'R1#';
          else {
            line.write('Password: ');
            const given = await line.read();
            line.write('\r\n');
            if (given === secret) prompt = 'R1#';
            else line.write('% Access denied\r\n\r\n');
          }
        } else if (typed === 'show version') line.write(VERSION);
        line.write(prompt);
      }
    };
  }

  test('is entered with the secret', async () => {
    await using device = await ScriptedDevice.start({ shell: unprivileged('open') });
    const ports = new Coordinator();
    const got = await attempt(device.port, {
      ports,
      device: { enable: true },
      credential: { enableSecret: Buffer.from('open') },
    });
    expect(got.status).toBe(Status.OK);
    expect(textOf(got.outputs[0])).toBe(VERSION_TEXT);
    expect(ports.told.at(-1)).toEqual([SecretUse.ENABLE, LoginResult.ACCEPTED]);
    expect(got.leftClean).toBe(true);
  });

  test('is entered without being asked', async () => {
    await using device = await ScriptedDevice.start({ shell: unprivileged(null) });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports, device: { enable: true } });
    expect(got.status).toBe(Status.OK);
    expect(ports.asked).toEqual([SecretUse.LOGIN]);
  });

  test('is there already where the prompt says so', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) });
    const got = await attempt(device.port, { device: { enable: true } });
    expect(got.status).toBe(Status.OK);
    expect(device.seen.lines).not.toContain('enable');
  });

  test.each([
    ['refused', 'shut', 1],
    ['not given', '', 0],
  ])('fails when the secret is %s', async (_name, secret, asked) => {
    await using device = await ScriptedDevice.start({ shell: unprivileged('open') });
    const ports = new Coordinator();
    const got = await attempt(device.port, {
      ports,
      device: { enable: true },
      credential: { enableSecret: Buffer.from(secret) },
    });
    expect(got.failure).toMatchObject({ kind: Kind.ENABLE, stage: Stage.ENABLE, retryable: false });
    expect(ports.asked.filter((use) => use === SecretUse.ENABLE)).toHaveLength(asked);
    if (asked > 0) expect(ports.told.at(-1)).toEqual([SecretUse.ENABLE, LoginResult.REFUSED]);
    expect(device.seen.lines).not.toContain('show version');
  });
});

describe('a host key', () => {
  const pem = hostKeyPem('ed25519');

  test('that is known is not offered, and asked for before others', async () => {
    const ports = new Coordinator();
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) }, [
      pem,
      hostKeyPem('ec'),
    ]);
    await attempt(device.port, { ports });
    expect(ports.offered).toHaveLength(1);
    const [known] = ports.offered;
    if (!known) throw new Error('no key was offered');
    const again = new Coordinator();
    const got = await attempt(device.port, { ports: again, hostKeys: [known] });
    expect(got.status).toBe(Status.OK);
    expect(again.offered).toEqual([]);
  });

  test('that has changed is refused with both fingerprints, before any secret', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({}) }, [pem]);
    const other = hostKey(
      Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), Buffer.alloc(36)]),
    );
    const got = await attempt(device.port, { hostKeys: [other] });
    expect(got).toMatchObject({ status: Status.FAILED, secretSent: false });
    expect(got.failure).toMatchObject({ kind: Kind.HOST_KEY, stage: Stage.HOSTKEY, retryable: false });
    expect(got.failure?.message).toContain(fingerprint(other));
    expect(got.failure?.message.match(/SHA256:/g)).toHaveLength(2);
    expect(device.seen.logins).toEqual([]);
  });

  test('that nobody knows is refused when strict', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({}) });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports, options: { hostKeys: HostKeyPolicy.STRICT } });
    expect(got.failure).toMatchObject({ kind: Kind.HOST_KEY, stage: Stage.HOSTKEY });
    expect(ports.offered).toEqual([]);
    expect(device.seen.logins).toEqual([]);
  });

  test('that the ledger does not accept is refused before any login', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({}) });
    const ports = new Coordinator();
    ports.accepts = async (key) => ({ accepted: false, known: [{ ...key, blob: Buffer.from('another') }] });
    const got = await attempt(device.port, { ports });
    expect(got.failure).toMatchObject({ kind: Kind.HOST_KEY, stage: Stage.HOSTKEY });
    expect(device.seen.logins).toEqual([]);
  });

  test('is neither checked nor offered when the policy is off', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) });
    const ports = new Coordinator();
    const got = await attempt(device.port, {
      ports,
      options: { hostKeys: HostKeyPolicy.OFF },
      hostKeys: [hostKey(Buffer.from('else'))],
    });
    expect(got.status).toBe(Status.OK);
    expect(ports.offered).toEqual([]);
  });

  test('is all that is learnt when nothing else is wanted', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({}) }, [pem]);
    const ports = new Coordinator();
    const got = await attempt(device.port, {
      ports,
      credential: null,
      options: { purpose: Purpose.HOST_KEYS },
    });
    expect(got).toMatchObject({ status: Status.OK, secretSent: false });
    expect(ports.offered).toHaveLength(1);
    expect(got.outputs[0]).toMatchObject({ command: 'host-key', proof: Proof.COMPLETE });
    expect(textOf(got.outputs[0])).toMatch(/^ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}\n$/);
    expect(device.seen.logins).toEqual([]);
  });
});

describe('a connection', () => {
  test('that is refused says so, and leaves nothing behind', async () => {
    const got = await attempt(await unusedPort());
    expect(got.failure).toMatchObject({ kind: Kind.REFUSED, stage: Stage.CONNECT, retryable: true });
    expect(got.leftClean).toBe(true);
  });

  test('to a name without an address fails as resolve', async () => {
    const got = await attempt(22, { device: { host: 'no-such-device.invalid' } });
    expect(got.failure).toMatchObject({ kind: Kind.RESOLVE, stage: Stage.RESOLVE });
  });

  test('to something that is not SSH fails as protocol', async () => {
    await using server = await Plain.start((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const got = await attempt(server.port);
    expect(got.failure).toMatchObject({ kind: Kind.PROTOCOL, stage: Stage.CONNECT });
    expect(got.failure?.message).toContain('HTTP/1.1 400');
  });

  test('that says nothing ends at the login limit', async () => {
    await using server = await Plain.start(() => {});
    const got = await attempt(server.port, { limits: { loginMs: 1_000 } });
    expect(got.failure).toMatchObject({ kind: Kind.TIMEOUT, stage: Stage.CONNECT });
  });

  test('that sends endless text ends soon', async () => {
    await using server = await Plain.start((socket) => {
      const line = 'x'.repeat(1000);
      const more = () => {
        while (socket.writable && socket.write(line));
      };
      socket.on('drain', more);
      more();
    });
    const got = await attempt(server.port);
    expect(got.failure).toMatchObject({ kind: Kind.PROTOCOL, stage: Stage.CONNECT });
  });

  test('without a common algorithm fails as algorithms', async () => {
    await using device = await ScriptedDevice.start({
      server: { algorithms: { kex: ['diffie-hellman-group1-sha1'] } },
    });
    const got = await attempt(device.port);
    expect(got.failure).toMatchObject({ kind: Kind.ALGORITHMS, stage: Stage.CONNECT, retryable: false });
  });

  test('that goes after the identification fails as disconnected', async () => {
    await using server = await Plain.start((socket) => {
      socket.write('SSH-2.0-Cisco-1.25\r\n');
      socket.once('data', () => socket.destroy());
    });
    const got = await attempt(server.port);
    expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.CONNECT, retryable: true });
  });

  test('survives key exchanges in the middle', async () => {
    const answer = async (line: Line) => {
      line.write('one\r\n');
      rekey();
      await pause(50);
      line.write('two\r\n');
      await pause(50);
      return 'three\r\n';
    };
    let rekey = () => {};
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show x': answer }),
      onConnection: (connection) => {
        rekey = () => void connection.rekey();
      },
    });
    const got = await attempt(device.port, { device: { commands: ['show x'] } });
    expect(got.failure).toBeUndefined();
    expect(textOf(got.outputs[0])).toBe('one\ntwo\nthree\n');
  });
});

describe('a device with exec channels', () => {
  const linux = { platform: 'linux', commands: ['uname -a', 'id'] };

  test('gives output, errors and exit status of each command', async () => {
    await using device = await ScriptedDevice.start({
      exec: (command, channel) => {
        channel.write(command === 'id' ? '' : 'Linux r1\n');
        if (command === 'id') channel.stderr.write('id: broken\n');
        channel.exit(command === 'id' ? 3 : 0);
        channel.end();
      },
    });
    const got = await attempt(device.port, { device: linux });
    expect(got).toMatchObject({ status: Status.OK, failure: undefined, leftClean: true });
    expect(got.outputs.map(textOf)).toEqual(['Linux r1\n', '']);
    expect(got.outputs.map((output) => output.exitStatus)).toEqual([0, 3]);
    expect(got.outputs.map((output) => output.stderr)).toEqual(['', 'id: broken\n']);
    expect(got.outputs.map((output) => output.proof)).toEqual([Proof.COMPLETE, Proof.COMPLETE]);
  });

  test('is truncated without an exit status', async () => {
    await using device = await ScriptedDevice.start({
      exec: (_command, channel) => {
        channel.write('Linux');
        channel.close();
      },
    });
    const got = await attempt(device.port, { device: linux });
    expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, stage: Stage.COMMAND });
    expect(got.outputs.map((output) => output.proof)).toEqual([Proof.TRUNCATED]);
    expect(textOf(got.outputs[0])).toBe('Linux');
  });

  test('is truncated when the device drops', async () => {
    await using device = await ScriptedDevice.start({
      exec: (_command, channel, connection) => {
        channel.write('Linux');
        setTimeout(() => connection.end(), 50);
      },
    });
    const got = await attempt(device.port, { device: linux });
    expect(got.failure?.kind).toBe(Kind.DISCONNECTED);
    expect(got.outputs[0]?.proof).toBe(Proof.TRUNCATED);
  });

  test('that gives no such channel is asked on its command line', async () => {
    await using device = await ScriptedDevice.start({
      shell: async (line) => {
        line.write('netops@r1:~$ ');
        for (let typed = await line.read(); typed !== null; typed = await line.read()) {
          if (typed === 'exit') return line.close();
          line.write(`${typed}\r\n${typed === 'id' ? 'uid=1000(netops)' : 'Linux r1'}\r\nnetops@r1:~$ `);
        }
      },
    });
    const got = await attempt(device.port, { device: linux });
    expect(got).toMatchObject({ status: Status.OK, failure: undefined, leftClean: true });
    expect(got.outputs.map(textOf)).toEqual(['Linux r1\n', 'uid=1000(netops)\n']);
    expect(got.outputs.map((output) => output.exitStatus)).toEqual([undefined, undefined]);
  });

  test('that gives neither such a channel nor a command line that speaks fails', async () => {
    await using device = await ScriptedDevice.start({});
    const got = await attempt(device.port, { device: linux, limits: { loginMs: 2_000 } });
    expect(got.failure).toMatchObject({ kind: Kind.TIMEOUT, stage: Stage.SHELL });
  });
});

/** A pause within a scripted device: its behaviour, not a wait of the test. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A TCP server without SSH. */
class Plain implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(serve: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      serve(socket);
    });
  }

  static async start(serve: (socket: Socket) => void): Promise<Plain> {
    const plain = new Plain(serve);
    plain.#server.listen(0, '127.0.0.1');
    await once(plain.#server, 'listening');
    return plain;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Hands on what the device sends in pieces of `size`, each in a packet of its own. */
function inPieces(port: number, size: number): Promise<Plain> {
  return Plain.start((near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
    near.pipe(far);
    let before = Promise.resolve();
    far.on('data', (chunk: Buffer) => {
      before = before.then(() => handOn(chunk, near, size));
    });
    far.on('end', () => {
      before = before.then(() => void near.end());
    });
  });
}

async function handOn(chunk: Buffer, to: Socket, size: number): Promise<void> {
  for (let at = 0; at < chunk.length; at += size) {
    to.write(chunk.subarray(at, at + size));
    await new Promise(setImmediate);
  }
}

async function unusedPort(): Promise<number> {
  await using server = await Plain.start(() => {});
  return server.port;
}

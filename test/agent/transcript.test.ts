// What a session writes down about itself: without a secret in it, and such that it can be played again.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { Permit } from '../../proto/gen/netsweep/v1/session.js';
import { until } from '../process.js';
import {
  attempt,
  type Changes,
  Coordinator,
  dripping,
  ios,
  type Line,
  PASSWORD,
  ScriptedDevice,
} from './device.js';
import { type Recording, readRecording } from './recording.js';
import { expectSame, replay } from './replay.js';

const ENABLE_SECRET = 'Gulo "93" gülo';
const VERSION = 'Cisco IOS Software\r\n\r\n uptime is 3 weeks\r\n';

/** An attempt that is recorded, and its recording after it has been played and was found to be the same. */
async function recorded(
  port: number,
  changes: Changes = {},
): Promise<{ text: string; recording: Recording; got: Attempt }> {
  const got = await attempt(port, { ...changes, options: { transcripts: true, ...changes.options } });
  const text = textOf(got);
  const recording = readRecording(text, 'session.yaml');
  for (const played of await Promise.all([replay(recording, 'whole'), replay(recording, 'bytes')]))
    expectSame(recording, played);
  return { text, recording, got };
}

function textOf({ transcript }: Attempt): string {
  return gunzipSync(transcript?.body ?? Buffer.alloc(0)).toString('utf8');
}

/** Every form in which a secret might be found. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const encoded = (['base64', 'hex'] as const).map((as) => bytes.toString(as).replace(/=+$/, ''));
  return [secret, JSON.stringify(secret).slice(1, -1), bytes.toString('latin1'), ...encoded];
}

function expectHidden(text: string, ...secrets: string[]): void {
  for (const secret of secrets) for (const form of forms(secret)) expect(text).not.toContain(form);
}

describe('a transcript', () => {
  test('is made only when it is wanted', async () => {
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': VERSION }) });
    expect((await attempt(device.port)).transcript).toBeUndefined();
  });

  test('of a long session is written down in turns, so that the worker goes on with all else', async () => {
    const long = ' ip address 10.0.0.1 255.255.255.0 secondary somewhere\r\n'.repeat(60_000);
    await using device = await ScriptedDevice.start({ shell: ios({ 'show version': long }) });
    let longest = 0;
    let before = performance.now();
    let over = false;
    const turn = () => {
      const now = performance.now();
      if (device.seen.closed > 0) longest = Math.max(longest, now - before);
      before = now;
      if (!over) setImmediate(turn);
    };
    turn();
    let closedAt = 0;
    const closed = until('the session has closed', () => device.seen.closed > 0).then(() => {
      closedAt = performance.now();
    });
    const { transcript } = await attempt(device.port, { options: { transcripts: true } });
    over = true;
    await closed;
    expect(transcript?.bytes).toBeGreaterThan(long.length);
    expect(longest).toBeLessThan((performance.now() - closedAt) / 4);
  });

  test('holds every byte of the session, what was typed, and what was seen before', async () => {
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': VERSION, 'show x': 'Zürich \x1b[1m#\x1b[0m\x00\r\n' }),
    });
    const { recording, got } = await recorded(device.port, {
      device: { commands: ['show version', 'show x', 'show nothing'] },
    });
    expect(got.failure?.message).toContain('Invalid input');
    expect(recording).toMatchObject({
      platform: 'cisco_ios',
      username: 'admin',
      failure: { kind: 'cli-error', stage: 'command' },
      connection: {
        identification: expect.stringMatching(/^SSH-2\.0-/),
        host_key: expect.stringMatching(/^ssh-ed25519 SHA256:/),
        kex: expect.any(String),
        cipher: expect.any(String),
      },
    });
    expect(recording.session.slice(0, 2)).toEqual([{ says: '\r\nR1#' }, { hears: 'terminal length 0\r' }]);
    expect(recording.session).toContainEqual({ says: `show version\r\n${VERSION}R1#` });
    expect(recording.session.at(-1)).toEqual({ closes: true });
  });

  test('is the same for a device that sends its bytes one by one, and keeps what is not UTF-8', async () => {
    const write = async (line: Line, text: string) => dripping()(line, text);
    await using device = await ScriptedDevice.start({ shell: ios({ 'show x': 'Z\xfcrich\r\n' }, { write }) });
    const { recording } = await recorded(device.port, { device: { commands: ['show x'] } });
    expect(recording.session).toContainEqual({ says_latin1: 'show x\r\nZ\xfcrich\r\nR1#' });
    expect(recording.outputs[0]?.output).toBe('Zürich\n');
  });

  test('has no secret of the credential, though the device repeats each in pieces', async () => {
    const shell = async (line: Line) => {
      let prompt = 'R1>';
      line.write(`\r\nWelcome, your password ${PASSWORD} is old\r\n${prompt}`);
      for (;;) {
        const typed = await line.read();
        if (typed === null) return;
        if (typed === 'exit') return line.close();
        if (typed === 'enable') {
          line.write('enable\r\nPassword: ');
          const secret = Buffer.from((await line.read()) ?? '');
          for (const byte of secret) line.write(Buffer.of(byte));
          line.write(Buffer.from(`\r\nlatin ${ENABLE_SECRET}`, 'latin1'));
          prompt = 'R1#';
          line.write(`\r\n${prompt}`);
        } else
          line.write(
            `${typed}\r\n${typed.startsWith('show') ? `is ${ENABLE_SECRET}${ENABLE_SECRET}\r\n` : ''}${prompt}`,
          );
      }
    };
    await using device = await ScriptedDevice.start({ shell });
    const { text, recording } = await recorded(device.port, {
      device: { enable: true, commands: ['show version', `show ${PASSWORD}`] },
      credential: { enableSecret: Buffer.from(ENABLE_SECRET) },
    });
    expectHidden(text, PASSWORD, ENABLE_SECRET);
    expect(recording.session).toContainEqual({ secret: 'enable' });
    expect(recording.commands).toEqual(['show version', 'show <redacted>']);
  });

  test('has no secret that the platform knows in a configuration, nor one that a pager cuts off', async () => {
    const erase = `${'\b'.repeat(9)}${' '.repeat(8)}${'\b'.repeat(9)}`;
    const config = async (line: Line) => {
      line.write('hostname R1\r\nusername joe secret 5 $1$Alces$11\r\n --More-- ');
      await line.key();
      line.write(`${erase}snmp-server community Vulpes47 RO\r\nenable sec\x1b[0mret 5 $1$Gu\x1b[0mlo\r\n`);
      return 'line vty 0 4\r\n password Lagopus7\r\nend\r\n';
    };
    await using device = await ScriptedDevice.start({ shell: ios({ 'show running-config': config }) });
    const got = await attempt(device.port, {
      device: { commands: ['show running-config'] },
      options: { transcripts: true },
    });
    const text = textOf(got);
    expectHidden(text, '$1$Alces$11', 'Vulpes47', '$1$Gulo', 'Lagopus7');
    expect(text).not.toContain('$1$Gu');
    expect(text).toContain('username joe secret 5 <redacted>');
    expect(text).toContain('snmp-server community <redacted> RO');
  });

  test.each([
    ['breaks off', (line: Line) => line.drop(), 'disconnected'],
    ['closes the command line', (line: Line) => line.close(), 'disconnected'],
    ['falls silent', () => {}, 'timeout'],
  ] as const)('shows how a device %s in the middle of an output', async (_, end, kind) => {
    const answer = (line: Line) => {
      line.write('Cisco IOS Soft');
      end(line);
      return new Promise<string>(() => {});
    };
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show clock': '12:00\r\n', 'show version': answer }),
    });
    const { recording } = await recorded(device.port, {
      device: { commands: ['show clock', 'show version'] },
      limits: { idleMs: 2_000 },
    });
    expect(recording.failure).toEqual({ kind, stage: 'command' });
    expect(recording.outputs.map(({ status }) => status)).toEqual(['complete', 'truncated']);
  });

  test('shows where netsweep itself ended the session', async () => {
    const ports = new Coordinator();
    const answer = () => {
      ports.may.start = false;
      return '12:00\r\n';
    };
    await using device = await ScriptedDevice.start({ shell: ios({ 'show clock': answer }) });
    const { recording } = await recorded(device.port, {
      ports,
      device: { commands: ['show clock', 'show version'] },
    });
    expect(recording.failure).toEqual({ kind: 'disconnected', stage: 'command' });
    expect(recording.session).toContainEqual({ breaks_off: 'disconnected' });
    expect(recording.outputs).toHaveLength(1);

    const endless = () => new Promise<string>(() => {});
    await using slow = await ScriptedDevice.start({ shell: ios({ 'show version': endless }) });
    expect((await recorded(slow.port, { limits: { deviceMs: 2_500 } })).recording.failure).toEqual({
      kind: 'deadline',
      stage: 'command',
    });
  });

  test('of a secret that the coordinator held back says that none was sent', async () => {
    const shell = async (line: Line) => {
      line.write('\r\nR1>');
      for (let typed = await line.read(); typed !== null; typed = await line.read())
        line.write(typed === 'enable' ? 'enable\r\nPassword: ' : `${typed}\r\nR1>`);
    };
    await using device = await ScriptedDevice.start({ shell });
    const ports = new Coordinator();
    ports.permits = async () => (ports.asked.length > 1 ? Permit.SPENT : Permit.SEND);
    const { recording } = await recorded(device.port, {
      ports,
      device: { enable: true },
      credential: { enableSecret: Buffer.from(ENABLE_SECRET) },
    });
    expect(recording.failure).toEqual({ kind: 'enable', stage: 'enable' });
    expect(recording.session.some((step) => 'secret' in step)).toBe(false);
  });

  test('of a shell has each command with its output, its errors and its end', async () => {
    await using device = await ScriptedDevice.start({
      exec: (command, channel) => {
        channel.write(`${command} gives ${PASSWORD}\n`);
        channel.stderr.write(`no ${PASSWORD}\n`);
        channel.exit(command === 'date' ? 3 : 0);
        channel.end();
      },
    });
    const { text, recording } = await recorded(device.port, {
      device: { platform: 'linux', commands: ['uptime', 'date'] },
    });
    expectHidden(text, PASSWORD);
    expect(recording.outputs).toMatchObject([
      { exit_status: 0, stderr: 'no <redacted>\n' },
      { command: 'date', exit_status: 3, output: 'date gives <redacted>\n' },
    ]);
  });

  test('of a session that never began tells how far it got', async () => {
    await using device = await ScriptedDevice.start({});
    const { recording, text } = await recorded(device.port, {
      credential: { password: Buffer.from('Alces-11') },
    });
    expect(recording.failure).toEqual({ kind: 'auth', stage: 'auth' });
    expect(recording.connection?.host_key).toMatch(/^ssh-ed25519 SHA256:/);
    expectHidden(text, 'Alces-11');
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    await once(nobody, 'close');
    expect((await recorded(port)).recording.failure).toEqual({ kind: 'refused', stage: 'connect' });
  });

  test('of an endless session keeps the beginning and the end, and says that it is not whole', async () => {
    const line = `${'x'.repeat(998)}\r\n`;
    const answer = (to: Line) => {
      to.write('the first line\r\n');
      for (let count = 0; count < 12_000; count++) to.write(line);
      return 'the last line\r\n';
    };
    await using device = await ScriptedDevice.start({ shell: ios({ 'show tech': answer }) });
    const got = await attempt(device.port, {
      device: { commands: ['show tech'] },
      options: { transcripts: true },
    });
    expect(got.failure).toBeUndefined();
    const text = textOf(got);
    expect(text.length).toBeLessThan(10 << 20);
    const recording = readRecording(text, 'session.yaml');
    const places = recording.session.findIndex((step) => 'left_out' in step);
    expect(recording.session[places - 1]).toMatchObject({ says: expect.stringContaining('the first line') });
    expect(JSON.stringify(recording.session.slice(places))).toContain('the last line');
    await expect(replay(recording, 'whole')).rejects.toThrow(/session\.yaml:\d+: a part was left out/);
  });
});

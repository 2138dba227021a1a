// Sessions whose device is not read for a while, because nobody takes what it says.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Hold } from '../../agent/hold.js';
import { Proof, Status } from '../../proto/gen/netsweep/v1/model.js';
import { until } from '../process.js';
import { attempt, Coordinator, ios, ScriptedDevice, textOf } from './device.js';

const LINE = 'interface GigabitEthernet0/1 description somewhere else\r\n';
const LONG = LINE.repeat(100_000);
const LONG_TEXT = LONG.replaceAll('\r', '');
/** Longer than every limit below but one, which are long enough for a busy machine. */
const HELD_MS = 4_000;

class Held extends Coordinator {
  readonly hold = new Hold();
  tooLong = 0;

  heldTooLong(): void {
    this.tooLong += 1;
  }
}

test.concurrent('a device that is not read is slowed by TCP alone, no clock of it runs, and its output is whole', async () => {
  const ports = new Held();
  let sent = () => 0;
  await using device = await ScriptedDevice.start({
    onConnection: (_, socket) => {
      sent = () => socket.bytesWritten - socket.writableLength;
    },
    shell: ios({
      'show tech': () => {
        ports.hold.set(true);
        return LONG;
      },
    }),
  });
  const over = attempt(device.port, {
    device: { commands: ['show tech'] },
    limits: { idleMs: 3_000, commandMs: 3_500 },
    ports,
  });
  await until('it is held', () => ports.hold.on);
  const before = await until('no more fits into the network', async () => {
    const until = sent();
    await delay(500);
    return sent() === until && until;
  });
  await delay(HELD_MS);
  expect(sent(), 'what the network holds').toBe(before);
  expect(before).toBeLessThan(LONG.length);
  ports.hold.set(false);
  const got = await over;
  expect(got).toMatchObject({ status: Status.OK, failure: undefined });
  expect(textOf(got.outputs[0]) === LONG_TEXT).toBe(true);
});

test.concurrent('a pause in the middle of an output that ends like a prompt is not taken for its end', async () => {
  const ports = new Held();
  await using device = await ScriptedDevice.start({
    shell: ios({
      'show tech': async (line) => {
        line.write(`one\r\nR1#`);
        await delay(20);
        ports.hold.set(true);
        await delay(HELD_MS);
        line.write(`\r\ntwo\r\n`);
        return '';
      },
    }),
  });
  const over = attempt(device.port, { device: { commands: ['show tech'] }, ports });
  await until('it is held', () => ports.hold.on);
  await delay(HELD_MS + 100);
  ports.hold.set(false);
  const got = await over;
  expect(textOf(got.outputs[0])).toContain('two');
});

test.concurrent('no command begins while devices are not read, on a command line and by exec', async () => {
  for (const platform of ['cisco_ios', 'linux']) {
    const ports = new Held();
    ports.hold.set(true);
    await using device = await ScriptedDevice.start({
      shell: ios({ 'show version': 'V\r\n' }),
      exec: (_, channel) => {
        channel.write('V\n');
        channel.exit(0);
        channel.end();
      },
    });
    const over = attempt(device.port, {
      device: { platform, commands: ['show version'] },
      limits: { idleMs: 3_000, commandMs: 3_000 },
      options: { allowWrites: true },
      ports,
    });
    await until('it is let in', () => ports.told.length === 1);
    await delay(HELD_MS);
    expect(device.seen.lines).not.toContain('show version');
    ports.hold.set(false);
    const got = await over;
    expect(got.status, platform).toBe(Status.OK);
    expect(got.outputs[0]).toMatchObject({ proof: Proof.COMPLETE });
    expect(textOf(got.outputs[0])).toBe('V\n');
  }
});

test.concurrent('a pause that outlasts what a session may take is told once, and a device that is let go meanwhile is closed', async () => {
  const ports = new Held();
  const called = new AbortController();
  await using device = await ScriptedDevice.start({
    shell: ios({
      'show tech': () => {
        ports.hold.set(true);
        return LONG;
      },
    }),
  });
  const over = attempt(device.port, {
    device: { commands: ['show tech'] },
    limits: { deviceMs: 6_000 },
    ports,
    signal: called.signal,
  });
  await until('it is held', () => ports.hold.on);
  await delay(1_000);
  expect(ports.tooLong).toBe(0);
  await until('it has been too long', () => ports.tooLong === 1);
  called.abort();
  expect((await over).status).toBe(Status.FAILED);
  await until('the device has seen the end', () => device.seen.closed === 1);
});

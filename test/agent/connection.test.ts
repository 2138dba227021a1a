// What SSH asks for above the transport: windows, silence, and the order of questions and answers.
import type Protocol from 'ssh2/lib/protocol/Protocol.js';
import { describe, expect, test } from 'vitest';
import { algorithms } from '../../agent/ssh/algorithms.js';
import { Channel, WINDOW } from '../../agent/ssh/channel.js';
import { Connection } from '../../agent/ssh/connection.js';
import { tunnel } from '../../agent/ssh/tunnel.js';
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { LoginResult } from '../../proto/gen/netsweep/v1/session.js';
import { attempt, Coordinator, ios, ScriptedDevice } from './device.js';

/** What would have been sent on a channel. */
function sending() {
  const sent: [string, ...unknown[]][] = [];
  const protocol = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...given: unknown[]) =>
          sent.push([String(name), ...given]),
    },
  );
  const opening = { opened: () => {}, refused: () => {} };
  const channel = new Channel(0, protocol as Protocol, opening);
  return { channel, sent };
}

const CHUNK = Buffer.alloc(32 << 10);

describe('a channel', () => {
  test('gives room for more once half of it is used, and none while it is paused', () => {
    const { channel, sent } = sending();
    channel.opened(7, 1 << 20, 1 << 15);
    channel.follow({ data: () => {}, closed: () => {} });
    for (let bytes = 0; bytes < WINDOW / 2; bytes += CHUNK.length) channel.data(CHUNK, false);
    expect(sent).toEqual([['channelWindowAdjust', 7, WINDOW / 2]]);
    channel.pause();
    for (let bytes = 0; bytes < WINDOW; bytes += CHUNK.length) channel.data(CHUNK, false);
    expect(sent).toHaveLength(1);
    channel.resume();
    expect(sent[1]).toEqual(['channelWindowAdjust', 7, WINDOW]);
  });

  test('sends as much as the other side takes, at once and in all, and ends after the last byte', () => {
    const { channel, sent } = sending();
    channel.opened(7, 5, 3);
    let isSent = false;
    channel.write(Buffer.from('abcdefg'), () => {
      isSent = true;
    });
    channel.end();
    expect(sent.map(([what, , bytes]) => `${what} ${bytes}`)).toEqual(['channelData abc', 'channelData de']);
    expect(isSent).toBe(false);
    channel.widen(9);
    expect(isSent).toBe(true);
    expect(sent.slice(2)).toEqual([
      ['channelData', 7, Buffer.from('fg')],
      ['channelEOF', 7],
    ]);
  });

  test('keeps what comes before somebody follows', () => {
    const { channel } = sending();
    const heard: string[] = [];
    channel.opened(7, 5, 3);
    channel.data(Buffer.from('early '), false);
    channel.follow({ data: (chunk) => heard.push(String(chunk)), closed: () => heard.push('closed') });
    channel.data(Buffer.from('late'), false);
    channel.closed(true);
    channel.closed(true);
    expect(heard).toEqual(['early ', 'late', 'closed']);
  });

  test('is given up where a bastion sends more than there is room for, and nobody reads', async () => {
    const { channel } = sending();
    channel.opened(7, 1 << 20, 1 << 15);
    const way = tunnel(channel);
    const broken = new Promise<Error>((resolve) => way.once('error', resolve));
    for (let bytes = 0; bytes <= WINDOW + CHUNK.length; bytes += CHUNK.length) channel.data(CHUNK, false);
    expect((await broken).message).toBe('it sends more than there is room for');
    expect(way.destroyed).toBe(true);
  });
});

test('a connection in silence is asked three times for a sign of life, and given up after that', () => {
  let written = 0;
  let silent = 0;
  const way = { writable: true, write: () => void written++, end: () => {} };
  const events = { verify: () => true, exchanged: () => {}, failed: () => {}, silent: () => void silent++ };
  const connection = new Connection(way, algorithms([], false), events);
  for (let look = 0; look < 8; look++) connection.look();
  expect(written).toBe(2);
  connection.came(Buffer.from('S'));
  for (let look = 0; look < 16; look++) connection.look();
  expect({ written, silent }).toEqual({ written: 5, silent: 0 });
  connection.look();
  expect({ written, silent }).toEqual({ written: 5, silent: 1 });
});

test('an answer to nothing is no turn: a device that refuses twice gets the password once', async () => {
  const ports = new Coordinator();
  await using device = await ScriptedDevice.start({
    shell: ios({}),
    onConnection: (connection) => {
      const { _protocol: inside } = connection as unknown as {
        _protocol: { authFailure(methods: string[], partial: boolean): void; _authsQueue: string[] };
      }; // ssh2 keeps it to itself
      const { authFailure } = inside;
      inside.authFailure = (...given) => {
        for (let times = 0; times < 3; times++) {
          inside._authsQueue.push('none');
          authFailure.apply(inside, given);
        }
      };
    },
    authenticate: (context) => context.reject(['password']),
  });
  const got = await attempt(device.port, { ports });
  expect(got.failure).toMatchObject({ kind: Kind.AUTH, stage: Stage.AUTH });
  expect(device.seen.logins.filter((method) => method === 'password')).toHaveLength(1);
  expect(ports.asked).toHaveLength(1);
  expect(ports.told.map(([, result]) => result)).toEqual([LoginResult.REFUSED]);
});

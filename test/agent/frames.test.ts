// What a message came in holds its secrets too; and when what a worker says leaves.
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { deserialize } from 'node:v8';
import { expect, test, vi } from 'vitest';
import { Frames, frameOf } from '../../agent/frames.js';
import { AgentLink, type FromWorker } from '../../agent/ipc.js';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, Chunk } from '../../proto/gen/netsweep/v1/session.js';

test('a message that comes in pieces leaves nothing in them', async () => {
  const frame = frameOf({ password: Buffer.from('a secret of some length') });
  const stream = new PassThrough();
  const pieces = [frame.subarray(0, 2), frame.subarray(2, 30), frame.subarray(30)].map((piece) =>
    Buffer.from(piece),
  );
  const heard = new Promise<{ password: Buffer }>((resolve, reject) => {
    const understand = (value: unknown) => value as { password: Buffer };
    new Frames(stream as unknown as Socket, understand, resolve, (why) => reject(new Error(why)));
  });
  for (const piece of pieces) stream.write(piece);
  expect((await heard).password.toString()).toBe('a secret of some length');
  expect(pieces.every((piece) => piece.every((byte) => byte === 0))).toBe(true);
});

/** A worker's end, and how many messages each of its writes carries. */
function saying(): { said: number[]; say(...messages: FromWorker[]): Promise<unknown> } {
  const stream = new PassThrough();
  const said: number[] = [];
  stream.on('data', (frame: Buffer) => said.push((deserialize(frame.subarray(4)) as unknown[]).length));
  const link = new AgentLink(
    stream as unknown as Socket,
    () => undefined,
    () => undefined,
  );
  return { said, say: (...messages) => Promise.all(messages.map((message) => link.send(message))) };
}

function ended(durationMs: number): FromWorker {
  const attempt = Attempt.create({ status: Status.OK, durationMs });
  return { say: 'ended', job: 1, attempt, how: 'done', figures: [0, 0, 0, 0] };
}

const PIECE: FromWorker = { say: 'chunk', job: 1, chunk: Chunk.create({ data: Buffer.alloc(9) }) };

test('what a worker says of short sessions leaves with its turn', async () => {
  const { said, say } = saying();
  await say(ended(20), ended(20));
  await say(ended(20));
  expect(said).toEqual([2, 1]);
});

test('what it says of long ones gathers for a small part of what they take; a piece of an output takes it along', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const { said, say } = saying();
    const first = say(ended(8_000)); // counts for a sixteenth: 500 ms, of which a part in 32
    vi.advanceTimersByTime(14);
    const second = say(ended(500));
    expect(said).toEqual([]);
    vi.advanceTimersByTime(1);
    await Promise.all([first, second]);
    expect(said).toEqual([2]);
    const third = say(ended(60_000));
    await say(PIECE);
    expect(said).toEqual([2, 2]);
    await third;
    const fourth = say(ended(60_000));
    vi.advanceTimersByTime(25);
    await fourth;
    expect(said, 'however long they are').toEqual([2, 2, 1]);
  } finally {
    vi.useRealTimers();
  }
});

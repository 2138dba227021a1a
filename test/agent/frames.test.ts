// What a message came in holds its secrets too.
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Frames, frameOf } from '../../agent/frames.js';

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

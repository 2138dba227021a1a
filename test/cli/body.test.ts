// The text of outputs, as views read it.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bodyReader } from '../../coordinator/cli/body.js';
import type { Connection } from '../../coordinator/connect.js';
import { Output } from '../../proto/gen/netsweep/v1/model.js';
import { BodyPart } from '../../proto/gen/netsweep/v1/sweeps.js';

const CHUNK = 128 * 1024;

/** A coordinator that has this one body, and breaks each stream off after so many parts. */
function linkTo(body: Buffer, breaksAfter = Number.POSITIVE_INFINITY): Connection {
  const sweeps = {
    body: async function* () {
      for (let from = 0, parts = 0; from < body.length; from += CHUNK, parts++) {
        if (parts === breaksAfter && from < body.length - CHUNK)
          throw Object.assign(new Error('cut'), { code: 14 });
        yield BodyPart.create({ data: body.subarray(from, from + CHUNK) });
      }
    },
  };
  return { sweeps, selfContained: false, client: '', lost: new AbortController().signal } as never; // all that is read
}

function output(text: string): { output: Output; body: Buffer } {
  const body = gzipSync(text, { level: 1 });
  const sha256 = createHash('sha256').update(text).digest();
  return { output: Output.create({ command: 'show', bytes: Buffer.byteLength(text), sha256 }), body };
}

const LONG = Array.from({ length: 400_000 }, (_, at) => `line ${at} of a long ü output`).join('\n');

test('a long output is read whole, in steps that are few', async () => {
  const { output: long, body } = output(LONG);
  const pieces: string[] = [];
  for await (const piece of bodyReader(linkTo(body), new AbortController().signal)(long)) pieces.push(piece);
  expect(pieces.join('') === LONG).toBe(true);
  expect(pieces.length).toBeLessThan(LONG.length / 100_000);
});

test('a long output whose stream breaks is read on where it broke', async () => {
  const { output: long, body } = output(LONG);
  expect(body.length).toBeGreaterThan(3 * CHUNK);
  const pieces: string[] = [];
  const link = linkTo(body, 2);
  const whole = linkTo(body);
  setTimeout(() => Object.assign(link, { sweeps: whole.sweeps }), 300);
  for await (const piece of bodyReader(link, new AbortController().signal)(long)) pieces.push(piece);
  expect(pieces.join('') === LONG).toBe(true);
});

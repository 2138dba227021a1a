// A desk for views: what they write to, and bodies as a coordinator gives them.
import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { Progress } from '../../coordinator/cli/progress.ts';
import { Sink } from '../../coordinator/cli/sink.ts';
import { painter } from '../../coordinator/cli/terminal.ts';
import type { View } from '../../coordinator/cli/views/view.ts';
import type { Output, Report } from '../../proto/gen/netsweep/v1/model.ts';
import { endedSweep } from '../combine/reports.ts';

/** A stream that keeps what is written to it. */
export class Paper extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

export function desk({ isTerminal = false, quiet = false } = {}) {
  const out = new Paper();
  const err = Object.assign(new Paper(), { isTTY: false, columns: 80 });
  const paint = painter(isTerminal, false, {});
  const sink = new Sink({ stream: out, isTerminal, paint, beforeWrite: () => {} });
  // The parts of a terminal's stream that Progress uses.
  const stream = err as unknown as NodeJS.WriteStream;
  const progress = new Progress({ stream, when: 'off', quiet, paint: painter(false, true, {}) });
  return { out, err, sink, progress, read: readBody };
}

const bodies = new Map<string, Buffer>();

/** As the coordinator gives it: by digest when the report has no body. */
async function* readBody({ body, sha256, bytes }: Output) {
  const key = sha256.toString('hex');
  if (body.length > 0) bodies.set(key, body);
  const text = gunzipSync(bodies.get(key) ?? body).toString('utf8');
  expect(Buffer.byteLength(text)).toBe(bytes);
  yield text.slice(0, 2);
  yield text.slice(2);
}

export async function show(view: View, sink: Sink, reports: Report[]): Promise<void> {
  for (const { outputs } of reports)
    for (const { sha256, body } of outputs) bodies.set(sha256.toString('hex'), body);
  for (const report of reports) await view.report?.(report);
  await view.end?.(endedSweep(...reports), async function* () {
    yield* reports;
  });
  await sink.end();
}

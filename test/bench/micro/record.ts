// An output as it is recorded in a worker: text, digest and compressed body; and the two libraries' share alone.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { recordOutput } from '../../../agent/line/output.ts';
import { Proof } from '../../../proto/gen/netsweep/v1/model.ts';
import type { Micro } from './harness.ts';
import { COMMAND, configurations } from './samples.ts';

const OUTPUTS = 100;

export async function* record(): AsyncGenerator<Micro> {
  const texts = configurations(OUTPUTS);
  const size = { items: texts.length, bytes: texts.reduce((sum, { length }) => sum + length, 0) };
  yield {
    ...size,
    title: 'record, 16 KiB',
    round: async () => {
      for (const rest of texts)
        await recordOutput(
          { command: COMMAND, durationMs: 1 },
          { settled: null, rest },
          () => Proof.COMPLETE,
        );
    },
  };
  yield {
    ...size,
    title: 'of it, SHA-256',
    round: () => {
      for (const text of texts) createHash('sha256').update(text).digest();
    },
  };
  yield {
    ...size,
    title: 'of it, gzip at level 1',
    round: () => {
      for (const text of texts) gzipSync(text, { level: 1 });
    },
  };
}

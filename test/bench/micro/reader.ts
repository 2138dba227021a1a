// The reader in a worker: a device's bytes in pieces of several sizes, a look after each, and the output at the end.
import { rulesOf } from '../../../agent/line/platform.ts';
import { Reader } from '../../../agent/line/reader.ts';
import type { Micro } from './harness.ts';
import { COMMAND, configurations, PROMPT } from './samples.ts';

const OUTPUTS = 100;
const PIECES = [256, 1_448, 4_096, 32_768];

export async function* reader(): AsyncGenerator<Micro> {
  const rules = rulesOf('cisco_ios');
  if (!rules) throw new Error('cisco_ios is missing');
  const spoken = configurations(OUTPUTS).map((text) =>
    Buffer.concat([Buffer.from(`${COMMAND}\r\n`), text, Buffer.from(PROMPT)]),
  );
  for (const size of PIECES) {
    const outputs = spoken.map((bytes) => cut(bytes, size));
    yield {
      title: `reader, 16 KiB in pieces of ${size.toLocaleString('en')} bytes`,
      items: outputs.length,
      bytes: spoken.reduce((sum, { length }) => sum + length, 0),
      round: () => outputs.forEach(read),
    };
  }

  function read(pieces: Buffer[]): void {
    const one = new Reader(rules as NonNullable<typeof rules>); // looked at above
    one.prompt.learn(PROMPT);
    one.prompt.echoes = true;
    one.begin(COMMAND);
    for (const piece of pieces) {
      one.push(piece);
      one.look(0);
    }
    const seen = one.look(20);
    if (seen.kind !== 'prompt' || !seen.proved || one.output().rest.length < 8_000)
      throw new Error(`the reader saw ${JSON.stringify(seen)}`);
  }
}

function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

// The text of an output: from the report where it came along, else fetched by its digest. Small ones are
// unpacked at once, large ones stream, and neither can grow past the size that the report states.
import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip, gunzipSync } from 'node:zlib';
import type { Output } from '../../proto/gen/netsweep/v1/model.js';
import type { BodyPart } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { ReadOutput } from '../combine/result.js';
import type { Connection } from '../connect.js';
import { Patience } from './rpc.js';

/** Outputs up to this size are unpacked in one piece. */
const SMALL = 1024 * 1024;
/** The least that zlib unpacks in one go. */
const LEAST_CHUNK = 64;
/** Larger ones in steps of this size: each costs a turn of two threads, which on a busy machine is long. */
const STEP = 256 * 1024;

export function bodyReader(link: Connection, signal: AbortSignal, patience = Patience.for(link)): ReadOutput {
  async function* read(output: Output): AsyncGenerator<string> {
    const whole = wholeText(output);
    if (whole !== null) {
      if (whole !== '') yield whole;
    } else
      yield* unpack(
        output,
        output.body.length > 0 ? [output.body] : fetchBody(link, output, signal, patience),
      );
  }
  return Object.assign(read, { whole: wholeText });
}

/** Null where it is large, or did not come along. */
function wholeText(output: Output): string | null {
  if (output.bytes === 0) return '';
  return output.body.length > 0 && output.bytes <= SMALL ? unpackSmall(output) : null;
}

function unpackSmall(output: Output): string {
  // A chunk that holds it all, and says so by a byte that is left: unpacking then takes one turn and no copy.
  const chunkSize = Math.max(LEAST_CHUNK, output.bytes + 1);
  return gunzipSync(output.body, { maxOutputLength: output.bytes, chunkSize }).toString('utf8');
}

async function* unpack(
  output: Output,
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
): AsyncGenerator<string> {
  const source = Readable.from(pieces, { objectMode: true });
  const gunzip = createGunzip({ chunkSize: STEP });
  source.on('error', (error) => gunzip.destroy(error));
  const decoder = new StringDecoder('utf8');
  let bytes = 0;
  for await (const chunk of source.pipe(gunzip) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > output.bytes)
      throw new Error(`the output of "${output.command}" is larger than its report says`);
    yield decoder.write(chunk);
  }
  yield decoder.end();
}

/** An output's gzip. A fetch that was cut goes on where it ended. */
export async function* fetchBody(
  link: Connection,
  { sha256 }: Pick<Output, 'sha256'>,
  signal: AbortSignal,
  patience: Patience,
): AsyncGenerator<Buffer> {
  let given = 0;
  for (;;) {
    try {
      let place = 0;
      for await (const { data } of link.sweeps.body({ sha256 }) as AsyncIterable<BodyPart>) {
        patience.heard();
        const fresh = data.subarray(Math.max(0, given - place));
        place += data.length;
        if (fresh.length === 0) continue;
        given = place;
        yield fresh;
      }
      return;
    } catch (error) {
      await patience.pause(error, signal);
    }
  }
}

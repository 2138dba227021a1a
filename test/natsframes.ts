// The NATS text protocol taken apart: whole messages out of whatever pieces TCP brings, each kept as the bytes it
// came in. Nothing is understood here but where a message ends.

/** One message of the protocol, by its verb; those that carry something have a body. */
export interface Frame {
  verb: string;
  /** What follows the verb on the line. */
  words: string[];
  /** Headers and payload; empty where there are none. */
  body: Buffer;
  /** How many bytes of the body are headers. */
  headerBytes: number;
}

const CRLF = Buffer.from('\r\n');
const CARRIES = new Set(['PUB', 'HPUB', 'MSG', 'HMSG']);

export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** The messages that are whole with this piece. */
  *feed(piece: Buffer): Generator<Frame> {
    this.#rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    for (let frame = this.#next(); frame !== null; frame = this.#next()) yield frame;
  }

  #next(): Frame | null {
    const end = this.#rest.indexOf(CRLF);
    if (end < 0) return null;
    const line = this.#rest.subarray(0, end).toString('utf8');
    const [verb = '', ...words] = line.trim().split(/\s+/);
    const upper = verb.toUpperCase();
    const size = CARRIES.has(upper) ? Number(words.at(-1)) : 0;
    const whole = end + 2 + (CARRIES.has(upper) ? size + 2 : 0);
    if (this.#rest.length < whole) return null;
    const body = Buffer.from(this.#rest.subarray(end + 2, end + 2 + size));
    this.#rest = this.#rest.subarray(whole);
    return {
      verb: upper,
      words,
      body,
      headerBytes: upper.startsWith('H') ? Number(words.at(-2)) : 0,
    };
  }
}

/** A message as it goes over the wire. */
export function bytesOf({ verb, words, body }: Frame): Buffer {
  const line = Buffer.from(`${[verb, ...words].join(' ')}\r\n`);
  return CARRIES.has(verb) ? Buffer.concat([line, body, CRLF]) : line;
}

export function payloadOf({ body, headerBytes }: Frame): Buffer {
  return body.subarray(headerBytes);
}

/** The same message with something else in it. */
export function withPayload(frame: Frame, payload: Uint8Array): Frame {
  const body = Buffer.concat([frame.body.subarray(0, frame.headerBytes), payload]);
  return { ...frame, words: frame.words.with(-1, String(body.length)), body };
}

/** The value of a header; empty without it. */
export function headerOf({ body, headerBytes }: Frame, name: string): string {
  const lines = body.subarray(0, headerBytes).toString('latin1').split('\r\n');
  const found = lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return found?.slice(name.length + 1).trim() ?? '';
}

/** Where a delivered message's answers go; empty: nowhere. */
export function replyOf({ verb, words }: Frame): string {
  const numbers = verb.startsWith('H') ? 2 : 1;
  const named = verb.endsWith('MSG') ? 2 : 1;
  return words.length === named + numbers + 1 ? (words[named] ?? '') : '';
}

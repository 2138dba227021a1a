// Messages between an agent and a worker, over a stream of their own: a length, then the value as V8 writes it. Not
// Node's IPC, because there a worker gone wrong ends its agent: what can't be read is thrown where nobody catches it,
// and a length that is announced is waited for, however long.
import type { Socket } from 'node:net';
import { DefaultSerializer, deserialize } from 'node:v8';

const LENGTH_BYTES = 4;
const NO_LENGTH = Buffer.alloc(LENGTH_BYTES);
/** Most bytes of one message. */
export const FRAME_BYTES = 8 << 20;

/** A message as it is sent: in one piece, as each write is a call of the system. */
export function frameOf(value: unknown): Buffer {
  const serializer = new DefaultSerializer();
  serializer.writeRawBytes(NO_LENGTH);
  serializer.writeHeader();
  serializer.writeValue(value);
  const frame = serializer.releaseBuffer();
  frame.writeUInt32BE(frame.length - LENGTH_BYTES);
  return frame;
}

export class Frames<Message> {
  #pieces: Buffer[] = [];
  #held = 0;

  /**
   * `understand` throws at what is no message of the other side's. `broken`: something came that can't be read;
   * nothing is heard after it.
   */
  constructor(
    private readonly stream: Socket,
    understand: (value: unknown) => Message,
    heard: (message: Message) => void,
    broken: (why: string) => void,
  ) {
    const read = (piece: Buffer) => {
      const messages: Message[] = [];
      let why: string | null = null;
      try {
        for (const value of this.#read(piece)) messages.push(understand(value));
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
      }
      for (const message of messages) heard(message);
      if (why === null) return;
      stream.off('data', read);
      stream.resume();
      broken(why);
    };
    stream.on('data', read);
  }

  /** Sends; `sent` is called once it has left, or can't any more. */
  send(frame: Buffer, sent: (error?: Error | null) => void): void {
    this.stream.write(frame, (error) => {
      frame.fill(0); // it may have held a secret
      sent(error);
    });
  }

  *#read(piece: Buffer): Generator<unknown> {
    this.#pieces.push(piece);
    this.#held += piece.length;
    for (let length = this.#length(); length !== null && this.#held >= LENGTH_BYTES + length; ) {
      const whole = this.#joined();
      const rest = whole.subarray(LENGTH_BYTES + length);
      this.#pieces = rest.length === 0 ? [] : [rest];
      this.#held = rest.length;
      yield read(whole.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
      length = this.#length();
    }
  }

  /** What has come in one piece. What is read of it are views, zeroed by whoever uses them; what it came in is zeroed here. */
  #joined(): Buffer {
    const [first] = this.#pieces;
    if (first !== undefined && this.#pieces.length === 1) return first;
    const whole = Buffer.concat(this.#pieces);
    for (const piece of this.#pieces) piece.fill(0);
    this.#pieces = [whole];
    return whole;
  }

  /** Of the message that has begun; null while not even that is known. */
  #length(): number | null {
    if (this.#held < LENGTH_BYTES) return null;
    const [first = Buffer.alloc(0)] = this.#pieces;
    const head = first.length >= LENGTH_BYTES ? first : this.#joined();
    const length = head.readUInt32BE(0);
    if (length > FRAME_BYTES) throw new Error(`it announced a message of ${length} bytes`);
    return length;
  }
}

function read(bytes: Buffer): unknown {
  try {
    return deserialize(bytes);
  } catch {
    throw new Error('what it said could not be read');
  }
}

// The one way to stdout. Small writes are gathered, a slow reader slows the sweep, and a reader that has
// gone (EPIPE) ends the command quietly. On a terminal device text passes `harmless` here and nowhere else.
import { once } from 'node:events';
import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { harmless, type Paint } from './terminal.js';

const GATHER = 128 * 1024;
/** Bytes that one unit of a string takes at most. */
const UTF8_MOST = 3;

/** Whoever reads our stdout has gone. */
export class OutputClosed extends Error {
  constructor() {
    super('stdout was closed');
    this.name = 'OutputClosed';
  }
}

/** Results have nowhere to go, for a reason of the system's: a full disk, mostly. The sweep itself is none the worse. */
export class CannotWrite extends Error {
  constructor(path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message.replace(/^\w+: (.*?),.*$/s, '$1') : String(cause);
    super(`can't write ${path}: ${why}`, { cause });
    this.name = 'CannotWrite';
  }
}

export interface SinkOptions {
  stream: Writable;
  isTerminal: boolean;
  /** Called before each write, to take a progress line off the screen. */
  paint: Paint;
  beforeWrite: () => void;
}

export class Sink {
  readonly isTerminal: boolean;
  /** Aborted once the reader has gone. */
  readonly closed: AbortSignal;
  readonly #stream: Writable;
  readonly paint: Paint;
  readonly #beforeWrite: () => void;
  /** stdout, where it is a file. Node's own stream for those takes half a write for a whole one. */
  readonly #file: number | null;
  /** What a file gets is encoded here, and written from here at once; used again, it costs no memory each time. */
  readonly #encoded: Buffer | null;
  #pending: string[] = [];
  #pendingLength = 0;

  constructor({ stream, isTerminal, paint, beforeWrite }: SinkOptions) {
    this.isTerminal = isTerminal;
    this.#stream = stream;
    this.#file = stream === process.stdout && isFile(1) ? 1 : null;
    this.#encoded = this.#file === null ? null : Buffer.allocUnsafeSlow(UTF8_MOST * GATHER);
    this.paint = paint;
    this.#beforeWrite = beforeWrite;
    const closed = new AbortController();
    this.closed = closed.signal;
    stream.on('error', () => closed.abort());
  }

  /** Text of a device or about one. */
  async write(text: string): Promise<void> {
    await this.writeOwn(this.isTerminal ? harmless(text) : text);
  }

  /** Text of our own, which may hold colours. */
  async writeOwn(text: string): Promise<void> {
    this.#pending.push(text);
    this.#pendingLength += text.length;
    if (this.#pendingLength >= GATHER) await this.flush();
  }

  /** Resolves when everything so far has been handed to the system. */
  async flush(): Promise<void> {
    if (this.closed.aborted) throw new OutputClosed();
    if (this.#pendingLength === 0) return;
    const texts = this.#pending;
    this.#pending = [];
    this.#pendingLength = 0;
    this.#beforeWrite();
    if (this.#file !== null && this.#encoded !== null) return writeAll(this.#file, texts, this.#encoded);
    if (this.#stream.write(texts.join(''))) return;
    await once(this.#stream, 'drain', { signal: this.closed }).catch((cause: unknown) => {
      if (!this.closed.aborted) throw cause;
    });
    if (this.closed.aborted) throw new OutputClosed();
  }

  /** Flushes, and waits until the reader has it all. */
  async end(): Promise<void> {
    await this.flush();
    await new Promise<void>((resolve, reject) =>
      this.#stream.write('', (error) => (error ? reject(new OutputClosed()) : resolve())),
    );
  }
}

/** Also /dev/full and its like. */
function isFile(descriptor: number): boolean {
  try {
    const about = fstatSync(descriptor);
    return about.isFile() || (about.isCharacterDevice() && !process.stdout.isTTY);
  } catch {
    return false; // there is none
  }
}

function writeAll(descriptor: number, texts: string[], encoded: Buffer): void {
  let length = 0;
  for (const text of texts) {
    const most = UTF8_MOST * text.length;
    if (length + most > encoded.length) {
      writeBytes(descriptor, encoded.subarray(0, length));
      length = 0;
    }
    if (most > encoded.length) writeBytes(descriptor, Buffer.from(text));
    else length += encoded.write(text, length);
  }
  writeBytes(descriptor, encoded.subarray(0, length));
}

function writeBytes(descriptor: number, bytes: Buffer): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  } catch (cause) {
    throw new CannotWrite('stdout', cause);
  }
}

// What the coordinator says on one agent's stream, gathered into one batch a beat. A slow agent holds up
// nobody: what waits for it is small, because it is answers to what it asked.
import { BEAT_MS } from '../../proto/subjects.js';
import type { Host } from '../host.js';

export class Outbox<Message> {
  #gathered: Message[] = [];
  #callOff: (() => void) | null = null;
  #flushedAt = Number.NEGATIVE_INFINITY;
  #ended = false;

  constructor(
    private readonly host: Host,
    private readonly write: (messages: Message[]) => void,
    private readonly finish: () => void,
  ) {}

  push(message: Message): void {
    if (this.#ended) return;
    this.#gathered.push(message);
    const wait = Math.max(0, this.#flushedAt + BEAT_MS - this.host.monotonicMs());
    this.#callOff ??= this.host.after(wait, () => this.#flush());
  }

  /** Sends what has gathered and ends the stream. */
  end(): void {
    if (this.#ended) return;
    this.#flush();
    this.#ended = true;
    this.finish();
  }

  /** The stream is gone; nothing is sent any more. */
  discard(): void {
    this.#ended = true;
    this.#callOff?.();
    this.#gathered = [];
  }

  #flush(): void {
    this.#callOff?.();
    this.#callOff = null;
    if (this.#gathered.length === 0) return;
    this.#flushedAt = this.host.monotonicMs();
    this.write(this.#gathered);
    this.#gathered = [];
  }
}

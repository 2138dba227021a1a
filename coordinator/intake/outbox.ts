// What the coordinator says on one agent's stream, gathered into one batch a beat. A slow agent holds up
// nobody: what waits for it is small, because it is answers to what it asked.
import { BEAT_MS } from '../../proto/subjects.js';

export class Outbox<Message> {
  #gathered: Message[] = [];
  #timer: NodeJS.Timeout | null = null;
  #flushedAt = 0;
  #ended = false;

  constructor(
    private readonly write: (messages: Message[]) => void,
    private readonly finish: () => void,
  ) {}

  push(message: Message): void {
    if (this.#ended) return;
    this.#gathered.push(message);
    this.#timer ??= setTimeout(
      () => this.#flush(),
      Math.max(0, this.#flushedAt + BEAT_MS - performance.now()),
    );
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
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#gathered = [];
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#gathered.length === 0) return;
    this.#flushedAt = performance.now();
    this.write(this.#gathered);
    this.#gathered = [];
  }
}

// What the coordinator says on one agent's stream, gathered into one batch a beat. A slow agent holds up
// nobody: what waits for it is small, because it is answers to what it asked.
import { Beat, FULL_BATCH } from '../../proto/beat.js';
import type { Host } from '../host.js';

export class Outbox<Message> {
  #gathered: Message[] = [];
  #callOff: (() => void) | null = null;
  readonly #beat = new Beat();
  #ended = false;

  constructor(
    private readonly host: Host,
    private readonly write: (messages: Message[]) => void,
    private readonly finish: () => void,
  ) {}

  push(message: Message): void {
    if (this.#ended) return;
    this.#gathered.push(message);
    const { length } = this.#gathered;
    if (length === FULL_BATCH) this.#callOff?.();
    else if (this.#callOff !== null) return;
    const waitMs = this.#beat.waitMs(this.host.monotonicMs(), length);
    this.#callOff = this.host.after(waitMs, () => this.#flush());
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
    this.#beat.left(this.host.monotonicMs(), this.#gathered.length);
    this.write(this.#gathered);
    this.#gathered = [];
  }
}

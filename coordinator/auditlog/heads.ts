// Heads of the audit log on their way elsewhere: into a file on another disk, once a second at most, and into the
// program's own log, which somebody collects. Whoever cuts the log's end has to cut it there too.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';

const EVERY_MS = 1_000;
/** In the program's log. */
const TELL_EVERY_MS = 600_000;

export class Heads implements Disposable {
  #newest: () => string = () => '';
  #written = '';
  #told = '';
  #toldMs = 0;
  #failing = false;
  readonly #timer: NodeJS.Timeout;

  constructor(
    /** Null: none. */
    private readonly file: string | null,
    private readonly tell: (head: string, error: unknown) => void,
  ) {
    this.#timer = setInterval(() => this.#look(false), EVERY_MS).unref();
  }

  /** From now on; the first head is told at once. */
  follow(newest: () => string): void {
    this.#newest = newest;
    this.#look(true);
  }

  /** The last head goes there too. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#look(true);
  }

  #look(mustTell: boolean): void {
    const head = this.#newest();
    if (head === '') return;
    if (head !== this.#written) this.#write(head);
    const isDue = mustTell || Date.now() - this.#toldMs >= TELL_EVERY_MS;
    if (!isDue || head === this.#told) return;
    this.tell(head, null);
    this.#told = head;
    this.#toldMs = Date.now();
  }

  /** Opened each time: the disk may be another one by now. A failure is said once, and tried again. */
  #write(head: string): void {
    if (this.file === null) return;
    try {
      const handle = openSync(this.file, 'a', 0o600);
      try {
        writeSync(handle, `${head}\n`);
        fdatasyncSync(handle);
      } finally {
        closeSync(handle);
      }
      this.#written = head;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.tell(head, error);
      this.#failing = true;
    }
  }
}

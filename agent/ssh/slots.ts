// A line before something that carries only so many at a time: first come, first served. Whoever holds a slot gives
// it back; whoever waits may leave.
export class Slots {
  readonly #most: number;
  readonly #line: ((granted: boolean) => void)[] = [];
  #taken = 0;
  #closed = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** Nobody holds one. */
  get unused(): boolean {
    return this.#taken === 0;
  }

  /** Resolves with true once there is one, which `release` is due for; with false when there will be none. */
  take(signal: AbortSignal): Promise<boolean> {
    if (this.#closed || signal.aborted) return Promise.resolve(false);
    if (this.#taken < this.#most) {
      this.#taken += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const answer = (granted: boolean) => {
        signal.removeEventListener('abort', leave);
        resolve(granted);
      };
      const leave = () => {
        this.#line.splice(this.#line.indexOf(answer), 1);
        answer(false);
      };
      this.#line.push(answer);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** The next in line gets it. */
  release(): void {
    const next = this.#line.shift();
    if (next !== undefined) next(true);
    else this.#taken -= 1;
  }

  /** Sends the line away. */
  close(): void {
    this.#closed = true;
    for (const answer of this.#line.splice(0)) answer(false);
  }
}

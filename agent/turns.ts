// Beyond so many sessions others begin a few in each turn of the event loop, so that those that have begun get on first.
// When thousands begin at once they all come through their key exchanges together, hold the memory of that together,
// and nothing is finished before almost everything is. Up to so many that costs little, and what many do at once
// travels in fewer messages.
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #left = 0;
  #turning = false;

  /** `freely`: as many begin at once; `each`: in one turn beyond that. */
  constructor(
    private readonly freely: number,
    private readonly each: number,
  ) {}

  /** Resolves in the order of calls; null: at once. `open`: sessions there are, this one and those that wait included. */
  next(open: number): Promise<void> | null {
    if (open <= this.freely && this.#waiting.length === 0) return null;
    if (!this.#turning) {
      this.#turning = true;
      this.#left = this.each;
      setImmediate(() => this.#turn());
    }
    if (this.#left > 0) {
      this.#left -= 1;
      return null;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #turn(): void {
    const begun = this.#waiting.splice(0, this.each);
    this.#left = this.each - begun.length;
    this.#turning = begun.length > 0;
    if (this.#turning) setImmediate(() => this.#turn());
    for (const begin of begun) begin();
  }
}

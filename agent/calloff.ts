// Whether a session is called off, and who wants to hear of it: what of an AbortSignal a session needs. A real one, an
// event target, costs as much as the whole bookkeeping of a job.

/** As much of an AbortSignal. */
export interface CalledOff {
  readonly aborted: boolean;
  addEventListener(type: 'abort', act: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', act: () => void): void;
}

export class CallOff implements CalledOff {
  #aborted = false;
  #listeners: (() => void)[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  /** As an AbortController's. */
  get signal(): CalledOff {
    return this;
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    for (const act of this.#listeners.splice(0)) act();
  }

  addEventListener(_: 'abort', act: () => void): void {
    this.#listeners.push(act);
  }

  removeEventListener(_: 'abort', act: () => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== act);
  }
}

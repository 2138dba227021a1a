// Whether the devices of a worker may be read. While they may not, their bytes stay in the network, and each device
// is slowed down by TCP alone.
export class Hold {
  #on = false;
  readonly #followers = new Set<(on: boolean) => void>();

  get on(): boolean {
    return this.#on;
  }

  set(on: boolean): void {
    if (on === this.#on) return;
    this.#on = on;
    for (const follow of [...this.#followers]) follow(on);
  }

  /** Calls back at each change, until what it returns is called. */
  follow(changed: (on: boolean) => void): () => void {
    this.#followers.add(changed);
    return () => this.#followers.delete(changed);
  }

  /** Resolves when devices may be read. */
  released(): Promise<void> {
    if (!this.#on) return Promise.resolve();
    return new Promise((resolve) => {
      const leave = this.follow(() => {
        leave();
        resolve();
      });
    });
  }
}

// A line of very many: taking the first of them moves none of the others.

export class Fifo<T> {
  #items: (T | null)[] = [];
  /** Where the line begins; before it is nothing but room. */
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get first(): T | null {
    return this.#items[this.#first] ?? null;
  }

  add(item: T): void {
    this.#items.push(item);
  }

  /** Takes the first; null: there is none. */
  take(): T | null {
    const item = this.first;
    if (item === null) return null;
    this.#items[this.#first++] = null;
    if (this.#first > 1_000 && this.#first * 2 > this.#items.length) this.#close();
    return item;
  }

  /** In front of all others, in this order. */
  putBack(items: readonly T[]): void {
    if (this.#first < items.length) {
      this.#items = [...items, ...this.all()];
      this.#first = 0;
      return;
    }
    this.#first -= items.length;
    for (const [at, item] of items.entries()) this.#items[this.#first + at] = item;
  }

  all(): T[] {
    return this.#items.slice(this.#first).filter((item) => item !== null);
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
  }

  #close(): void {
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}

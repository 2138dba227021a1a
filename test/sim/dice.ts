// Chance from a seed: the same seed throws the same numbers in the same order.
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  /** `purpose` keeps streams apart, so that what one part throws never shifts what another gets. */
  constructor(seed: number, purpose = '') {
    let hash = 0x811c9dc5 ^ seed;
    for (const letter of purpose) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
    this.#a = seed | 0;
    this.#b = hash | 0;
    this.#c = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
    for (let warm = 0; warm < 12; warm++) this.next();
  }

  /** From 0 up to 1 (Chris Doty-Humphrey's sfc32). */
  next(): number {
    const sum = (this.#a + this.#b + this.#d++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 up to `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  /** 128 bits in hex. */
  id(): string {
    let id = '';
    for (let word = 0; word < 4; word++)
      id += this.below(2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return id;
  }
}

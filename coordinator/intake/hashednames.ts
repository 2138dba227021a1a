// The hashed names of known_hosts. Which lines are of a host is found out by an HMAC with each line's salt, as it is
// meant to be dear: of 10,000 lines it takes 4 ms. A line that is of one name is of no other, and not tried again.
import { beginKey, finish, LONGEST, STATE, textBlock, wordsOf } from './sha1.js';

const HASHED = /^\|1\|([\w+/]{27}=)\|([\w+/]{27}=)$/;

interface Hashed<Line> {
  hash: Int32Array;
  line: Line;
}

export function isHashed(names: string): boolean {
  return HASHED.test(names);
}

export class HashedNames<Line extends { names: string }> {
  /** Lines that nobody was found for, by their salts. */
  readonly #left: Hashed<Line>[][] = [];
  /** What HMACs under these salts begin with, in the same order. */
  readonly #states: Int32Array;
  readonly #found = new Map<string, Line[]>();

  constructor(lines: readonly Line[]) {
    const bySalt = new Map<string, Hashed<Line>[]>();
    for (const line of lines) {
      const [, salt = '', hash = ''] = HASHED.exec(line.names) ?? [];
      const hashed = bySalt.get(salt) ?? [];
      hashed.push({ hash: wordsOf(Buffer.from(hash, 'base64')), line });
      bySalt.set(salt, hashed);
    }
    this.#states = new Int32Array(bySalt.size * 2 * STATE);
    for (const [salt, hashed] of bySalt) {
      const at = this.#left.push(hashed) - 1;
      beginKey(Buffer.from(salt, 'base64'), this.#states, at * 2 * STATE);
    }
  }

  /** Salts that each look for a name costs an HMAC for. */
  get left(): number {
    return this.#left.length;
  }

  get isEmpty(): boolean {
    return this.left === 0 && this.#found.size === 0;
  }

  find(name: string): readonly Line[] {
    const bytes = Buffer.from(name);
    const found = this.#found.get(name) ?? [];
    if (bytes.length > LONGEST || this.left === 0) return found;
    const [block, digest] = [textBlock(bytes), new Int32Array(STATE)];
    for (let at = this.left - 1; at >= 0; at -= 1) {
      finish(this.#states, at * 2 * STATE, block, digest);
      const hashed = this.#left[at] ?? [];
      const others = hashed.filter(({ hash }) => hash[0] !== digest[0] || !same(hash, digest));
      if (others.length === hashed.length) continue;
      found.push(...hashed.filter((one) => !others.includes(one)).map(({ line }) => line));
      if (others.length > 0) this.#left[at] = others;
      else this.#drop(at);
    }
    if (found.length > 0) this.#found.set(name, found);
    return found;
  }

  /** The last one takes its place, which has been looked at. */
  #drop(at: number): void {
    const last = this.#left.pop();
    if (last === undefined || at === this.left) return;
    this.#left[at] = last;
    const from = this.left * 2 * STATE;
    this.#states.copyWithin(at * 2 * STATE, from, from + 2 * STATE);
  }
}

function same(one: Int32Array, other: Int32Array): boolean {
  return one.every((word, at) => word === other[at]);
}

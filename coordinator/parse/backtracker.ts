// Matches the few patterns that JavaScript reads otherwise: it forgets at each repetition what groups inside had taken,
// where Python keeps the last; it has no rounds that take nothing, where Python has one; and it takes a reference to a
// group without a text for empty, where Python finds nothing.
// Slower than V8 by far, and exact.
import { ASCII_WORD, setSource, WIDE_WORD } from './charset.js';
import type { Node, PatternTree } from './patterntree.js';

type Next = (at: number) => boolean;
/** Whether it matches from `at` on and all that comes after it does, too. */
type Step = (at: number, next: Next) => boolean;

export function needsBacktracker({ root }: PatternTree): boolean {
  return forgets(root);
}

/** Whether a round of a repetition may pass over a group or take nothing in a way that shows, or a reference meet nothing. */
function forgets(node: Node): boolean {
  switch (node.kind) {
    case 'repeat': {
      const { body, min, max } = node;
      if (forgets(body) || (max > 1 && skips(body))) return true;
      return max > min && isEmptyable(body) && (hasGroup(body) || chooses(body));
    }
    case 'group':
    case 'look':
      return forgets(node.body);
    case 'sequence':
      return node.nodes.some(forgets);
    case 'either':
      return node.options.some(forgets);
    case 'reference':
      return true;
    default:
      return false;
  }
}

/** Whether it would try something else where it may not take nothing. */
function chooses(node: Node): boolean {
  switch (node.kind) {
    case 'group':
      return chooses(node.body);
    case 'repeat':
      return node.lazy || chooses(node.body);
    case 'sequence':
      return node.nodes.some(chooses);
    default:
      return node.kind === 'either';
  }
}

function hasGroup(node: Node): boolean {
  switch (node.kind) {
    case 'group':
      return node.index !== null || hasGroup(node.body);
    case 'repeat':
    case 'look':
      return hasGroup(node.body);
    case 'sequence':
      return node.nodes.some(hasGroup);
    case 'either':
      return node.options.some(hasGroup);
    default:
      return false;
  }
}

/** Whether a group in it may take no part although it matches. */
function skips(node: Node): boolean {
  switch (node.kind) {
    case 'group':
      return skips(node.body);
    case 'look':
      return hasGroup(node.body);
    case 'repeat':
      return (node.min === 0 && hasGroup(node.body)) || skips(node.body);
    case 'sequence':
      return node.nodes.some(skips);
    case 'either':
      return node.options.some(hasGroup);
    default:
      return false;
  }
}

function isEmptyable(node: Node): boolean {
  switch (node.kind) {
    case 'set':
    case 'any':
      return false;
    case 'group':
      return isEmptyable(node.body);
    case 'repeat':
      return node.min === 0 || isEmptyable(node.body);
    case 'sequence':
      return node.nodes.every(isEmptyable);
    case 'either':
      return node.options.some(isEmptyable);
    default:
      return true;
  }
}

export class Backtracker {
  #line = '';
  /** Where each group began and ended; -1: it took no part. */
  #starts: number[] = [];
  #ends: number[] = [];
  readonly #groups: number;
  readonly #whole: Step;

  constructor(
    { root, captures }: PatternTree,
    private readonly wide: boolean,
  ) {
    this.#groups = captures;
    this.#whole = this.#step(root);
  }

  exec(line: string): (string | undefined)[] | null {
    this.#line = line;
    this.#starts = Array<number>(this.#groups + 1).fill(-1);
    this.#ends = [...this.#starts];
    let end = -1;
    const matched = this.#whole(0, (at) => {
      end = at;
      return true;
    });
    if (!matched) return null;
    return this.#starts.map((start, index) => {
      if (index === 0) return line.slice(0, end);
      return start < 0 ? undefined : line.slice(start, this.#ends[index]);
    });
  }

  #step(node: Node): Step {
    switch (node.kind) {
      case 'set':
      case 'any':
        return this.#character(node);
      case 'edge':
        return this.#edge(node);
      case 'boundary':
        return this.#boundary(node);
      case 'group':
        return node.index === null ? this.#step(node.body) : this.#capture(node.index, this.#step(node.body));
      case 'look':
        return node.ahead ? this.#ahead(node) : this.#behind(node);
      case 'reference':
        return this.#reference(node);
      case 'repeat':
        return this.#repeat(node);
      case 'sequence':
        return node.nodes
          .map((child) => this.#step(child))
          .reduceRight<Step>(
            (rest, step) => (at, next) => step(at, (then) => rest(then, next)),
            (at, next) => next(at),
          );
      case 'either': {
        const options = node.options.map((option) => this.#step(option));
        return (at, next) => options.some((step) => step(at, next));
      }
    }
  }

  #character(node: Extract<Node, { kind: 'set' | 'any' }>): Step {
    const source = node.kind === 'set' ? setSource(node, this.wide) : node.lineEnds ? '[\\s\\S]' : '[^\\n]';
    const one = new RegExp(source, this.wide ? 'vy' : 'y');
    return (at, next) => {
      one.lastIndex = at;
      return one.test(this.#line) && next(one.lastIndex);
    };
  }

  #edge({ of, at: side }: Extract<Node, { kind: 'edge' }>): Step {
    const step = side === 'start' ? -1 : 0;
    return (at, next) => {
      const here = side === 'start' ? at === 0 : at === this.#line.length;
      return (here || (of === 'line' && this.#line[at + step] === '\n')) && next(at);
    };
  }

  #boundary({ negated, asciiOnly }: Extract<Node, { kind: 'boundary' }>): Step {
    const set = this.wide && !asciiOnly ? WIDE_WORD : ASCII_WORD;
    const [before, after] = [new RegExp(`(?<=${set})`, 'vy'), new RegExp(`(?=${set})`, 'vy')];
    return (at, next) => {
      before.lastIndex = at;
      after.lastIndex = at;
      return (before.test(this.#line) !== after.test(this.#line)) !== negated && next(at);
    };
  }

  #capture(index: number, body: Step): Step {
    return (at, next) => {
      const [start, end] = [this.#starts[index] ?? -1, this.#ends[index] ?? -1];
      const taken = body(at, (then) => {
        const before = [this.#starts[index] ?? -1, this.#ends[index] ?? -1];
        this.#starts[index] = at;
        this.#ends[index] = then;
        if (next(then)) return true;
        [this.#starts[index], this.#ends[index]] = before as [number, number];
        return false;
      });
      if (!taken) {
        this.#starts[index] = start;
        this.#ends[index] = end;
      }
      return taken;
    };
  }

  #ahead({ negated, body }: Extract<Node, { kind: 'look' }>): Step {
    const step = this.#step(body);
    return (at, next) => step(at, () => true) !== negated && next(at);
  }

  /** Any length will do; Python wants a fixed one, and those are among them. */
  #behind({ negated, body }: Extract<Node, { kind: 'look' }>): Step {
    const step = this.#step(body);
    return (at, next) => {
      let found = false;
      for (let from = at; from >= 0 && !found; from--) found = step(from, (then) => then === at);
      return found !== negated && next(at);
    };
  }

  #reference({ index, ignoreCase }: Extract<Node, { kind: 'reference' }>): Step {
    const same = (text: string) => (ignoreCase ? text.toLowerCase() : text);
    return (at, next) => {
      const start = this.#starts[index] ?? -1;
      if (start < 0) return false;
      const text = this.#line.slice(start, this.#ends[index]);
      const here = this.#line.slice(at, at + text.length);
      return same(here) === same(text) && next(at + text.length);
    };
  }

  #repeat({ min, max, lazy, body }: Extract<Node, { kind: 'repeat' }>): Step {
    const step = this.#step(body);
    /** `last`: where the round before began that need not have been; one that takes nothing is the last. */
    const round = (done: number, last: number, at: number, next: Next): boolean => {
      if (done < min) return step(at, (then) => round(done + 1, last, then, next));
      const again = () => step(at, (then) => round(done + 1, at, then, next));
      const may = done < max && at !== last;
      if (lazy) return next(at) || (may && again());
      return (may && again()) || next(at);
    };
    return (at, next) => round(0, -1, at, next);
  }
}

// A pattern of Python's `re` that is matched from the beginning of a line. It runs as a JavaScript pattern, one for lines
// of ASCII and another one for all others, each made when it is first needed. A few patterns mean something else there
// whatever is done; those run in a matcher of our own.
import { Backtracker, needsBacktracker } from './backtracker.js';
import { javaScriptSource } from './jspattern.js';
import { readPattern } from './patternreader.js';
import { PatternError, type PatternTree } from './patterntree.js';

/** Texts of the groups by their numbers, the whole as number 0; undefined: it took no part. */
export type Captures = ArrayLike<string | undefined>;

interface Matcher {
  exec(line: string): Captures | null;
}

const ASCII_ONLY = /^[\0-\x7f]*$/;

export class Pattern {
  readonly names: ReadonlyMap<string, number>;
  readonly groups: number;
  readonly #tree: PatternTree;
  #narrow: Matcher | null = null;
  #wide: Matcher | null = null;

  /** Throws PatternError. */
  constructor(readonly text: string) {
    this.#tree = readPattern(text);
    this.names = this.#tree.names;
    this.groups = this.#tree.groups;
    this.#narrow = this.#matcher(false); // one that V8 refuses is refused here
  }

  /** As Python's match(). */
  match(line: string): Captures | null {
    if (ASCII_ONLY.test(line)) {
      this.#narrow ??= this.#matcher(false);
      return this.#narrow.exec(line);
    }
    this.#wide ??= this.#matcher(true);
    return this.#wide.exec(line);
  }

  #matcher(wide: boolean): Matcher {
    if (needsBacktracker(this.#tree)) return new Backtracker(this.#tree, wide);
    const source = javaScriptSource(this.#tree.root, wide);
    try {
      return new Anchored(new RegExp(source, wide ? 'vy' : 'y'));
    } catch (error) {
      const why = error instanceof Error ? error.message.replace(/^.*: /s, '') : String(error);
      throw new PatternError(0, `more than can be matched (${why})`);
    }
  }
}

class Anchored implements Matcher {
  constructor(private readonly pattern: RegExp) {}

  exec(line: string): Captures | null {
    this.pattern.lastIndex = 0;
    return this.pattern.exec(line);
  }
}

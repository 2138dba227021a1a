// A regular expression as a tree, as Python understands it. What flags mean is settled while it is read, so each node
// says for itself whether it looks at the case of letters.

export type ClassLetter = 'd' | 'w' | 's';

/** What a set holds: characters from one to another (code points), or a class of them. */
export type SetItem =
  | { from: number; to: number }
  | { letter: ClassLetter; negated: boolean; asciiOnly: boolean };

export type Node =
  | { kind: 'set'; items: SetItem[]; negated: boolean }
  /** Anything; `lineEnds` too. */
  | { kind: 'any'; lineEnds: boolean }
  | { kind: 'edge'; of: 'text' | 'line'; at: 'start' | 'end' }
  | { kind: 'boundary'; negated: boolean; asciiOnly: boolean }
  /** `index` is null where it captures nothing. */
  | { kind: 'group'; index: number | null; body: Node }
  | { kind: 'look'; ahead: boolean; negated: boolean; body: Node }
  | { kind: 'reference'; index: number; ignoreCase: boolean }
  | { kind: 'repeat'; min: number; max: number; lazy: boolean; body: Node }
  | { kind: 'sequence'; nodes: Node[] }
  | { kind: 'either'; options: Node[] };

/** A pattern that was read. */
export interface PatternTree {
  root: Node;
  /** Groups that capture in Python, those that nobody asks for among them. */
  groups: number;
  /** Those that capture here. */
  captures: number;
  /** Named groups, with the numbers that they have here. */
  names: Map<string, number>;
}

/** Something is wrong with a pattern, `offset` characters from its beginning. */
export class PatternError extends Error {
  constructor(
    readonly offset: number,
    message: string,
  ) {
    super(message);
    this.name = 'PatternError';
  }
}

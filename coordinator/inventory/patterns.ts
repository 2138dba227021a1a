// The patterns of Ansible's --limit against devices and groups: which of them a term names, and in which order, for
// core[0:2] asks for the first ones. Everything is as Ansible 2.14 has it, its oddities too: a term without a special
// character that is a group's name is the group alone, and a* matches the group all where an inventory has one.
import { globTest, regexMatches } from './glob.js';
import type { Entry } from './inventory.js';
import { count, quote } from './wording.js';

/** Groups with the names of their devices. */
export type Members = ReadonlyMap<string, readonly string[]>;

/** What a term came to: its devices, whether it named anything at all, and what is wrong with it. */
export interface Matched {
  entries: readonly Entry[];
  isKnown: boolean;
  wrong: string | null;
}

/** `PATTERN[2]`, `PATTERN[-1]`, `PATTERN[0:2]`, `PATTERN[1:]`. */
const SUBSCRIPT = /^(.+)\[(?:(-?\d+)|(\d+)([:-])(\d*))\]$/;
const SPECIAL = /[.?*[]/;
const UNGROUPED = 'ungrouped';

export class Patterns {
  private readonly byName = new Map<string, Entry>();
  private readonly groups = new Map<string, Entry[]>();

  constructor(
    private readonly entries: readonly Entry[],
    members: Members,
  ) {
    for (const entry of entries) this.byName.set(entry.name, entry);
    for (const [group, names] of members)
      this.groups.set(
        group,
        names.flatMap((name) => this.byName.get(name) ?? []),
      );
    for (const entry of entries)
      for (const group of entry.groups) if (!members.has(group)) this.add(group, entry);
    if (!this.groups.has(UNGROUPED))
      this.groups.set(
        UNGROUPED,
        entries.filter(({ groups }) => groups.length === 0),
      );
  }

  /** Names of devices and groups, for what was probably meant. */
  known(): Iterable<string> {
    return [...this.byName.keys(), ...this.groups.keys()];
  }

  /** `isNamed`: the term stands without & or !, so a device's name means it before any group's. */
  match(term: string, isNamed: boolean): Matched {
    const entry = isNamed ? this.byName.get(term) : undefined;
    if (entry !== undefined) return { entries: [entry], isKnown: true, wrong: null };
    const subscript = term.startsWith('~') ? null : SUBSCRIPT.exec(term);
    if (subscript === null) return this.enumerate(term);
    const [, pattern = '', index, from = '', separator, to = ''] = subscript;
    const whole = this.enumerate(pattern);
    // Ansible has taken [1-3] for a position since it first could; where there is none, it is a glob.
    if (whole.entries.length === 0) return separator === '-' ? this.enumerate(term) : whole;
    if (index === undefined) return { ...whole, entries: slice(whole.entries, Number(from), to) };
    const at = whole.entries.at(Number(index));
    if (at !== undefined) return { ...whole, entries: [at] };
    return {
      ...whole,
      wrong: `${quote(pattern)} has no position ${index} (found ${count(whole.entries.length, 'device')})`,
    };
  }

  private enumerate(pattern: string): Matched {
    if (pattern === 'all' || pattern === '*')
      return { entries: this.groups.get('all') ?? this.entries, isKnown: true, wrong: null };
    const isRegex = pattern.startsWith('~');
    const groupNames = Array.from(this.groups.keys());
    try {
      const groups = matching(pattern, groupNames);
      const matched = groups.flatMap((name) => this.groups.get(name) ?? []);
      if (groups.length === 0 || isRegex || SPECIAL.test(pattern))
        for (const name of matching(pattern, Array.from(this.byName.keys()))) {
          const entry = this.byName.get(name);
          if (entry !== undefined) matched.push(entry);
        }
      const isKnown = matched.length > 0 || groups.some((name) => name !== UNGROUPED);
      return { entries: matched, isKnown, wrong: null };
    } catch (error) {
      return { entries: [], isKnown: true, wrong: `this regular expression ${reasonOf(error)}` };
    }
  }

  private add(group: string, entry: Entry): void {
    const known = this.groups.get(group);
    if (known === undefined) this.groups.set(group, [entry]);
    else known.push(entry);
  }
}

function matching(pattern: string, names: readonly string[]): string[] {
  if (!pattern.startsWith('~')) return names.filter(globTest(pattern, '!'));
  const matched = regexMatches(pattern.slice(1), names);
  return names.filter((_, index) => matched[index]);
}

/** Both ends belong to it; a last position of 0 is none, as in Ansible. */
function slice(entries: readonly Entry[], from: number, to: string): Entry[] {
  const last = to === '' ? entries.length - 1 : Number(to);
  return entries.slice(from, last === 0 ? from + 1 : last + 1);
}

function reasonOf(error: unknown): string {
  // It was thrown in another context, whose Error is another.
  const isSlow =
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
  return isSlow ? 'takes too long' : 'is not valid';
}

// The keys of one map of a policy file: each is taken by name, what nobody takes is unknown, and every value that is
// not of the wanted kind is reported at its place.
import type { Located, LocatedMap, Place } from '../inventory/located.js';
import { describe, didYouMean, type Issues, nearest, quote } from '../inventory/wording.js';

/** What other tools call the same. */
const MEANT: Record<string, string> = {
  ...{ regex: 'present', pattern: 'present', contains: 'present', match: 'present', required: 'present' },
  ...{
    must_contain: 'present',
    forbidden: 'absent',
    not_present: 'absent',
    missing: 'absent',
    not: 'absent',
  },
  ...{ must_not_contain: 'absent', equal: 'equals', min: 'at_least', minimum: 'at_least', max: 'at_most' },
  ...{ maximum: 'at_most', expiry: 'expires', expiration: 'expires', until: 'expires', name: 'title' },
  ...{
    description: 'title',
    fix: 'remedy',
    remediation: 'remedy',
    references: 'reference',
    ref: 'reference',
  },
  ...{ cmd: 'command', commands: 'command', exceptions: 'waivers', hosts: 'devices', groups: 'limit' },
  ...{ platforms: 'platform', section: 'blocks', parents: 'blocks', block: 'blocks', in: 'among' },
  ...{ one_of: 'among', level: 'severity', impact: 'severity', jmespath: 'rows', expected: 'expect' },
};

export class Keys {
  /** `what`: the map in words, as in `a rule`. */
  constructor(
    readonly map: LocatedMap,
    readonly what: string,
    known: readonly string[],
    readonly issues: Issues,
  ) {
    for (const [name, { at }] of map.fields) {
      if (known.includes(name)) continue;
      const other = MEANT[name];
      const meant = nearest(name, known) ?? (other !== undefined && known.includes(other) ? other : null);
      const hint = meant === null ? `, expected ${orList(known)}` : didYouMean(meant);
      issues.report(at, `unknown key in ${what} (found ${quote(name)}${hint})`);
    }
  }

  has(name: string): boolean {
    return this.map.fields.has(name);
  }

  /** Where a key stands, else the map. */
  at(name: string): Place {
    return this.map.fields.get(name)?.at ?? this.map.at;
  }

  /** Null: not given, or empty, which is reported. */
  value(name: string): Located | null {
    const field = this.map.fields.get(name);
    if (field === undefined) return null;
    if (field.value.kind !== 'null') return field.value;
    this.issues.report(field.at, `${name} is empty (found nothing, expected a value or no ${name})`);
    return null;
  }

  /** As `value`; missing is reported, too. */
  needed(name: string, expected: string): Located | null {
    if (!this.has(name))
      this.issues.report(this.map.at, `${this.what} has no ${name} (expected ${expected})`);
    return this.value(name);
  }

  /** One line of text, or a number as it was written. */
  label(name: string, expected: string): string | null {
    const value = this.needed(name, expected);
    return value === null ? null : this.line(name, value, true);
  }

  /** A text that may be left out. */
  optional(name: string): string | null {
    const value = this.value(name);
    return value === null ? null : this.line(name, value);
  }

  text(name: string, value: Located): string | null {
    if (value.kind === 'text' && value.text.trim() !== '') return value.text;
    const found = value.kind === 'text' ? 'an empty text' : describe(value);
    const hint = value.kind === 'number' || value.kind === 'boolean' ? 'text in quotes' : 'text';
    this.issues.report(value.at, `${name} is not text (found ${found}, expected ${hint})`);
    return null;
  }

  line(name: string, value: Located, numbers = false): string | null {
    const text = numbers && value.kind === 'number' ? value.text : this.text(name, value);
    if (text === null || !/[\0-\x1f\x7f]/.test(text.trimEnd())) return text?.trimEnd() ?? null;
    this.issues.report(value.at, `${name} is not one line (found ${quote(text)}, expected one line of text)`);
    return null;
  }

  /** One text or a list of them, none twice. */
  texts(name: string, value: Located): { text: string; at: Place }[] {
    if (value.kind === 'list' && value.items.length === 0)
      this.issues.report(value.at, `${name} is an empty list (expected at least one item)`);
    const texts: { text: string; at: Place }[] = [];
    for (const item of value.kind === 'list' ? value.items : [value]) {
      const text = this.text(name, item);
      if (text === null) continue;
      if (texts.some((other) => other.text === text))
        this.issues.report(item.at, `${name} names one twice (found ${quote(text)} again)`);
      else texts.push({ text, at: item.at });
    }
    return texts;
  }

  choice<const C extends string>(name: string, choices: readonly C[], fallback: C): C {
    const value = this.value(name);
    if (value === null) return fallback;
    const found = value.kind === 'text' ? choices.find((choice) => choice === value.text) : undefined;
    if (found !== undefined) return found;
    const meant = value.kind === 'text' ? nearest(value.text, choices) : null;
    this.issues.report(
      value.at,
      `${name} is not known (found ${describe(value)}, expected ${orList(choices)}${didYouMean(meant)})`,
    );
    return fallback;
  }

  truth(name: string): boolean {
    const value = this.value(name);
    if (value === null) return false;
    if (value.kind === 'boolean') return value.boolean;
    this.issues.report(
      value.at,
      `${name} is neither true nor false (found ${describe(value)}, expected true or false)`,
    );
    return false;
  }

  /** The items of a list of maps; what is none is reported. */
  maps(name: string, expected: string): LocatedMap[] {
    const value = this.value(name);
    if (value === null) return [];
    if (value.kind !== 'list') {
      this.issues.report(value.at, `${name} is not a list (found ${describe(value)}, expected ${expected})`);
      return [];
    }
    return value.items.flatMap((item) => {
      if (item.kind === 'map') return [item];
      const at = item.at ?? value.at;
      this.issues.report(at, `an item of ${name} is no map (found ${describe(item)}, expected ${expected})`);
      return [];
    });
  }
}

/** `a, b or c`. */
export function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

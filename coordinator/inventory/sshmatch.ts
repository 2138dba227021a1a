// For which hosts the settings below a Host or Match of ssh's configuration hold. A Match on anything but the
// host never holds, for what it would find is not known here.
import { globTest } from './glob.js';
import type { Source } from './located.js';
import type { Issues } from './wording.js';

export interface Word {
  source: Source;
  offset: number;
  text: string;
}

/** A whole name, or how a name starts or ends. */
export interface Hint {
  part: 'whole' | 'start' | 'end';
  text: string;
}

export interface Condition {
  /** One of these fits every name that can fulfil it; null: any name may. */
  hints: readonly Hint[] | null;
  /** Asks for the HostName; the answer counts where the condition stands, not after later settings. */
  byHostname: boolean;
  /** `written`: as the device has it; `hostname`: as the settings so far have it. */
  holds(written: string, hostname: string): boolean;
}

const NEVER: Condition = { hints: [], byHostname: false, holds: () => false };

export function hostCondition(words: readonly Word[]): Condition {
  const patterns = words.map(({ text }) => text);
  const test = listTest(patterns);
  const hints = patterns.filter((pattern) => !pattern.startsWith('!')).map(hintOf);
  return {
    hints: hints.every((hint) => hint !== null) ? hints : null,
    byHostname: false,
    holds: (written) => test(written),
  };
}

function hintOf(pattern: string): Hint | null {
  if (!/[*?]/.test(pattern)) return { part: 'whole', text: pattern };
  const start = /^[^*?]+/.exec(pattern)?.[0];
  if (start !== undefined) return { part: 'start', text: start };
  const end = /[^*?]+$/.exec(pattern)?.[0];
  return end === undefined ? null : { part: 'end', text: end };
}

/** `Match all`, and those on the host alone. */
export function matchCondition(words: readonly Word[], issues: Issues): Condition {
  const flat = words.flatMap(splitCriterion);
  const [first] = flat;
  if (flat.length === 1 && first?.text.toLowerCase() === 'all')
    return { hints: null, byHostname: false, holds: () => true };
  const tests: Condition['holds'][] = [];
  for (let index = 0; index < flat.length; index += 2) {
    const criterion = flat[index];
    const [, negation, name] = /^(!?)(host|originalhost)$/i.exec(criterion?.text ?? '') ?? [];
    if (criterion === undefined || name === undefined) return NEVER;
    const patterns = flat[index + 1];
    if (patterns === undefined) {
      issues.report(criterion, `Match ${criterion.text} names no host (expected patterns after it)`);
      return NEVER;
    }
    const test = listTest(patterns.text.toLowerCase().split(','));
    const ofWritten = name.toLowerCase() === 'originalhost';
    tests.push(
      (written, hostname) => test((ofWritten ? written : hostname).toLowerCase()) !== (negation === '!'),
    );
  }
  return {
    hints: null,
    byHostname: true,
    holds: (written, hostname) => tests.every((test) => test(written, hostname)),
  };
}

/** `host=a,b` is as good as `host a,b`. */
function splitCriterion(word: Word): Word[] {
  const equals = /^!?[a-z]+=/i.exec(word.text)?.[0].length;
  if (equals === undefined) return [word];
  return [
    { ...word, text: word.text.slice(0, equals - 1) },
    { ...word, offset: word.offset + equals, text: word.text.slice(equals) },
  ];
}

/** Patterns with `*`, `?` and `!`: one has to match, and none with a `!`. */
function listTest(patterns: readonly string[]): (name: string) => boolean {
  const tests = patterns.map((pattern) => {
    const isNegated = pattern.startsWith('!');
    const bare = isNegated ? pattern.slice(1) : pattern;
    return { isNegated, test: patternTest(bare) };
  });
  return (name) => {
    let found = false;
    for (const { isNegated, test } of tests)
      if (test(name)) {
        if (isNegated) return false;
        found = true;
      }
    return found;
  };
}

function patternTest(pattern: string): (name: string) => boolean {
  if (pattern === '*') return () => true;
  if (!/[*?]/.test(pattern)) return (name) => name === pattern;
  return globTest(pattern.replaceAll('[', '[[]'));
}

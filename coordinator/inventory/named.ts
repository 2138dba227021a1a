// The devices that -w and -x name: a nodeset over the inventory's names and groups. What -w names and is not there is an
// error, for a device must not be missing in silence; of a range that -x takes away only some need be there.

import { expandNodeset, isNodeset, NodesetError, type NodesetWorld } from '../nodeset/expand.js';
import { fold, foldNames } from '../nodeset/fold.js';
import type { Entry } from './inventory.js';
import { count, didYouMean, type Issues, nearest, quote } from './wording.js';

export function namedBy(
  entries: readonly Entry[],
  { option, text, issues }: { option: '-w' | '-x'; text: string; issues: Issues },
): Set<string> {
  const known = new Set(entries.map(({ name }) => name));
  const plain = text.split(',').map((name) => name.trim());
  // A name that is there stands for itself, whatever characters it has.
  const names = plain.every((name) => known.has(name)) ? plain : expanded(entries, { option, text, issues });
  const missing = names.filter((name) => !known.has(name));
  const mayMiss = option === '-x' && isNodeset(text) && missing.length < names.length;
  if (missing.length > 0 && !mayMiss) issues.reportAt(null, notThere(option, missing, known));
  return new Set(names);
}

function expanded(
  entries: readonly Entry[],
  { option, text, issues }: { option: string; text: string; issues: Issues },
): string[] {
  try {
    const names = expandNodeset(text, worldOf(entries));
    if (names.length === 0) issues.reportAt(null, `${option} names no device (found ${quote(text)})`);
    return names;
  } catch (error) {
    if (!(error instanceof NodesetError)) throw error;
    issues.reportAt(null, `${option} column ${error.column}: ${error.message}`);
    return [];
  }
}

function worldOf(entries: readonly Entry[]): NodesetWorld {
  return {
    all: () => entries.map(({ name }) => name),
    group: (group) => {
      const members = entries.filter(({ groups }) => groups.includes(group)).map(({ name }) => name);
      return members.length > 0 ? members : null;
    },
    groups: () => new Set(entries.flatMap(({ groups }) => groups)),
  };
}

function notThere(option: string, missing: string[], known: Set<string>): string {
  const meant = missing.length === 1 ? nearest(missing[0] ?? '', known) : null;
  const found = missing.length === 1 ? quote(missing[0] ?? '') : foldNames(missing);
  const what =
    missing.length === 1 ? 'no device' : `${count(fold(missing).size, 'device')} that are not there`;
  return `${option} names ${what} (found ${found}${didYouMean(meant)})`;
}

// A check in a few words, for evidence where there is nothing else to tell it by.
import type { Check, Comparison, Expected, Look, Wanted } from './policy.js';

export function expectedBy({ check, scope }: Pick<Look, 'check' | 'scope'>): string {
  const inside =
    scope === null ? '' : ` in ${scope.which === 'all' ? 'every' : 'a'} block ${scope.path.join(' > ')}`;
  return `${ofCheck(check)}${inside}`;
}

function ofCheck(check: Check): string {
  switch (check.kind) {
    case 'present':
      return ofWanted(check.wanted, 'a');
    case 'absent':
      return ofWanted(check.wanted, 'no');
    case 'count':
      return `lines that match ${check.pattern}: ${ofComparisons(check.compare)}`;
    case 'capture':
      return `${check.pattern}: ${ofComparisons(check.compare)}`;
    case 'rows':
      return `${check.expression}: ${check.compare.length === 0 ? 'true' : ofComparisons(check.compare)}`;
    case 'golden':
      return 'the golden text';
    case 'unchanged_since':
      return `no change since ${check.date}`;
    case 'same_as':
      return 'what most devices show';
    case 'any':
      return check.of.map(expectedBy).join(', or ');
  }
  check satisfies never;
}

function ofWanted(wanted: Wanted, article: 'a' | 'no'): string {
  if (wanted.kind === 'block') return `${article} block "${wanted.text.split('\n', 1)[0]}"`;
  const texts = wanted.kind === 'lines' ? wanted.lines.map((line) => `"${line}"`) : wanted.patterns;
  const joined = texts.join(wanted.every ? ', ' : ', or ');
  return `${article} line ${wanted.kind === 'lines' ? '' : 'that matches '}${joined}`;
}

function ofComparisons(comparisons: readonly Comparison[]): string {
  return comparisons.map(({ how, expected }) => `${how} ${ofExpected(expected)}`).join(', ');
}

function ofExpected(expected: Expected): string {
  if (expected.from === 'field') return `the field ${expected.field}`;
  if (expected.from === 'capture') return `what ${expected.pattern} captures`;
  if (expected.from === 'values') return expected.values.join(', ') || 'nothing';
  return Object.entries(expected.of)
    .map(([platform, values]) => `${platform} ${values.join(', ')}`)
    .join('; ');
}

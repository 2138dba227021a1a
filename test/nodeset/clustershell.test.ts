// What ClusterShell's own programs printed (record.py recorded it with Debian's 1.9.1), against ours.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { differencesView } from '../../coordinator/cli/views/differences.ts';
import { foldView } from '../../coordinator/cli/views/fold.ts';
import { expandNodeset } from '../../coordinator/nodeset/expand.ts';
import { foldNames, orderNames } from '../../coordinator/nodeset/fold.ts';
import { desk, show } from '../cli/desk.ts';
import { okReport, output } from '../combine/reports.ts';

interface Recorded {
  version: string;
  folds: { names: string[]; folded: string; unfolded: string }[];
  /** `names` is null where nodeset refuses the text. */
  expressions: { text: string; names: string | null }[];
  /** Of each device the index of its text. */
  outputs: { texts: string[]; devices: Record<string, number>; folded: string; differences: string }[];
}

const RECORDED: Recorded = JSON.parse(
  readFileSync(new URL('recorded/clustershell.json', import.meta.url), 'utf8'),
);

describe(`as ${RECORDED.version} prints it`, () => {
  test(`${RECORDED.folds.length} lists of names are folded, and unfolded in the same order`, () => {
    for (const { names, folded, unfolded } of RECORDED.folds) {
      expect(foldNames(names)).toBe(folded);
      expect(orderNames(names).join(' ')).toBe(unfolded);
      expect(expandNodeset(folded).join(' ')).toBe(unfolded);
    }
  });

  test.each(RECORDED.expressions)('$text is $names', ({ text, names }) => {
    if (names === null) expect(() => expandNodeset(text)).toThrow();
    else expect(expandNodeset(text).join(' ')).toBe(names);
  });

  test(`${RECORDED.outputs.length} fleets' outputs are folded (clubak -b)`, async () => {
    for (const { texts, devices, folded } of RECORDED.outputs) {
      const { out, ...parts } = desk();
      await show(foldView(parts), parts.sink, reportsOf(texts, devices));
      expect(out.text).toBe(folded);
    }
  });

  test(`${RECORDED.outputs.length} fleets' outputs are compared with those of the most (clush --diff)`, async () => {
    for (const { texts, devices, differences } of RECORDED.outputs) {
      const { out, ...parts } = desk();
      await show(differencesView(parts), parts.sink, reportsOf(texts, devices));
      expect(out.text).toBe(differences);
    }
  });
});

function reportsOf(texts: string[], devices: Record<string, number>) {
  const outputs = texts.map((text) => output('show running-config', text));
  return Object.entries(devices).map(([name, index]) => okReport(name, ...outputs.slice(index, index + 1)));
}

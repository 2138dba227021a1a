// Templates: corners where TextFSM and Python mean something of their own, each broken once.
import type { Defect } from './defect.ts';

const TEMPLATE = 'test/parse/template.test.ts';

export const defects: Defect[] = [
  {
    name: 'groups inside of a repetition are forgotten by its next round',
    file: 'coordinator/parse/backtracker.ts',
    find: 'return forgets(root);',
    replace: 'return root.kind === "reference";',
    test: { file: 'test/parse/pattern.test.ts', title: '%s on %j' },
  },
  {
    name: 'letters beyond ASCII are no letters',
    file: 'coordinator/parse/charset.ts',
    find: "w: '\\\\p{L}\\\\p{N}_',",
    replace: "w: '0-9A-Z_a-z',",
    test: { file: 'test/parse/pattern.test.ts', title: '%s on %j' },
  },
  {
    name: 'a record without a required value keeps what it held',
    file: 'coordinator/parse/machine.ts',
    find: 'for (const other of this.#slots) other.clear();',
    replace: '',
    test: { file: TEMPLATE, title: 'a record without a Required value is dropped with all that it held' },
  },
  {
    name: 'a list that fills down is emptied by each record',
    file: 'coordinator/parse/slot.ts',
    find: "option === 'List' && !this.#options.includes('Filldown')",
    replace: "option === 'List'",
    test: {
      file: TEMPLATE,
      title: 'a List that fills down grows, and the order of options says what Required looks at',
    },
  },
  {
    name: 'what grows without end is not counted',
    file: 'coordinator/parse/machine.ts',
    find: 'if (this.#cells > MOST_CELLS)',
    replace: 'if (this.#cells > 1e12)',
    test: {
      file: TEMPLATE,
      title: 'a small text that grows without end is refused before it takes the memory',
    },
  },
  {
    name: 'an output that is not complete is parsed',
    file: 'coordinator/cli/rows.ts',
    find: 'if (output.proof !== Proof.COMPLETE) return',
    replace: 'if (output.proof === Proof.UNRECOGNIZED) return',
    test: { file: 'test/cli/rows.test.ts', title: 'an output that is not complete is not parsed' },
  },
];

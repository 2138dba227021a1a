// Stop limits, exit codes, repeated sweeps and submits: the rules as the command line shows them, each broken once.
import type { Defect } from './defect.ts';

export const defects: Defect[] = [
  {
    name: 'a sweep whose deadline stopped it ends as one with failures only',
    file: 'coordinator/cli/output.ts',
    find: 'yield EXIT.stopped;',
    replace: 'yield EXIT.failures;',
    test: {
      file: 'test/e2e/exit.test.ts',
      title: 'ends with 6 when its deadline passes, and says which devices were never touched',
    },
  },
  {
    name: 'a submit that arrives while the same one is on its way to the disk makes a second sweep',
    file: 'coordinator/service.ts',
    find: 'const submitted = this.#submits.get(key) ?? this.#add(submission);',
    replace: 'const submitted = this.#add(submission);',
    test: {
      file: 'test/e2e/exit.test.ts',
      title: 'is one sweep however often its submit is repeated, also at the same moment',
    },
  },
];

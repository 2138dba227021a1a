// Defects that real faults on a whole cluster find.
import type { Defect } from './defect.ts';

export const defects: Defect[] = [
  {
    name: 'A session that its lease forbids to go on is held against its device',
    file: 'agent/worker.ts',
    find: '    if (!before) over();\n',
    replace: '',
    test: {
      file: 'test/e2e/faults.test.ts',
      title:
        'without charging anybody when the coordinator stands still past half a lease, between two commands',
    },
  },
];

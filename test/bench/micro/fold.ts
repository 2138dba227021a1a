// Outputs of 10,000 devices gathered under the folded names of all that gave the same.
import { Folds } from '../../../coordinator/combine/folds.ts';
import type { Output, Report } from '../../../proto/gen/netsweep/v1/model.ts';
import { output, report } from '../../store/samples.ts';
import type { Micro } from './harness.ts';

const DEVICES = 10_000;

export async function* fold(): AsyncGenerator<Micro> {
  for (const [title, distinct] of [
    ['all the same', 1],
    ['ten kinds', 10],
    ['all different', DEVICES],
  ] as const) {
    const outputs = Array.from({ length: distinct }, (_, n) => output(`output ${n}`, false));
    const reports = Array.from({ length: DEVICES }, (_, n) =>
      report('S', n, [outputs[n % distinct] as Output]),
    ); // n % its length
    yield { title: `fold, ${title}`, items: DEVICES, bytes: 0, round: () => gather(reports, distinct) };
  }
}

function gather(reports: Report[], distinct: number): void {
  const folds = new Folds();
  for (const one of reports) folds.add(one, one.outputs);
  const groups = folds.commands.flatMap((command) => folds.groupsOf(command));
  if (groups.length !== distinct) throw new Error('folded wrongly');
}

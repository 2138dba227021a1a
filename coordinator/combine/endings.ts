// How devices ended against how they had to: a rehearsal's verdict. Pure.
import type { Report } from '../../proto/gen/netsweep/v1/model.js';
import { label } from '../../proto/label.js';

/** `ok`, `suspect`, or the kind of failure; what a rehearsal fleet's inventory says in `expect`. */
export function endingOf({ status, failure }: Report): string {
  if (failure !== undefined) return label('KIND', failure.kind);
  return label('STATUS', status);
}

export interface Surprise {
  device: string;
  expected: string;
  /** null: it never ended. */
  ended: string | null;
}

/** The devices that did not end as expected, in the order of the expectations. */
export function surprises(
  expected: ReadonlyMap<string, string>,
  ended: ReadonlyMap<string, string>,
): Surprise[] {
  return [...expected]
    .map(([device, expectation]) => ({ device, expected: expectation, ended: ended.get(device) ?? null }))
    .filter((surprise) => surprise.ended !== surprise.expected);
}

// Reports and sweeps, as a script is given them.
import type { Output, Report } from '../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import { type ReadOutput, resultObject, sweepObject } from '../combine/result.js';
import type { Result, Summary } from './result.js';

export async function resultOf(report: Report, read: ReadOutput): Promise<Result> {
  const texts = await Promise.all(report.outputs.map((output) => textOf(output, read)));
  return resultObject(report, texts) as Result; // its words are those of the enumerations
}

export function summaryOf(sweep: Sweep): Summary {
  const { id, status, startedAt, endedAt, durationMs, counts, reason } = sweepObject(sweep);
  return { id, status, startedAt, endedAt, durationMs, counts, reason } as Summary; // as above
}

async function textOf(output: Output, read: ReadOutput): Promise<string> {
  const whole = read.whole?.(output) ?? null;
  if (whole !== null) return whole;
  let text = '';
  for await (const piece of read(output)) text += piece;
  return text;
}

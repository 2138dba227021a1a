// Results for people. On a pipe every line carries its device's name, so that grep works; on a terminal each
// device has a header, and what would fill the screen is shown folded at the end instead.
import {
  type Failure,
  type Output,
  Proof,
  type Report,
  Status,
} from '../../../proto/gen/netsweep/v1/model.js';
import { label } from '../../../proto/label.js';
import { Folds } from '../../combine/folds.js';
import { prefixed, shownOutputs } from '../../combine/lines.js';
import type { ReadOutput } from '../../combine/result.js';
import type { Progress } from '../progress.js';
import type { Sink } from '../sink.js';
import { harmlessLine } from '../terminal.js';
import { showFolds } from './fold.js';
import type { View } from './view.js';

/** More devices than this are shown folded on a terminal. */
const MOST_DEVICES = 20;
/** More lines than this in all are shown folded on a terminal. */
const MOST_LINES = 2000;
/** An output larger than this is not even counted. */
const MOST_COUNTED_BYTES = 1024 * 1024;

export interface TextParts {
  sink: Sink;
  read: ReadOutput;
  progress: Progress;
}

/** `R1: line`. */
export function prefixedView({ sink, read, progress }: TextParts): View {
  return {
    bodies: true,
    async report(report) {
      const prefix = `${report.device?.name ?? ''}: `;
      for (const output of shownOutputs(report))
        for await (const piece of prefixed(read(output), prefix)) await sink.write(piece);
      if (report.status !== Status.OK) await sink.flush(); // trouble is told after what came before it
      tellTrouble(report, progress);
    },
  };
}

/** Device after device under headers, as long as it stays readable. */
export function headedView(parts: TextParts, selected: number, rest: (sweep: string) => string): View {
  const { sink, read, progress } = parts;
  const held = new Folds();
  let lines = 0;
  return {
    bodies: selected <= MOST_DEVICES,
    async report(report) {
      const outputs = shownOutputs(report);
      const counted = selected <= MOST_DEVICES ? await countLines(outputs, read, MOST_LINES - lines) : null;
      if (counted === null) held.add(report, outputs);
      else {
        lines += counted;
        await showDevice(report, outputs, parts);
      }
      if (selected <= MOST_DEVICES) tellTrouble(report, progress);
    },
    async end(sweep) {
      if (held.size === 0) return;
      await showFolds(held, { sink, read, brief: true });
      await sink.write(`Everything in full: ${rest(sweep.id)} | less\n`);
    },
  };
}

/** One line for each device, outputs with \n written out, as Ansible's -o. */
export function oneLineView({ sink, read }: TextParts): View {
  return {
    bodies: true,
    async report(report) {
      const { failure, device } = report;
      await sink.write(`${harmlessLine(device?.name ?? '')} | ${label('STATUS', report.status)}`);
      if (failure !== undefined) await sink.write(` | ${harmlessLine(failureText(failure))}`);
      for (const output of shownOutputs(report)) {
        await sink.write(' | ');
        for await (const piece of read(output)) await sink.write(piece.replaceAll('\n', '\\n'));
      }
      await sink.write('\n');
    },
  };
}

/** `refused (connect): connection refused by 10.0.0.1:22`. */
export function failureText({ kind, stage, message }: Failure): string {
  return `${label('KIND', kind)} (${label('STAGE', stage)}): ${message}`;
}

/** A line for what was tried and failed; what was never touched has one cause for many and stands in the summary. */
function tellTrouble({ device, status, failure, outputs }: Report, progress: Progress): void {
  const name = device?.name ?? '';
  if (failure !== undefined && status !== Status.SKIPPED)
    progress.note(`${name}: ${label('STATUS', status)} ${failureText(failure)}`, 'red');
  for (const { command, proof } of outputs)
    if (proof === Proof.SUSPECT)
      progress.note(`${name}: suspect: "${command}" is not proved whole`, 'yellow');
}

async function showDevice(report: Report, outputs: Output[], { sink, read }: TextParts): Promise<void> {
  const name = harmlessLine(report.device?.name ?? '');
  for (const output of outputs) {
    const title = report.outputs.length > 1 ? `${name}: ${harmlessLine(output.command)}` : name;
    await sink.writeOwn(`${sink.paint(`=== ${title} ===`, 'bold')}\n`);
    for await (const piece of prefixed(read(output), '')) await sink.write(piece);
  }
  await sink.flush();
}

/** Number of lines; null: more than `most`, or too large to look. */
async function countLines(outputs: Output[], read: ReadOutput, most: number): Promise<number | null> {
  let lines = outputs.length;
  for (const output of outputs) {
    if (output.bytes > MOST_COUNTED_BYTES) return null;
    for await (const piece of read(output)) lines += piece.split('\n').length - 1;
  }
  return lines > most ? null : lines;
}

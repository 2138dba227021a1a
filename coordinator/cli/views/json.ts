// Results for programs: a line for each device as it ends, or one document in inventory order. Neither holds
// more than one device; --map is the short form that people pipe into jq.
import { type Output, Proof, type Report } from '../../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../../proto/gen/netsweep/v1/sweeps.js';
import { type ReadOutput, type RowsOf, resultJson, sweepObject, textJson } from '../../combine/result.js';
import type { Sink } from '../sink.js';
import type { Results, View } from './view.js';

export function ndjsonView(sink: Sink, read: ReadOutput, rows: RowsOf | null = null): View {
  return {
    bodies: true,
    async report(report) {
      for await (const piece of resultJson(report, read, rows)) await sink.write(piece);
      await sink.write('\n');
    },
  };
}

export function jsonView(sink: Sink, read: ReadOutput, rows: RowsOf | null = null): View {
  return {
    bodies: false,
    async end(sweep, results) {
      const { counts, ...head } = sweepObject(sweep);
      await sink.write(`{"sweep":${JSON.stringify(head)},"counts":${JSON.stringify(counts)},"devices":[`);
      let separator = '\n';
      for await (const report of results(true)) {
        await sink.write(separator);
        for await (const piece of resultJson(report, read, rows)) await sink.write(piece);
        separator = ',\n';
      }
      await sink.write('\n]}\n');
    },
  };
}

/** `{device: output}`, its rows in place of the output where there are some, or `{device: {command: output}}` where any device ran several commands. */
export function mapView(sink: Sink, read: ReadOutput, rows: RowsOf | null = null): View {
  return {
    bodies: false,
    async end(_sweep: Sweep, results: Results) {
      let several = false;
      for await (const report of results(false)) several ||= (report.device?.commands.length ?? 0) > 1;
      await sink.write('{');
      let separator = '\n';
      for await (const report of results(true)) {
        await sink.write(`${separator}${JSON.stringify(report.device?.name ?? '')}:`);
        for await (const piece of several
          ? byCommand(report, read, rows)
          : outputOrNull(report.outputs[0], read, rows))
          await sink.write(piece);
        separator = ',\n';
      }
      await sink.write('\n}\n');
    },
  };
}

async function* byCommand(report: Report, read: ReadOutput, rows: RowsOf | null): AsyncGenerator<string> {
  yield '{';
  let separator = '';
  for (const command of new Set(report.device?.commands ?? [])) {
    yield `${separator}${JSON.stringify(command)}:`;
    yield* outputOrNull(
      report.outputs.findLast((output) => output.command === command),
      read,
      rows,
    );
    separator = ',';
  }
  yield '}';
}

async function* outputOrNull(
  output: Output | undefined,
  read: ReadOutput,
  rows: RowsOf | null,
): AsyncGenerator<string> {
  const parsed = output !== undefined && rows !== null ? rows(output).rows : null;
  if (rows !== null) yield parsed ?? 'null';
  else if (output?.proof === Proof.COMPLETE) yield* textJson(read(output));
  else yield 'null';
}

// Results for spreadsheets, CI systems and a quick look: csv, junit and table, all in inventory order.
import type { Report } from '../../../proto/gen/netsweep/v1/model.js';
import { label } from '../../../proto/label.js';
import { csvFields, csvRecord, csvText } from '../../combine/csv.js';
import { junitCase, junitClose, junitOpen } from '../../combine/junit.js';
import { isoTime, platformOf, type ReadOutput } from '../../combine/result.js';
import { duration } from '../../combine/summary.js';
import { type Column, cellsOf, linesOf, sizeText } from '../../combine/table.js';
import type { Sink } from '../sink.js';
import { harmlessLine } from '../terminal.js';
import type { View } from './view.js';

const CSV_HEADER = [
  ...['sweep', 'device', 'host', 'port', 'platform', 'segment', 'groups', 'status'],
  ...['failure_kind', 'failure_stage', 'failure_message', 'attempts', 'agent', 'started_at', 'duration_ms'],
  ...['command', 'output_status', 'output', 'encoding', 'bytes', 'sha256', 'exit_status'],
];

/** One record for each output; a device without outputs has one of its own. */
export function csvView(sink: Sink, read: ReadOutput): View {
  return {
    bodies: false,
    async end(_sweep, results) {
      await sink.write(csvRecord(CSV_HEADER));
      for await (const report of results(true)) {
        const head = csvFields(csvHead(report));
        for (const output of report.outputs) {
          const proof = label('PROOF', output.proof);
          await sink.write(`${head},${csvFields([output.command, proof])},`);
          for await (const piece of csvText(read(output))) await sink.write(piece);
          const tail = [
            output.encoding,
            output.bytes,
            output.sha256.toString('hex'),
            output.exitStatus ?? '',
          ];
          await sink.write(`,${csvRecord(tail)}`);
        }
        if (report.outputs.length === 0) await sink.write(`${head},,,,,,,\r\n`);
      }
    },
  };
}

function csvHead({ sweep, device, status, failure, ...report }: Report): (string | number)[] {
  return [
    sweep,
    device?.name ?? '',
    device?.host ?? '',
    device?.port ?? 0,
    platformOf({ platform: report.platform, device }),
    device?.segment ?? '',
    (device?.groups ?? []).join(';'),
    label('STATUS', status),
    failure === undefined ? '' : label('KIND', failure.kind),
    failure === undefined ? '' : label('STAGE', failure.stage),
    failure?.message ?? '',
    report.attempts,
    report.agent,
    isoTime(report.startedAtMs) ?? '',
    report.durationMs,
  ];
}

export function junitView(sink: Sink): View {
  const cases = new InOrder<string>();
  return {
    bodies: false,
    async report(report) {
      cases.add(report, junitCase(report));
    },
    async end(sweep) {
      await sink.write(junitOpen(sweep));
      for (const one of cases.all()) await sink.write(one);
      await sink.write(junitClose());
    },
  };
}

const COLUMNS: Column<Report>[] = [
  { title: 'DEVICE', cell: ({ device }) => harmlessLine(device?.name ?? '') },
  { title: 'HOST', cell: ({ device }) => harmlessLine(device?.host ?? '') },
  { title: 'PLATFORM', cell: (report) => platformOf(report) },
  { title: 'SEGMENT', cell: ({ device }) => harmlessLine(device?.segment ?? '') },
  { title: 'STATUS', cell: ({ status }) => label('STATUS', status) },
  {
    title: 'FAILURE',
    cell: ({ failure }) =>
      failure === undefined ? '-' : `${label('KIND', failure.kind)} (${label('STAGE', failure.stage)})`,
  },
  { title: 'TRIES', cell: ({ attempts }) => String(attempts), right: true },
  { title: 'TIME', cell: ({ durationMs }) => duration(durationMs), right: true },
  {
    title: 'OUTPUT',
    cell: ({ outputs }) => sizeText(outputs.reduce((sum, { bytes }) => sum + bytes, 0)),
    right: true,
  },
];

export function tableView(sink: Sink): View {
  const rows = new InOrder<string[]>();
  return {
    bodies: false,
    async report(report) {
      rows.add(report, cellsOf(COLUMNS, report));
    },
    async end() {
      for (const line of linesOf(COLUMNS, rows.all())) await sink.write(`${line}\n`);
    },
  };
}

/** What is shown of each device, made as they end and held in inventory order, so that none is asked for again. */
class InOrder<Shown> {
  readonly #held: { index: number; shown: Shown }[] = [];

  add({ device }: Report, shown: Shown): void {
    this.#held.push({ index: device?.index ?? 0, shown });
  }

  all(): Shown[] {
    return this.#held.sort((one, other) => one.index - other.index).map(({ shown }) => shown);
  }
}

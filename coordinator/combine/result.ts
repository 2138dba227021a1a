// A device's report as the JSON object that people and scripts read. The keys and their order are part of
// the outside contract. Made in pieces, so that an output of any size passes through without being held.
import type { Failure, Output, Report } from '../../proto/gen/netsweep/v1/model.js';
import { HostKeyPolicy } from '../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../proto/label.js';

/** Gives an output's text, in pieces that never split a character. */
export interface ReadOutput {
  (output: Output): AsyncIterable<string>;
  /** In one piece, where it is at hand and small; else null. */
  whole?(output: Output): string | null;
}

/** What templates made of an output. */
export interface OutputRows {
  /** As the template has them, in lower case; none where there are no rows. */
  columns: string[];
  /** A JSON array of objects; null: none could be made. */
  rows: string | null;
  /** Why not. */
  note: string | null;
}

export type RowsOf = (output: Output) => OutputRows;

/** Outputs up to this size, in bytes, are printed in one piece. */
const SMALL = 1024 * 1024;

/** One device as one line of JSON, without the line end. */
export async function* resultJson(
  report: Report,
  read: ReadOutput,
  rows: RowsOf | null = null,
): AsyncGenerator<string> {
  const { outputs, ...head } = resultHead(report);
  const texts = wholeTexts(outputs, read);
  if (texts !== null && rows === null) {
    yield JSON.stringify(resultObject(report, texts));
    return;
  }
  yield `${JSON.stringify(head).slice(0, -1)},"outputs":[`;
  let separator = '';
  for (const output of outputs) {
    yield `${separator}${JSON.stringify(outputHead(output)).slice(0, -1)},"output":`;
    yield* textJson(read(output));
    yield `,${tailJson(output, rows)}`;
    separator = ',';
  }
  yield ']}';
}

/** One device as an object; `texts`: of its outputs. */
export function resultObject(report: Report, texts: readonly string[]) {
  const outputs = report.outputs.map((output, index) => ({
    ...outputHead(output),
    output: texts[index],
    ...outputTail(output),
  }));
  return { ...resultHead(report), outputs };
}

/** A text that comes in pieces, as one JSON string. */
export async function* textJson(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  yield '"';
  for await (const piece of pieces) yield JSON.stringify(piece).slice(1, -1);
  yield '"';
}

/** Of all outputs, where together they are small; else null. */
function wholeTexts(outputs: Output[], read: ReadOutput): string[] | null {
  if (outputs.reduce((sum, { bytes }) => sum + bytes, 0) > SMALL) return null;
  const texts = outputs.map((output) => read.whole?.(output) ?? null);
  return texts.every((text) => text !== null) ? texts : null;
}

function resultHead(report: Report) {
  const { device } = report;
  return {
    sweep: report.sweep,
    device: device?.name ?? '',
    host: device?.host ?? '',
    port: device?.port ?? 0,
    platform: platformOf(report),
    segment: device?.segment ?? '',
    groups: device?.groups ?? [],
    status: label('STATUS', report.status),
    failure: report.failure === undefined ? null : failureObject(report.failure),
    attempts: report.attempts,
    agent: report.agent === '' ? null : report.agent,
    startedAt: isoTime(report.startedAtMs),
    durationMs: report.durationMs,
    notes: report.notes,
    outputs: report.outputs,
  };
}

/** The one that was found out, else the inventory's. */
export function platformOf({ platform, device }: Pick<Report, 'platform' | 'device'>): string {
  return platform || (device?.platform ?? '');
}

function outputHead({ command, proof }: Output) {
  return { command, status: label('PROOF', proof) };
}

function outputTail(output: Output) {
  return {
    encoding: output.encoding,
    bytes: output.bytes,
    sha256: output.sha256.toString('hex'),
    durationMs: output.durationMs,
    exitStatus: output.exitStatus ?? null,
    stderr: output.stderr ?? null,
    rows: null,
  };
}

/** Without its opening brace. */
function tailJson(output: Output, rows: RowsOf | null): string {
  if (rows === null) return JSON.stringify(outputTail(output)).slice(1);
  const { rows: parsed, note } = rows(output);
  const { rows: _, ...tail } = outputTail(output);
  return `${JSON.stringify(tail).slice(1, -1)},"rows":${parsed ?? 'null'},"rowsNote":${JSON.stringify(note)}}`;
}

export function failureObject(failure: Failure) {
  return {
    kind: label('KIND', failure.kind),
    stage: label('STAGE', failure.stage),
    message: failure.message,
    retryable: failure.retryable,
  };
}

/** A sweep in figures, as `sweeps show --json` prints it. */
export function sweepObject(sweep: Sweep) {
  return {
    id: sweep.id,
    status: label('SWEEP_STATE', sweep.state),
    startedAt: isoTime(sweep.startedAtMs),
    endedAt: isoTime(sweep.endedAtMs),
    durationMs: sweep.endedAtMs === 0 ? null : Math.round(sweep.endedAtMs - sweep.startedAtMs),
    counts: { ...(sweep.counts ?? {}) },
    reason: sweep.reason === '' ? null : sweep.reason,
    stage: sweep.stage === '' ? null : sweep.stage,
    maxFail: sweep.options?.maxFail || null,
    canary: sweep.options?.canary || null,
    batch: sweep.options?.batch || null,
    hostKeys: hostKeyWord(sweep.options?.hostKeys ?? HostKeyPolicy.ACCEPT_NEW),
    deviceTimeMs: Math.round(sweep.deviceTimeMs),
    agents: sweep.agents,
    refusedResults: sweep.refusedResults,
    repeatedResults: sweep.repeatedResults,
  };
}

export function hostKeyWord(policy: HostKeyPolicy): string {
  switch (policy) {
    case HostKeyPolicy.STRICT:
      return 'strict';
    case HostKeyPolicy.OFF:
      return 'off';
    default:
      return 'accept-new';
  }
}

/** Unix milliseconds as ISO 8601; null: never. */
export function isoTime(ms: number): string | null {
  return ms === 0 ? null : new Date(ms).toISOString();
}

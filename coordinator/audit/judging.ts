// What goes to a judging thread and what comes back, both small: outputs go as they were packed, verdicts come packed,
// because most of them are only counted.
import { deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib';
import type { BookPages } from './book.js';
import type { FieldValues } from './fieldtext.js';
import { Judge, type JudgedOutput, type Judgement, type RowsOf } from './judge.js';
import type { VerdictStatus } from './verdict.js';

export interface JudgingTask {
  /** JSON of the BookPages, under a name that tells it from others. */
  book: { id: string; bytes: SharedArrayBuffer };
  platform: string;
  fields: FieldValues;
  outputs: PackedOutput[];
  failure: string | null;
  rules: number[];
  waivers: Record<number, number>;
}

/** With its text, or with gzip of it. */
export type PackedOutput = Omit<JudgedOutput, 'text'> &
  ({ text: string } | { body: Uint8Array; bytes: number });

export interface Judged {
  /** In the order of the task's rules. */
  statuses: VerdictStatus[];
  ms: number[];
  sightings: { rule: number; digest: string }[];
  packed: Uint8Array;
}

type PackedEvidence = [
  command: string | null,
  line: number | null,
  expected: string,
  found: string,
  message: string | null,
];
/** `waiver`: its number, also of one that has expired; -1: none. */
export type PackedVerdict = [rule: number, status: VerdictStatus, waiver: number, evidence: PackedEvidence[]];

export function judgeTask(task: JudgingTask, pages: BookPages, rowsOf: RowsOf): Judged {
  const { fields, failure, waivers } = task;
  const outputs = task.outputs.map(unpackOutput);
  const judge = new Judge(
    { platform: pages.platforms[task.platform] ?? null, fields, outputs, failure },
    rowsOf,
  );
  const judged: Judged = { statuses: [], ms: [], sightings: [], packed: new Uint8Array() };
  const verdicts = task.rules.map((number): PackedVerdict => {
    const rule = pages.rules[number];
    if (rule === undefined) throw new Error(`the book has no rule ${number}`);
    const began = performance.now();
    const { status, evidence, sighting } = judge.judge(rule);
    judged.ms.push(performance.now() - began);
    if (sighting !== null) judged.sightings.push({ rule: number, digest: sighting });
    const waiver = waivers[number] ?? -1;
    const told = status === 'fail' && pages.waives[waiver] === true ? 'waived' : status;
    judged.statuses.push(told);
    return [number, told, waiver, packEvidence(evidence)];
  });
  judged.packed = packVerdicts(verdicts);
  return judged;
}

export function packVerdicts(verdicts: readonly PackedVerdict[]): Uint8Array {
  return deflateRawSync(JSON.stringify(verdicts), { level: 1 });
}

export function unpackVerdicts(packed: Uint8Array): PackedVerdict[] {
  return JSON.parse(inflateRawSync(packed).toString()) as PackedVerdict[]; // packed above
}

export function packEvidence(evidence: Judgement['evidence']): PackedEvidence[] {
  return evidence.map(({ command, line, expected, found, message }) => [
    command,
    line,
    expected,
    found,
    message,
  ]);
}

function unpackOutput(output: PackedOutput): JudgedOutput {
  if ('text' in output) return output;
  const { body, bytes, ...rest } = output;
  try {
    const text = gunzipSync(body, { maxOutputLength: Math.max(1, bytes) }).toString('utf8');
    return { ...rest, text };
  } catch (error) {
    return { ...rest, text: '', unreadable: `the output can't be unpacked: ${String(error)}` };
  }
}

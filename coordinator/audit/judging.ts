// What goes to a judging thread and what comes back, both small: outputs go as they were packed, verdicts come packed,
// because most of them are only counted.
import { deflateRawSync, gunzipSync, inflateRawSync } from 'node:zlib';
import type { BookPages } from './book.js';
import type { FieldValues } from './fieldtext.js';
import { commandFor, Judge, type JudgedOutput, type Judgement, type RowsOf } from './judge.js';
import { shown } from './outcome.js';
import type { Rule } from './policy.js';
import { within } from './timed.js';
import type { VerdictStatus } from './verdict.js';
import { expectedBy } from './words.js';

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
  /** Rules that took too long. */
  stopped: number[];
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

/** For one rule on one device; longer outputs have more. */
const RULE_MS = 250;
const MEGABYTE_MS = 100;
/** More for rules that parse: templates are read and compiled when they are first used. */
const ROWS_MS = 1500;
/** A machine that has other things to do may have kept a rule waiting once. */
const TRIES = 2;
/** So many devices are enough to know a rule. */
const MOST_STOPS = 3;

/** What a thread has of the audit that it judges for. */
export interface Judging {
  pages: BookPages;
  rowsOf: RowsOf;
  /** On how many devices it has stopped a rule. */
  stops: Map<number, number>;
}

export function judgeTask(task: JudgingTask, { pages, rowsOf, stops }: Judging): Judged {
  const { fields, failure, rules, waivers } = task;
  const outputs = task.outputs.map(unpackOutput);
  const platform = pages.platforms[task.platform] ?? null;
  const judge = new Judge({ platform, fields, outputs, failure }, rowsOf);
  const asksRows = (number = -1) => pages.rules[number]?.check.kind === 'rows';
  const verdicts: PackedVerdict[] = [];
  const judged: Judged = { statuses: [], ms: [], sightings: [], stopped: [], packed: new Uint8Array() };
  const say = (number: number, { status, evidence, sighting }: Judgement, ms: number) => {
    const waiver = waivers[number] ?? -1;
    const told = status === 'fail' && pages.waives[waiver] === true ? 'waived' : status;
    verdicts.push([number, told, waiver, packEvidence(evidence)]);
    judged.statuses.push(told);
    judged.ms.push(ms);
    if (sighting !== null) judged.sightings.push({ rule: number, digest: sighting });
  };
  let began = 0;
  let tries = 0;
  const judgeOne = (place: number) => {
    const number = rules[place] ?? -1;
    const rule = pages.rules[number];
    if (rule === undefined) throw new Error(`the book has no rule ${number}`);
    if ((stops.get(number) ?? 0) >= MOST_STOPS) {
      judged.stopped.push(number);
      return say(
        number,
        unevaluated(
          rule,
          task.platform,
          `the rule took too long on ${MOST_STOPS} devices, and is not tried any more`,
        ),
        0,
      );
    }
    began = performance.now();
    const judgement = judge.judge(rule);
    say(number, judgement, performance.now() - began);
    tries = 0;
  };
  // The clock is for all rules that are left: what met its end is charged only with its own time.
  while (verdicts.length < rules.length) {
    const parses = asksRows(rules[verdicts.length]);
    const limitMs = limitFor(task) + (parses ? ROWS_MS : 0);
    const done = within(limitMs, () => {
      for (let place = verdicts.length; place < rules.length && asksRows(rules[place]) === parses; place++)
        judgeOne(place);
    });
    if (done) continue;
    const ms = performance.now() - began;
    const number = rules[verdicts.length] ?? -1;
    if (ms > limitMs / 2) tries++;
    if (tries < (stops.has(number) ? 1 : TRIES)) continue;
    stops.set(number, (stops.get(number) ?? 0) + 1);
    judged.stopped.push(number);
    say(
      number,
      unevaluated(
        pages.rules[number],
        task.platform,
        `the rule took longer than ${limitMs} ms, and was stopped`,
      ),
      ms,
    );
    tries = 0;
  }
  judged.packed = packVerdicts(verdicts);
  return judged;
}

function unevaluated(rule: Rule | undefined, platform: string, message: string): Judgement {
  const command = rule === undefined ? null : commandFor(rule, platform);
  const expected = rule === undefined ? '' : shown(expectedBy(rule));
  return {
    status: 'error',
    evidence: [{ command, line: null, expected, found: '', message }],
    sighting: null,
  };
}

function limitFor({ outputs }: JudgingTask): number {
  const bytes = outputs.reduce((sum, one) => sum + ('text' in one ? one.text.length : one.bytes), 0);
  return Math.ceil(RULE_MS + (bytes / 1e6) * MEGABYTE_MS);
}

export function packVerdicts(verdicts: readonly PackedVerdict[]): Uint8Array {
  // A copy of its own size: what goes between threads takes all memory along that it is a part of.
  return new Uint8Array(deflateRawSync(JSON.stringify(verdicts), { level: 1 }));
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

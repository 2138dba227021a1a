// A recorded session as a file: test/recordings/PLATFORM/NAME.yaml, and what --session-log writes. It is read
// here with the place of each step, so that whatever differs can be named as file:line.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as v from 'valibot';
import { type Document, isNode, LineCounter, parseDocument } from 'yaml';
import { root } from '../process.js';

/** One thing that the device does, or waits for. */
const step = v.union([
  v.strictObject({ says: v.string() }),
  /** Bytes that are not UTF-8, one character each. */
  v.strictObject({ says_latin1: v.string() }),
  v.strictObject({ hears: v.string() }),
  /** A typed secret and the line end after it. */
  v.strictObject({ secret: v.picklist(['password', 'enable']) }),
  v.strictObject({ closes: v.literal(true) }),
  // Shells only: a command on a channel of its own, what it prints as errors, and its end.
  v.strictObject({ runs: v.string() }),
  v.strictObject({ complains: v.string() }),
  v.strictObject({ complains_latin1: v.string() }),
  v.strictObject({ exits: v.pipe(v.number(), v.integer()) }),
  v.strictObject({ dies: v.string() }),
  /** It gives no such channel; netsweep goes on with a command line. */
  v.strictObject({ refuses: v.literal(true) }),
  /** Netsweep ends it here, for a reason that is not in the session: a deadline, a lease that ended. */
  v.strictObject({ breaks_off: v.string() }),
  /** Bytes that a very long session was recorded without; it can't be played. */
  v.strictObject({ left_out: v.number() }),
]);

const recording = v.strictObject({
  platform: v.string(),
  username: v.optional(v.string(), 'netops'),
  /** Privileged mode is wanted. */
  enable: v.optional(v.boolean(), false),
  /** Typed for it; empty: the platform's. */
  enable_command: v.optional(v.string(), ''),
  commands: v.array(v.string()),
  /** Secrets that the login has not got. */
  without: v.optional(v.array(v.picklist(['password', 'enable'])), []),
  /** For a session that shows a limit. */
  limits: v.optional(
    v.strictObject({
      loginMs: v.optional(v.number()),
      idleMs: v.optional(v.number()),
      commandMs: v.optional(v.number()),
    }),
    {},
  ),
  /** Bytes per command. */
  output_limit: v.optional(v.number(), 1 << 28),
  /** What was seen before the command line; for people. */
  connection: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.null()]))),
  session: v.array(step),
  outputs: v.optional(
    v.array(
      v.strictObject({
        command: v.string(),
        status: v.picklist(['complete', 'suspect', 'truncated']),
        output: v.string(),
        /** Shells only. */
        exit_status: v.optional(v.number()),
        stderr: v.optional(v.string()),
      }),
    ),
    [],
  ),
  failure: v.optional(v.nullable(v.strictObject({ kind: v.string(), stage: v.string() })), null),
});

export type Step = v.InferOutput<typeof step>;

export interface Recording extends v.InferOutput<typeof recording> {
  /** The file, as people name it. */
  file: string;
  /** The line of each step. */
  lines: number[];
}

/** Every recording below a folder, in the order of their names; throws one error that names every mistake. */
export function loadRecordings(folder = join(root, 'test/recordings')): Recording[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.yaml'),
  );
  const problems: string[] = [];
  const read = files.sort().flatMap((name) => {
    try {
      return [readRecording(readFileSync(join(folder, name), 'utf8'), relative(root, join(folder, name)))];
    } catch (error) {
      problems.push((error as Error).message); // readRecording throws nothing else
      return [];
    }
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return read;
}

/** Reads one; throws an Error with a line `file:line:column: ...` for each mistake. */
export function readRecording(text: string, file: string): Recording {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0)
    throw new Error(document.errors.map((error) => `${place(error.pos[0])}: ${error.message}`).join('\n'));
  const parsed = v.safeParse(recording, document.toJS());
  if (!parsed.success)
    throw new Error(
      parsed.issues
        .map(
          (issue) =>
            `${place(offsetOf(document, issue))}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`,
        )
        .join('\n'),
    );
  const lineOf = (_: Step, index: number) => lines.linePos(offsetAt(document, ['session', index]) ?? 0).line;
  return { ...parsed.output, file, lines: parsed.output.session.map(lineOf) };
}

/** The bytes that a step sends; null for a step that sends none. */
export function bytesOf(step: Step): Buffer | null {
  if ('says' in step) return Buffer.from(step.says, 'utf8');
  if ('says_latin1' in step) return Buffer.from(step.says_latin1, 'latin1');
  if ('complains' in step) return Buffer.from(step.complains, 'utf8');
  if ('complains_latin1' in step) return Buffer.from(step.complains_latin1, 'latin1');
  return null;
}

/** Where the mistake stands: the nearest place that the issue's path leads to. */
function offsetOf(document: Document, issue: v.BaseIssue<unknown>): number {
  const path = issue.path?.map((part) => part.key) ?? [];
  for (let depth = path.length; depth > 0; depth--) {
    const offset = offsetAt(document, path.slice(0, depth));
    if (offset !== null) return offset;
  }
  return 0;
}

function offsetAt(document: Document, path: unknown[]): number | null {
  const node = document.getIn(path, true);
  return isNode(node) && node.range ? node.range[0] : null;
}

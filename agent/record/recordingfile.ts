// A session as a file: YAML that people read and that the tests play to the real terminal as a recorded session.
// Pure. Texts are double-quoted, one line of the device on each line of the file, so that they stay exact.
import { isUtf8 } from 'node:buffer';

/** Lines of a device in one piece of the file. */
const LINES = 500;

/** What happened, in order; texts and bytes are free of secrets by now. */
export type Step = { atMs: number } & (
  | { what: 'says' | 'complains'; bytes: Buffer }
  | { what: 'hears' | 'runs'; text: string }
  | { what: 'secret'; which: 'password' | 'enable' }
  | { what: 'exits'; status: number }
  | { what: 'dies'; signal: string }
  | { what: 'closes' | 'refuses' }
  /** Netsweep itself ended it, with a failure of this kind. */
  | { what: 'breaks_off'; kind: string }
  | { what: 'left_out'; count: number }
);

export interface SpokenOutput {
  command: string;
  status: string;
  /** Null: left out, as the session is not whole either. */
  output: string | null;
  exitStatus: number | undefined;
  stderr: string | undefined;
}

export interface Recorded {
  /** For people: when, who, how it ended. */
  remarks: string[];
  platform: string;
  username: string;
  enable: boolean;
  enableCommand: string;
  commands: string[];
  /** Secrets that the login has not got. */
  without: string[];
  limits: Record<string, number>;
  outputLimit: number | null;
  /** What was seen before the command line. */
  connection: Record<string, string>;
  steps: Step[];
  outputs: SpokenOutput[];
  failure: { kind: string; stage: string } | null;
}

/** The file's text in pieces. */
export function* recordingText(recorded: Recorded): Generator<string> {
  for (const remark of recorded.remarks) yield `# ${remark.replace(UNPRINTABLE, ' ')}\n`;
  yield* headText(recorded);
  yield recorded.steps.length === 0 ? 'session: []\n' : 'session:\n';
  let spokenAt = 0;
  for (const step of recorded.steps) {
    // Where it took a while.
    if (step.atMs - spokenAt >= 100) yield `  # ${Math.round(step.atMs)} ms\n`;
    spokenAt = step.atMs;
    yield* stepText(step);
  }
  yield recorded.outputs.length === 0 ? 'outputs: []\n' : 'outputs:\n';
  for (const output of recorded.outputs) yield* outputText(output);
  const { failure } = recorded;
  yield `failure: ${failure === null ? 'null' : `{ kind: ${failure.kind}, stage: ${failure.stage} }`}\n`;
}

function* headText(recorded: Recorded): Generator<string> {
  const { limits, connection } = recorded;
  yield `platform: ${quoted(recorded.platform)}\n`;
  yield `username: ${quoted(recorded.username)}\n`;
  if (recorded.enable) yield 'enable: true\n';
  if (recorded.enableCommand !== '') yield `enable_command: ${quoted(recorded.enableCommand)}\n`;
  yield `commands: [${recorded.commands.map((command) => quoted(command)).join(', ')}]\n`;
  if (recorded.without.length > 0) yield `without: [${recorded.without.join(', ')}]\n`;
  if (recorded.outputLimit !== null) yield `output_limit: ${recorded.outputLimit}\n`;
  const members = (of: Record<string, string | number>) =>
    Object.entries(of).map(
      ([name, value]) => `  ${name}: ${typeof value === 'string' ? quoted(value) : value}\n`,
    );
  if (Object.keys(limits).length > 0) yield `limits:\n${members(limits).join('')}`;
  if (Object.keys(connection).length > 0) yield `connection:\n${members(connection).join('')}`;
}

function* stepText(step: Step): Generator<string> {
  yield '  - ';
  if ('bytes' in step) {
    const utf8 = isUtf8(step.bytes);
    yield utf8 ? `${step.what}: ` : `${step.what}_latin1: `;
    yield* quotedLines(step.bytes.toString(utf8 ? 'utf8' : 'latin1'), '      ');
  } else yield shortText(step);
  yield '\n';
}

function shortText(step: Exclude<Step, { bytes: Buffer }>): string {
  switch (step.what) {
    case 'hears':
    case 'runs':
      return `${step.what}: ${quoted(step.text)}`;
    case 'secret':
      return `secret: ${step.which}`;
    case 'exits':
      return `exits: ${step.status}`;
    case 'dies':
      return `dies: ${quoted(step.signal)}`;
    case 'closes':
    case 'refuses':
      return `${step.what}: true`;
    case 'breaks_off':
      return `breaks_off: ${step.kind}`;
    case 'left_out':
      return `left_out: ${step.count}`;
    default:
      return step satisfies never;
  }
}

function* outputText({ command, status, output, exitStatus, stderr }: SpokenOutput): Generator<string> {
  yield `  - command: ${quoted(command)}\n    status: ${status}\n    output: `;
  yield* output === null ? ['""'] : quotedLines(output, '      ');
  if (exitStatus !== undefined) yield `\n    exit_status: ${exitStatus}`;
  if (stderr) {
    yield '\n    stderr: ';
    yield* quotedLines(stderr, '      ');
  }
  yield '\n';
}

/** What JSON would leave as it is and a reader, or YAML, would stumble over. */
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff]/g;

/** As YAML and JSON have it. */
function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

/** As `quoted`, each line of the text on a line of its own, some of them at a time. */
function* quotedLines(text: string, indent: string): Generator<string> {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [''];
  if (lines.length <= 1) return yield quoted(text);
  // A line break behind a backslash is none, and blanks after it have to say that they are meant.
  const own = (line: string) => escaped(line).replace(/^ /, '\\ ');
  const between = `\\\n${indent}`;
  for (let at = 0; at < lines.length; at += LINES)
    yield (at === 0 ? '"' : between) +
      lines
        .slice(at, at + LINES)
        .map(own)
        .join(between);
  yield '"';
}

function escaped(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

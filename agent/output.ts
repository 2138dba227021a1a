// What a command gave, as it is reported: text, digest and gzip body from the device's raw bytes, and what the
// platform says about it - the parser's own errors and the end marks that prove it whole.
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip, gzipSync } from 'node:zlib';
import { Output, type Proof } from '../proto/gen/netsweep/v1/model.js';
import type { Rules } from './platform.js';
import { toText } from './text.js';

const GZIP = { level: constants.Z_BEST_SPEED };
/** Larger ones are compressed beside the event loop. */
const LARGE = 1 << 20;
/** The parser complains at once: only these first lines that are not blank are looked at. */
const ERROR_LINES = 5;
const gzipLater = promisify(gzip);

export interface Spoken {
  command: string;
  durationMs: number;
  exitStatus?: number;
  stderr?: Buffer;
}

/** The record of an output; `proof` judges its text. */
export async function recordOutput(
  spoken: Spoken,
  raw: Buffer,
  proof: (text: string) => Proof,
): Promise<Output> {
  const { bytes, text, encoding } = toText(raw);
  return Output.create({
    command: spoken.command,
    proof: proof(text),
    encoding,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest(),
    durationMs: Math.round(spoken.durationMs),
    exitStatus: spoken.exitStatus,
    stderr: spoken.stderr && toText(spoken.stderr).text,
    body: bytes.length > LARGE ? await gzipLater(bytes, GZIP) : gzipSync(bytes, GZIP),
  });
}

/** The line in which the device's parser refused the command; null when it did not. */
export function parserError(rules: Rules, text: string): string | null {
  if (rules.errors.length === 0) return null;
  let seen = 0;
  for (let start = 0; start < text.length && seen < ERROR_LINES; ) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? undefined : end);
    start = end < 0 ? text.length : end + 1;
    if (line.trim() === '') continue;
    seen++;
    if (rules.errors.some((error) => startsWith(error, line))) return line.trim();
  }
  return null;
}

/** Whether the output ends as the platform says that this command's outputs end. */
export function endsWhole(rules: Rules, command: string, text: string): boolean {
  const mark = rules.endMarks.find(({ command: which }) => which.test(command.trim()));
  return mark === undefined || mark.last.test(lastLine(text));
}

function startsWith(error: RegExp, line: string): boolean {
  return error.exec(line)?.index === 0;
}

function lastLine(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed.slice(trimmed.lastIndexOf('\n') + 1);
}

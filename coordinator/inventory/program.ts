// Runs the program of a `cmd:` reference: no shell, a time limit, and of its errors only a short, harmless part.
import { spawn } from 'node:child_process';
import { quote, reasonOf } from './wording.js';

const LONGEST_MS = 60_000;
const KILL_AFTER_MS = 2000;
const MOST_BYTES = 64 * 1024;

export interface Ran {
  output: Buffer;
  /** Null when it ended well. */
  failure: string | null;
}

/** `line` is a program and its arguments, with the quotes of a shell but nothing else of it. */
export async function runProgram(
  line: string,
  { cwd, signal }: { cwd: string; signal: AbortSignal | undefined },
): Promise<Ran> {
  const words = wordsOf(line);
  const [program, ...args] = words ?? [];
  if (program === undefined) return { output: Buffer.alloc(0), failure: 'a quote is still open at its end' };
  return new Promise((resolve) => {
    const limit = AbortSignal.any([
      AbortSignal.timeout(LONGEST_MS),
      ...(signal === undefined ? [] : [signal]),
    ]);
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    const end = (failure: string | null) => {
      limit.removeEventListener('abort', stop);
      clearTimeout(killing);
      resolve({ output: output(), failure });
    };
    let killing: NodeJS.Timeout | undefined;
    const stop = () => {
      child.kill('SIGTERM');
      killing = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    };
    limit.addEventListener('abort', stop, { once: true });
    if (limit.aborted) stop();
    child.once('error', (error) =>
      end(
        `cannot be run (${'code' in error && error.code === 'ENOENT' ? 'no such program in PATH' : reasonOf(error)})`,
      ),
    );
    child.once('close', (status, killedBy) => {
      if (limit.aborted) end('was stopped, it took too long');
      else if (status === 0) end(output().length > MOST_BYTES ? 'printed too much for a secret' : null);
      else
        end(
          `ended with ${killedBy ?? `status ${status}`}, saying ${quote(errors().toString('utf8').trim())}`,
        );
    });
  });
}

/** Keeps a little more than the limit, so that too much can be told; what follows is read and dropped. */
function collect(stream: NodeJS.ReadableStream): () => Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size <= MOST_BYTES) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks);
}

/** Words as a shell splits them: blanks, single and double quotes, backslashes. Null: a quote is open. */
function wordsOf(line: string): string[] | null {
  const words: string[] = [];
  const word = /\s*((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)/gy;
  let end = 0;
  for (let match = word.exec(line); match !== null; match = word.exec(line)) {
    end = word.lastIndex;
    words.push((match[1] ?? '').replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, unquoted));
  }
  return line.slice(end).trim() === '' ? words : null;
}

function unquoted(_: string, single?: string, double?: string, escaped?: string): string {
  return single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? '';
}

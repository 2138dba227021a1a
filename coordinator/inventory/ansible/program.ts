// Programs that print an inventory: run with --list, and with --host NAME for what --list did not tell. Only programs
// that the caller or root owns are run, and only where nobody else could have written them.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { decodeText } from '../decode.js';
import type { Source } from '../located.js';
import type { Reading } from '../shape.js';
import { describe, quote, reasonOf } from '../wording.js';
import type { Host } from './data.js';
import type { Session } from './session.js';
import { splitWords } from './words.js';

const LONGEST_MS = 120_000;
const KILL_AFTER_MS = 2_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Programs at a time that tell the variables of one host each. */
const AT_A_TIME = 8;

/** Whether a file is to be run and not read. */
export async function isProgram({ text }: Source, place: string, { io }: Reading): Promise<boolean> {
  if (!text.startsWith('#!')) return false;
  const isThere = await stat(resolve(io.cwd, place)).catch(() => null);
  return isThere !== null;
}

/** What it prints for --list; null: it cannot be run, or what it prints is no text, which was reported. */
export async function runInventory(program: string, reading: Reading): Promise<Source | null> {
  const [words, refusal] = await runnable(program, reading);
  if (refusal !== null) {
    reading.issues.reportAt({ file: program || 'exec:', line: 1, column: 1 }, refusal);
    return null;
  }
  return printed(program, [...words, '--list'], reading);
}

/** Asks for the variables of hosts that --list has only named. */
export async function tellVariables(
  program: string,
  hosts: readonly Host[],
  session: Session,
): Promise<void> {
  const [words] = await runnable(program, session.reading);
  const waiting = hosts.values();
  const work = async () => {
    for (const host of waiting) {
      const source = await printed(program, [...words, '--host', host.name], session.reading);
      const value = source === null || source.text.trim() === '' ? null : session.value(source);
      if (value?.kind === 'map') for (const [name, field] of value.fields) host.variables.set(name, field);
      else if (value !== null)
        session.issues.report(
          value.at,
          `--host ${quote(host.name)} prints no variables (found ${describe(value, true)}, expected a map)`,
        );
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

async function runnable(program: string, { io }: Reading): Promise<[string[], string | null]> {
  const split = splitWords(program);
  if ('unclosed' in split) return [[], `a ${split.unclosed} is open at the end`];
  if (program === '') return [[], 'no program is named (expected exec:PROGRAM)'];
  const [name, ...args] = await stat(resolve(io.cwd, program)).then(
    () => [program],
    () => split.words.map(({ text }) => text),
  );
  if (name === undefined) return [[], 'no program is named (expected exec:PROGRAM)'];
  // Programs without a path are looked for where the shell would.
  if (!name.includes('/') && !(await isThere(resolve(io.cwd, name)))) return [[name, ...args], null];
  const path = resolve(io.cwd, name);
  return [[path, ...args], await refusalOf(path)];
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function refusalOf(path: string): Promise<string | null> {
  try {
    const { uid, mode } = await stat(path);
    if ((uid !== 0 && uid !== process.getuid?.()) || (mode & 0o002) !== 0)
      return 'this program is not run (expected one that you or root own and not everybody can write)';
    await access(path, constants.X_OK);
    return null;
  } catch (error) {
    const reason = reasonOf(error);
    return reason === 'permission denied'
      ? 'this is a program that may not be run (chmod +x helps)'
      : `cannot be run (${reason})`;
  }
}

async function printed(program: string, words: readonly string[], reading: Reading): Promise<Source | null> {
  const { cwd, env } = reading.io;
  const ran = await run(words, { cwd, env });
  if (typeof ran === 'string') {
    reading.issues.reportAt({ file: program, line: 1, column: 1 }, ran);
    return null;
  }
  return decodeText(program, ran, { directory: cwd, trusted: false, expected: null }, reading.issues);
}

function run(
  [program = '', ...args]: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Promise<Buffer | string> {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = () => {
      child.kill('SIGTERM');
      killing = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    };
    let killing: NodeJS.Timeout | undefined;
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      stop();
    }, LONGEST_MS);
    const output: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MOST_BYTES) output.push(chunk);
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (errors.length < 1_000) errors += chunk.toString('utf8');
    });
    const end = (result: Buffer | string) => {
      clearTimeout(limit);
      clearTimeout(killing);
      done(result);
    };
    child.once('error', (error) => end(`cannot be run (${reasonOf(error)})`));
    child.once('close', (status, signal) => {
      if (isLate) end(`was stopped, it took longer than ${LONGEST_MS / 1000} s`);
      else if (size > MOST_BYTES) end(`prints too much (expected at most ${MOST_BYTES / 1024 / 1024} MB)`);
      else if (status === 0) end(Buffer.concat(output));
      else end(`ended with ${signal ?? `status ${status}`}, saying ${quote(errors.trim())}`);
    });
  });
}

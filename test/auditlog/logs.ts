// Audit logs as a real store writes them, and what somebody may do to their files.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Checked, checkLogs } from '../../coordinator/auditlog/check.js';
import { FOLDER, logFiles } from '../../coordinator/auditlog/files.js';
import { chained, readLine } from '../../coordinator/auditlog/line.js';
import { COORDINATOR } from '../../coordinator/auditlog/who.js';
import { openStore } from '../../coordinator/store/open.js';
import type { Write } from '../../coordinator/store/store.js';
import { NETSWEEP } from '../place.ts';
import { run } from '../process.ts';
import { newSweep, output, reported, TemporaryDirectory } from '../store/samples.js';

export function cancelled(sweep: string): Write {
  return { write: 'act', act: { act: 'cancel', who: COORDINATOR, sweep, reason: 'enough' } };
}

/** A state directory with a log of so many groups, each of three reports and an act. */
export async function written(groups: number, starts = 1): Promise<TemporaryDirectory> {
  const directory = new TemporaryDirectory();
  for (let start = 0; start < starts; start += 1) {
    await using store = await openStore(directory.path, null);
    const sweep = `S${start}`;
    await store.commit(newSweep(sweep, 3 * groups));
    for (let group = 0; group < groups; group += 1) {
      const reports = [0, 1, 2].map((at) =>
        reported(sweep, 3 * group + at, [output(`hostname R${group}\n`)]),
      );
      await store.commit([...reports, cancelled(sweep)]);
    }
  }
  return directory;
}

/** What the program says of a state directory that will be opened again: SQLite lets go of it with a process. */
export async function doctored(state: string): Promise<Checked> {
  const words = ['doctor', '--audit-log', '--state', state, '--json'];
  const { status, stdout, stderr } = await run(process.execPath, [NETSWEEP, ...words]);
  const [log] = JSON.parse(stdout || '[]') as Checked[]; // as the program prints it
  if (log === undefined) throw new Error(`exit ${status}: ${stderr}`);
  expect(status).toBe(log.findings.length > 0 ? 1 : 0);
  return log;
}

/** Of a state directory with one log. */
export async function checked(state: string): Promise<Checked> {
  const [log, ...more] = await checkLogs({ state, keyFile: null, keys: [], heads: [] });
  if (log === undefined || more.length > 0) throw new Error(`${1 + more.length} logs in ${state}`);
  return log;
}

/** A copy whose log somebody has changed: `change` is given the lines of its last file, without their ends. */
export async function tampered(state: string, change: (lines: string[]) => string[]): Promise<Checked> {
  using copy = new TemporaryDirectory();
  cpSync(state, copy.path, { recursive: true });
  const folder = join(copy.path, FOLDER);
  const file = join(folder, logFiles(folder).at(-1) ?? '');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  writeFileSync(
    file,
    change(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
  return await checked(copy.path);
}

/** The lines from `from` on with their numbers and the chain made to fit, as anybody can who has no key. */
export function restamped(lines: string[], from: number): string[] {
  let before = readLine(lines[from - 1] ?? '');
  return lines.map((text, i) => {
    if (i < from) return text;
    const line = readLine(text);
    if (line === null || before === null) throw new Error(`not a record: ${text}`);
    const said = line.text.replace(/^\{"n":\d+/, `{"n":${before.n + 1}`);
    before = { ...line, n: before.n + 1, text: said, chain: chained(before.chain, said) };
    return `${said},"chain":"${before.chain}"}`;
  });
}

// The two programs that every scenario compares: ours as a user runs it, and bare ssh2; both proved to have
// answered for every device.
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measured, measure } from './account/account.ts';
import { type Device, writeDevices } from './inventory.ts';
import { beside, built } from './place.ts';

export const COMMAND = 'show running-config';
const TIMEOUT_MS = 600_000;
/** A configuration is longer than this. */
const LEAST_BYTES = 2_000;

export interface Work {
  devices: Device[];
  /** Most sessions at once. */
  atOnce: number;
  folder: string;
  stop: AbortSignal;
}

export async function runBare({ devices, atOnce, folder, stop }: Work): Promise<Measured> {
  const inventory = await written(devices, folder);
  const out = join(folder, 'bare.out');
  const command = [process.execPath, beside('bare.js'), inventory, devices.length, atOnce, COMMAND].map(
    String,
  );
  const measured = await measure(
    { command, role: 'bare ssh2', stdout: out, stderr: `${out}.err` },
    { timeoutMs: TIMEOUT_MS, stop },
  );
  const told = readFileSync(out, 'utf8');
  const [, ok, bytes] = /^\{"ok":(\d+),"failed":0,"bytes":(\d+),/.exec(told) ?? [];
  if (Number(ok) !== devices.length || Number(bytes) < devices.length * LEAST_BYTES)
    throw new Error(`bare ssh2: ${told}${readFileSync(`${out}.err`, 'utf8')}`);
  return measured;
}

/** `netsweep run`, self-contained, on `state`, or on a state directory of its own. */
export async function runOurs(
  { devices, atOnce, folder, stop }: Work,
  { state: given = null, words = [] }: { state?: string | null; words?: string[] } = {},
): Promise<Measured> {
  const inventory = await written(devices, folder);
  const state = given ?? (await mkdtemp(join(folder, 'state-')));
  const out = join(folder, 'results.ndjson');
  try {
    const measured = await measure(
      {
        command: [
          process.execPath,
          built('coordinator/main.js'),
          ...['run', '-i', inventory, '--state', state, '--format', 'ndjson', '--forks', String(atOnce)],
          ...words,
          COMMAND,
        ],
        role: 'command line',
        stdout: out,
        stderr: `${out}.err`,
      },
      { roleOf, timeoutMs: TIMEOUT_MS, stop },
    );
    const ok = readFileSync(out, 'latin1')
      .split('\n')
      .filter((line) => line.includes('"status":"ok"')).length;
    if (measured.status !== 0 || ok !== devices.length)
      throw new Error(
        `ours: exit ${measured.status}, ${ok} ok\n${readFileSync(`${out}.err`, 'utf8').slice(-2_000)}`,
      );
    return measured;
  } finally {
    if (given === null) await rm(state, { recursive: true, force: true });
  }
}

/** The role of each of our processes, by the program it runs. */
export function roleOf(words: string): string | null {
  const found = ROLES.find(([pattern]) => pattern.test(words));
  return found?.[1] ?? null;
}

const ROLES: [RegExp, string][] = [
  [/(^|\/)nats-server /, 'nats-server'],
  [/\/agent\/worker\.js/, 'workers'],
  [/\/agent\/main\.js/, 'agents'],
  [/\/coordinator\/main\.js run /, 'command line'],
  [/\/coordinator\/main\.js /, 'coordinator'],
];

/** Writes their inventory. Gives its path. */
export async function written(devices: Device[], folder: string): Promise<string> {
  const file = join(folder, 'devices.csv');
  await writeFile(file, writeDevices(devices), { mode: 0o600 });
  return file;
}

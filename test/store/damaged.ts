// A store as a crash leaves it - one sweep in the file, a second one in the log - then damaged by one cut or one bit,
// and what it tells of itself after that, held against what was written.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { dice, fraction } from '../../agent/fleet/dice.ts';
import { openStore } from '../../coordinator/store/open.js';
import type { Store, Write } from '../../coordinator/store/store.js';
import type { Output, Report } from '../../proto/gen/netsweep/v1/model.js';
import { credential, device, newSweep, output, report, TemporaryDirectory } from './samples.js';

/** Sweeps, and their devices. */
const SWEEPS = { S1: 40, S2: 10 };

export interface Crashed {
  db: Buffer;
  log: Buffer;
  key: Buffer;
  /** How long the log was after each commit. */
  ends: { commit: number; bytes: number }[];
}

/** How a damaged store has fared; `wrong`: it tells something that was never written. */
export type Fared = 'refused' | 'rolled back' | 'named' | 'harmless' | 'wrong';

function textOf(sweep: string, index: number): string {
  const lines = Array.from({ length: 100 }, (_, n) => `${dice(index, n, sweep)} ${dice(n, index, sweep)}\n`);
  return `${sweep} ${index}\n${lines.join('')}`;
}

function written(sweep: string, index: number): Report {
  return report(sweep, index, [output(textOf(sweep, index))]);
}

export async function crash(): Promise<Crashed> {
  using directory = new TemporaryDirectory();
  const read = (name: string) => readFileSync(join(directory.path, name));
  await (async () => {
    await using store = await openStore(directory.path, null);
    await store.commit([
      ...newSweep('S1', SWEEPS.S1),
      { write: 'secret', sweep: 'S1', credential: CREDENTIAL },
    ]);
    for (let index = 0; index < SWEEPS.S1; index += 1)
      await store.commit([state('S1', index), { write: 'report', report: written('S1', index) }]);
  })();
  await using store = await openStore(directory.path, null);
  const ends: Crashed['ends'] = [{ commit: await store.lastCommit(), bytes: 0 }];
  const commit = async (writes: Write[]) => {
    ends.push({ commit: await store.commit(writes), bytes: read('store.db-wal').length });
  };
  await commit(newSweep('S2', SWEEPS.S2));
  for (let index = 0; index < SWEEPS.S2; index += 1)
    await commit([state('S2', index), { write: 'report', report: written('S2', index) }]);
  return { db: read('store.db'), log: read('store.db-wal'), key: read('key'), ends };
}

const CREDENTIAL = credential('c1', 'secret');

function state(sweep: string, index: number): Write {
  const spent = { loginSpent: true, enableSpent: index % 2 === 0, channelSpent: false, started: false };
  return { write: 'device', sweep, row: { index, attempts: 1, workedMs: 100 + index, ...spent, deaths: [] } };
}

/** Opens the files in a directory of their own and looks at everything; `commit`: the last that must be there. */
export async function examine(files: Omit<Crashed, 'ends'>, commit: number): Promise<Fared> {
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-damaged-'));
  const write = (name: string, bytes: Buffer) => writeFileSync(join(directory, name), bytes, { mode: 0o600 });
  write('store.db', files.db);
  write('store.db-wal', files.log);
  write('key', files.key);
  try {
    const store = await openStore(directory, null).catch((error: Error) => error);
    if (store instanceof Error) return store.message.includes('\n') ? 'wrong' : 'refused';
    try {
      return await look(store, commit);
    } finally {
      await store[Symbol.asyncDispose]().catch(() => undefined);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function look(store: Store, commit: number): Promise<Fared> {
  const last = await store.lastCommit().catch(() => -1);
  if (last !== commit && !store.isRolledBack) return 'wrong';
  const wrong: string[] = [];
  let named = 0;
  for (const sweep of Object.keys(SWEEPS)) {
    const told = await store.reportsByIndex(sweep, -1, 1_000, true).catch(() => null);
    if (told === null) named += 1;
    for (const one of told ?? []) {
      if (one.notes.some((note) => /damaged/.test(note))) named += 1;
      else if (!isAsWritten(sweep, one)) wrong.push(`report ${sweep} ${one.device?.index}`);
    }
  }
  try {
    for (const { row, devices, credentials } of await store.openSweeps()) {
      if (row.options.forks !== 500) wrong.push(`options of ${row.id}`);
      for (const { device: one, row: state, report: ended } of devices) {
        if (JSON.stringify(one) !== JSON.stringify(device(one.index)))
          wrong.push(`device ${row.id} ${one.index}`);
        const isDamaged = state.enableSpent && state.channelSpent && state.started;
        if (isDamaged) named += 1;
        else if (ended !== null && (state.attempts !== 1 || state.enableSpent !== (one.index % 2 === 0)))
          wrong.push(`state ${row.id} ${one.index}`);
      }
      if (row.id === 'S1' && JSON.stringify(credentials) !== JSON.stringify([CREDENTIAL]))
        wrong.push('credential');
    }
  } catch {
    named += 1;
  }
  if (wrong.length > 0) process.stderr.write(`${wrong.join(', ')}\n`);
  if (wrong.length > 0) return 'wrong';
  if (store.isRolledBack) return 'rolled back';
  return named > 0 ? 'named' : (await isComplete(store, commit)) ? 'harmless' : 'wrong';
}

function isAsWritten(sweep: string, told: Report): boolean {
  const index = told.device?.index ?? -1;
  const [one] = told.outputs;
  if (one === undefined || textFrom(one) !== textOf(sweep, index)) return false;
  const without = (all: Report) => ({
    ...all,
    outputs: all.outputs.map((each) => ({ ...each, body: null })),
  });
  return JSON.stringify(without(told)) === JSON.stringify(without(written(sweep, index)));
}

function textFrom({ body }: Output): string {
  return gunzipSync(body).toString();
}

/** Nothing is missing of what the commits up to this one have brought. */
async function isComplete(store: Store, commit: number): Promise<boolean> {
  const counts = await Promise.all(
    Object.keys(SWEEPS).map(async (sweep) => {
      const told = await store.reportsByIndex(sweep, -1, 1_000, false);
      const tally = await store.tally(sweep);
      const counted = [...tally.counts.values()].reduce((sum, count) => sum + count, 0);
      return told.length === counted ? counted : Number.NaN;
    }),
  );
  const [first = 0, second = 0] = counts;
  const begun = commit - FIRST_OF_SECOND;
  return first === SWEEPS.S1 && second === Math.max(0, begun);
}

/** The key's check, the first sweep and its reports; then the second sweep. */
const FIRST_OF_SECOND = 1 + 1 + SWEEPS.S1 + 1;

/** A bit of the file or the log. */
export function flipped({ db, log, ...rest }: Crashed, bit: number): Crashed {
  const [file, at] = bit < db.length * 8 ? [Buffer.from(db), bit] : [Buffer.from(log), bit - db.length * 8];
  file[at >> 3] = (file[at >> 3] ?? 0) ^ (1 << (at & 7));
  return bit < db.length * 8 ? { db: file, log, ...rest } : { db, log: file, ...rest };
}

/** What is committed whole in the log's first bytes. */
export function commitWithin({ ends }: Crashed, bytes: number): number {
  return ends.findLast((end) => end.bytes <= bytes)?.commit ?? 0;
}

/** Places for cuts: through the whole log, most of them near its end. */
export function cuts({ log }: Crashed, count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, n) => {
    const from = n % 3 === 0 ? 0 : Math.max(0, log.length - 64 * 1024);
    return from + Math.floor(fraction(seed, n, 'cut') * (log.length - from));
  });
}

/** Flips one bit after the other, every second one in the log; how they fared, and the bits of those that went wrong. */
export async function flips(files: Crashed, count: number, seed: number) {
  const counts: Record<Fared, number> = { refused: 0, 'rolled back': 0, named: 0, harmless: 0, wrong: 0 };
  const wrong: number[] = [];
  const [inFile, inLog] = [files.db.length * 8, files.log.length * 8];
  const last = files.ends.at(-1)?.commit ?? 0;
  for (let n = 0; n < count; n += 1) {
    const chance = fraction(seed, n, 'flip');
    const bit = n % 2 === 0 ? Math.floor(chance * inFile) : inFile + Math.floor(chance * inLog);
    const fared = await examine(flipped(files, bit), last);
    counts[fared] += 1;
    if (fared === 'wrong') wrong.push(bit);
  }
  return { counts, wrong };
}

export const FLIPS_AGAIN = (seed: number) => `SEED=${seed} npx vitest run test/store/damage.test.ts`;

// The audit logs of a state directory, each held against its own key, the store beside it and whatever heads were kept
// elsewhere. Works on files alone: on a running coordinator's, and on a copy of them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StoredHead, storedHead } from '../store/audithead.js';
import { StateInUse } from '../store/refusal.js';
import { endOf, FOLDER, logFiles } from './files.js';
import { publicHalf, readHead, signingKey } from './head.js';
import { type Place, readLine } from './line.js';
import { type Anchor, headBeside, type Verified, verify } from './verify.js';

export interface CheckOptions {
  /** The state directory; logs lie in it and, of `netsweep serve`, in `serve` below it. */
  state: string;
  /** Null: beside the store. */
  keyFile: string | null;
  /** Public keys that are believed beside the store's own, in base64url. */
  keys: readonly string[];
  /** Files of heads that were kept elsewhere. */
  heads: readonly string[];
}

export interface Checked extends Verified {
  /** Where the log lies. */
  directory: string;
  /** Heads that it was held against. */
  anchors: string[];
}

export async function checkLogs(options: CheckOptions): Promise<Checked[]> {
  const { state } = options;
  const places = [state, join(state, 'serve')].filter((place) => hasLog(place));
  const kept = options.heads.map((file) => keptHeads(file));
  return Promise.all(places.map((place) => check(place, options, kept)));
}

function hasLog(directory: string): boolean {
  if (logFiles(join(directory, FOLDER)).length > 0) return true;
  try {
    return storedHead(directory) !== null;
  } catch (error) {
    if (error instanceof StateInUse) return false;
    throw error;
  }
}

async function check(place: string, options: CheckOptions, kept: Anchor[][]): Promise<Checked> {
  const directory = join(place, FOLDER);
  const notes: string[] = [];
  let anchors: Anchor[] = kept.flat();
  // Before the log is read: one that is written to meanwhile only has more.
  const beside = headBeside(directory);
  if (typeof beside === 'string') notes.push(beside);
  else if (beside !== null) anchors.push(beside);
  const stored = headOfStore(place);
  if (typeof stored === 'string') notes.push(stored);
  else if (stored !== null) {
    anchors.push({ ...stored, from: `the store of ${place}` });
    const lost = lostWithPower(directory, stored);
    if (lost !== null) {
      const { n, chain } = lost;
      notes.push(
        `records ${n + 1} to ${stored.n} are in the store alone, as a power cut leaves them: the next start adds them`,
      );
      anchors = anchors.filter((anchor) => anchor.n <= n || anchor.n > stored.n);
      anchors.push({ n, chain, from: `the store of ${place}` });
    }
  }
  if (anchors.length === 0)
    notes.push('no head is kept elsewhere: whether its end was cut off can not be told');
  const own = ownKey(options.keyFile ?? join(place, 'key'));
  const publicKeys = [...options.keys, ...(own === null ? [] : [own])];
  if (publicKeys.length === 0)
    notes.push('there is no key: give --key-file, or --audit-key with the public one');
  const verified = await verify({ directory, publicKeys, anchors });
  return {
    ...verified,
    notes: [...notes, ...verified.notes],
    directory,
    anchors: anchors.map(({ from }) => from),
  };
}

/** Where files end that a power cut has taken the end of, which the store still has; null: they are whole. */
function lostWithPower(directory: string, { n, synced }: StoredHead): Place | null {
  const last = logFiles(directory).at(-1);
  const end = last === undefined ? null : endOf(directory, last);
  return end !== null && end.n < n && end.n >= synced ? end : null;
}

function headOfStore(directory: string): StoredHead | string | null {
  try {
    return storedHead(directory);
  } catch (error) {
    if (error instanceof StateInUse) return 'the store is in use: its own head was not looked at';
    return `the store can't be read (${error instanceof Error ? error.message : error}): its own head was not looked at`;
  }
}

function ownKey(file: string): string | null {
  if (!existsSync(file)) return null;
  const key = readFileSync(file);
  const own = publicHalf(signingKey(key));
  key.fill(0);
  return own;
}

/** Heads as lines, among others: a file of them, or the coordinator's own log. */
function keptHeads(file: string): Anchor[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((text, i) => {
    const line = readLine(headIn(text));
    if (line === null || readHead(line) === null) return [];
    return [{ n: line.n, chain: line.chain, from: `${file}:${i + 1}` }];
  });
}

/** What a line of `netsweep serve`'s log says, wherever a collector has put it; else the line itself. */
function headIn(text: string): string {
  const said = /"auditHead":("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  return said === undefined ? text.trim() : String(JSON.parse(said));
}

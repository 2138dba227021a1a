// From the connection options to a connection, and to the words that a printed command needs to find the
// same coordinator again.

import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { IdentityDirectory } from '../../proto/identity/identitydirectory.js';
import type { Source, Values } from '../config.js';
import { type Connection, connect } from '../connect.js';
import { isLoopback } from '../intake/loopback.js';
import type { Workers } from '../privatenews.js';
import type { Begun } from '../privatestart.js';
import type { Keep } from '../store/versions.js';
import type { TlsFiles } from '../tls.js';
import { UsageError } from './exit.js';
import { ask, Patience } from './rpc.js';
import type { CONNECTION } from './settings.js';
import { tlsFiles } from './tlsfiles.js';

export type LinkValues = Values<typeof CONNECTION>;
export type LinkSources = Record<keyof typeof CONNECTION, Source>;

/** `coming`: for a sweep, not only for a question; `keep`: what a coordinator that is started here lets go of; `begun`: it is starting. */
export async function openLink(
  values: LinkValues,
  stop: AbortSignal,
  coming: Workers | null = null,
  keep: Keep | null = null,
  begun: Begun | null = null,
): Promise<Connection> {
  const { coordinator, state } = values;
  const tls = tlsFiles(values) ?? (await joined(values));
  return connect({ coordinator, state, tls, start: true, coming, keep, begun }, stop);
}

/** What `netsweep join` has kept, for a coordinator elsewhere; renewed in time. Null: there is none. */
async function joined({ coordinator, identity: directory }: LinkValues): Promise<TlsFiles | null> {
  if (coordinator === null || coordinator.startsWith('unix:')) return null;
  const { exposedKey, readIdentityDirectory } = await import('../../proto/identity/identitydirectory.js');
  const identity = readIdentityDirectory(directory);
  // Beside it a coordinator may serve this host alone, as ever.
  if (identity === null || (isLoopback(coordinator) && coordinator !== identity.coordinator)) return null;
  const exposed = exposedKey(identity);
  if (exposed !== null) throw new UsageError(exposed);
  if (identity.renewFromMs <= Date.now()) await renewed(identity);
  return identity;
}

/** One that can't be renewed now is used as long as it lasts. */
async function renewed(identity: IdentityDirectory): Promise<void> {
  const { JoinError, renewIdentity } = await import('../../proto/identity/join.js');
  await renewIdentity(identity).catch((error: unknown) => {
    if (!(error instanceof JoinError)) throw error;
  });
}

/** Options that lead another command to the same coordinator, each with a space in front. */
export function linkOptions(values: LinkValues, sources: LinkSources): string {
  const words: string[] = [];
  if (values.coordinator === null) {
    if (sources.state === 'flag') words.push('--state', values.state);
  } else {
    if (sources.coordinator === 'flag') words.push('--coordinator', values.coordinator);
    if (sources.tlsCa === 'flag' && values.tlsCa !== null) words.push('--tls-ca', values.tlsCa);
    if (sources.tlsCert === 'flag' && values.tlsCert !== null) words.push('--tls-cert', values.tlsCert);
    if (sources.identity === 'flag') words.push('--identity', values.identity);
    if (sources.tlsKey === 'flag' && values.tlsKey !== null) words.push('--tls-key', values.tlsKey);
  }
  return words.map((word) => ` ${shellWord(word)}`).join('');
}

/** The command by which one comes back to a sweep that runs elsewhere. */
export function watchAgain(id: string, values: LinkValues, sources: LinkSources): string {
  return `sweep ${id} goes on without this command; watch it with: netsweep sweeps watch ${id}${linkOptions(values, sources)}`;
}

/** Waits for a coordinator elsewhere however long it is away, and says so; one that runs here does not come back. */
export function patienceWith(
  { selfContained }: Connection,
  { coordinator }: LinkValues,
  progress: { say(line: string): void },
): Patience {
  if (selfContained) return new Patience(0);
  return new Patience(
    Number.POSITIVE_INFINITY,
    awaySayer({ coordinator }, progress, 'Ctrl-C leaves the sweep to itself'),
  );
}

/** Says that the coordinator is away, and that it is back. */
export function awaySayer(
  { coordinator }: Pick<LinkValues, 'coordinator'>,
  progress: { say(line: string): void },
  meanwhile: string,
): (state: 'away' | 'back') => void {
  const away = `the coordinator at ${coordinator} does not answer; waiting for it (${meanwhile})`;
  return (state) => progress.say(state === 'away' ? away : 'the coordinator is back');
}

/** A word as a shell takes it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The one sweep that an id, a unique prefix or `last` names. */
export async function findSweep({ sweeps }: Connection, name: string): Promise<Sweep> {
  const { sweeps: found } = await ask(sweeps.list.bind(sweeps), { sweep: name, limit: 1 });
  const [sweep] = found;
  if (sweep === undefined)
    throw new UsageError(`no sweep is called "${name}" (netsweep sweeps list shows them)`);
  return sweep;
}

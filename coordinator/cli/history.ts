// `netsweep history`: the versions of a device's outputs, how each differs from the one before, and the text of one.

import type { Version } from '../../proto/gen/netsweep/v1/history.js';
import { Output } from '../../proto/gen/netsweep/v1/model.js';
import { isoTime } from '../combine/result.js';
import { type Column, sizeText } from '../combine/table.js';
import type { Connection } from '../connect.js';
import { count } from '../inventory/wording.js';
import { inOrder } from '../limited/inorder.js';
import { bodyReader } from './body.js';
import type { Call } from './command.js';
import { type Compared, Comparer } from './comparer.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { openLink } from './link.js';
import { Screen } from './output.js';
import { openPlatforms } from './platforms.js';
import { printLines, printTable } from './print.js';
import { ask } from './rpc.js';
import type { HISTORY } from './settings.js';

export interface Step {
  version: Version;
  /** How it differs from the one before; null: that is the first, or gone. */
  change: Compared | null;
}

const COLUMNS: Column<Step>[] = [
  { title: 'VERSION', cell: ({ version }) => String(version.version), right: true },
  { title: 'COMMAND', cell: ({ version }) => version.command },
  { title: 'FIRST SEEN', spare: true, cell: ({ version }) => timeText(version.firstMs) },
  { title: 'LAST SEEN', cell: ({ version }) => timeText(version.lastMs) },
  { title: 'SIZE', cell: ({ version }) => sizeText(version.bytes), right: true, spare: true },
  { title: 'CHANGE', cell: ({ change }) => changeText(change) },
  { title: 'LAST SWEEP', spare: true, cell: ({ version }) => version.lastSweep || 'removed' },
];

export async function showHistory({ args, values, stop }: Call<typeof HISTORY>): Promise<ExitCode> {
  const [device = '', ...words] = args;
  const platforms = openPlatforms(values);
  await using link = await openLink(values, stop);
  const versions = await readVersions(link, {
    device,
    command: words.join(' '),
    segment: values.segment ?? '',
  });
  if (values.forget)
    return await forget(link, versions, { command: words.join(' '), segment: values.segment ?? '' });
  if (values.show !== null) {
    await printText(link, only(versions, values.show), stop);
    return EXIT.ok;
  }
  await using comparer = new Comparer(link, platforms, stop);
  const steps: Step[] = [];
  for await (const step of inOrder(inTurn(versions), comparer.width, (pair) => stepOf(comparer, pair)))
    steps.push(step);
  await printTable(steps, { json: values.json, columns: columnsFor(versions), object: stepObject });
  return EXIT.ok;
}

async function forget(
  { history }: Connection,
  versions: Version[],
  of: { command: string; segment: string },
): Promise<ExitCode> {
  const device = versions[0]?.device ?? '';
  const { versions: gone } = await ask(history.forget.bind(history), { device, ...of });
  const outputs = new Set(versions.map(({ segment, command }) => `${segment}\n${command}`)).size;
  await printLines([`${device}: forgotten: ${count(gone, 'version')} of ${count(outputs, 'output')}`]);
  return EXIT.ok;
}

/** Oldest first within each command. Throws UsageError where there is none. */
export async function readVersions(
  { history }: Connection,
  asked: { device: string; command: string; segment: string },
): Promise<Version[]> {
  const versions: Version[] = [];
  for await (const version of history.versions(asked) as AsyncIterable<Version>) versions.push(version);
  if (versions.length > 0) return versions;
  const of = asked.command === '' ? '' : `"${asked.command}" of `;
  const where = asked.segment === '' ? '' : ` in segment ${asked.segment}`;
  throw new UsageError(
    `nothing is known of ${of}${asked.device}${where}: no sweep has brought a complete output (netsweep search '' -l lists what is known)`,
  );
}

/** The one version of that number, or the newest for 0. */
export function only(versions: Version[], number: number): Version {
  const outputs = new Set(versions.map(({ segment, command }) => `"${command}" in segment ${segment}`));
  if (outputs.size > 1)
    throw new UsageError(
      `${versions[0]?.device} has versions of ${count(outputs.size, 'output')}: name one (${[...outputs].join(', ')})`,
    );
  const found = versions.find(({ version, newest }) => (number === 0 ? newest : version === number));
  if (found !== undefined) return found;
  const there = versions.map(({ version }) => version).join(', ');
  throw new UsageError(`there is no version ${number} (found ${there})`);
}

/** What a comparison came to, in a few words. */
export function changeText(change: Compared | null): string {
  switch (change?.state) {
    case undefined:
      return '-';
    case 'same':
      return 'none';
    case 'noise':
      return `noise only (${count(change.noise, 'line')})`;
    case 'unclear':
      return change.why;
    case 'changed':
      return `+${change.added} -${change.removed}${change.noise > 0 ? ` (${change.noise} noise)` : ''}`;
  }
}

function timeText(ms: number): string {
  return isoTime(ms)?.slice(0, 19).replace('T', ' ') ?? '-';
}

/** Each version with the one before it. */
async function* inTurn(versions: Version[]): AsyncGenerator<[Version | null, Version]> {
  for (const [at, version] of versions.entries()) {
    const before = versions[at - 1];
    const isBefore = before?.segment === version.segment && before.command === version.command;
    yield [isBefore ? before : null, version];
  }
}

async function stepOf(comparer: Comparer, [before, version]: [Version | null, Version]): Promise<Step> {
  if (before === null) return { version, change: null };
  if (isDamaged(before) || isDamaged(version))
    return { version, change: { state: 'unclear', why: 'damaged in the store' } };
  return { version, change: await comparer.compare(before, version, version.platform, 0) };
}

/** Its record is; the bytes are looked at when they are used. */
export function isDamaged({ sha256 }: Version): boolean {
  return sha256.length === 0;
}

/** A segment is only told where there are several. */
function columnsFor(versions: Version[]): Column<Step>[] {
  if (new Set(versions.map(({ segment }) => segment)).size === 1) return COLUMNS;
  return [{ title: 'SEGMENT', cell: ({ version }) => version.segment }, ...COLUMNS];
}

function stepObject({ version, change }: Step) {
  const { segment, device, command, bytes, sha256, platform } = version;
  return {
    ...{ device, segment, command, version: version.version, platform, bytes },
    sha256: isDamaged(version) ? null : sha256.toString('hex'),
    firstSeenAt: isoTime(version.firstMs),
    firstSweep: version.firstSweep || null,
    lastSeenAt: isoTime(version.lastMs),
    lastSweep: version.lastSweep || null,
    newest: version.newest,
    change: change?.state ?? null,
    ...(change !== null && change.state !== 'unclear'
      ? { added: change.added, removed: change.removed, noise: change.noise }
      : { added: null, removed: null, noise: null }),
    why: change?.state === 'unclear' ? change.why : null,
  };
}

async function printText(link: Connection, version: Version, stop: AbortSignal): Promise<void> {
  if (isDamaged(version)) throw new UsageError(`version ${version.version} is damaged in the store`);
  const { sink } = new Screen({ noColor: true, progress: 'off', quiet: true });
  const { command, sha256, bytes } = version;
  for await (const text of bodyReader(link, stop)(Output.create({ command, sha256, bytes })))
    await sink.write(text);
  await sink.end();
}

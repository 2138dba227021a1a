// `netsweep platforms list|show`, and how every command comes by the platforms it knows: those that ship, and
// over them the user's own. A directory that others may write to is refused, because what may be sent to
// devices is decided by this data.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isAuto, type Platform, PlatformError, Platforms } from '../../proto/platform.js';
import { platformText } from '../../proto/platformtext.js';
import type { Column } from '../combine/table.js';
import type { Values } from '../config.js';
import { didYouMean, nearest, quote } from '../inventory/wording.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { printLines, printTable } from './print.js';
import type { OWN_PLATFORMS, TABLE } from './settings.js';

type PlatformsCall = Call<typeof TABLE & typeof OWN_PLATFORMS>;

interface Listed {
  platform: Platform;
  own: boolean;
}

const COLUMNS: Column<Listed>[] = [
  { title: 'NAME', cell: ({ platform }) => platform.name },
  { title: 'TITLE', cell: ({ platform }) => platform.title },
  { title: 'MODE', cell: ({ platform }) => platform.mode },
  { title: 'FROM', cell: ({ own }) => (own ? 'own' : 'shipped') },
  { title: 'ALIASES', cell: ({ platform }) => platform.aliases.join(' ') },
];

/** For `platforms`: what ships, and nothing of the user's. */
export const NONE_OWN = '';

/** Throws UsageError or PlatformError for a directory of own files that can't be used. */
export function openPlatforms({ platforms: given }: Values<typeof OWN_PLATFORMS>): Platforms {
  if (given === NONE_OWN) return new Platforms();
  const directory = given ?? defaultDirectory();
  if (given === null && !existsSync(directory)) return new Platforms();
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`--platforms: no such directory (found ${directory})`);
  if (!found.isDirectory()) throw new UsageError(`--platforms: found ${directory}, expected a directory`);
  if ((found.mode & 0o002) !== 0)
    throw new UsageError(`${directory}: refused, because everybody may write to it (chmod o-w, or move it)`);
  const platforms = new Platforms([directory]);
  const problems = [...misnamed(directory, platforms), ...problemsOf([...platforms.own], platforms)];
  if (problems.length > 0) throw new PlatformError(problems);
  return platforms;
}

/** Names that begin alike in fewer are not alike. */
const LEAST_LETTERS = 4;
const MOST_NAMED = 6;

/** Files whose name no platform can have. */
function misnamed(directory: string, platforms: Platforms): string[] {
  const ends = readdirSync(directory).filter((file) => file.endsWith('.yml'));
  const names = [...platforms.own].filter((name) => isAuto(name) || !/^[a-z0-9][a-z0-9_.-]*$/.test(name));
  return [
    ...ends.map(
      (file) => `${join(directory, file)}:1:1: a platform's file ends in .yaml (found ${quote(file)})`,
    ),
    ...names.map((name) => `${platforms.fileOf(name)}:1:1: a platform can't be called ${quote(name)}`),
  ];
}

/** All that is wrong in the files of these platforms. */
function problemsOf(names: readonly string[], platforms: Platforms): string[] {
  const problems = new Set<string>();
  for (const name of names)
    try {
      platforms.get(name);
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      for (const problem of error.problems) problems.add(problem);
    }
  return [...problems];
}

export async function listPlatforms({ args, values }: PlatformsCall): Promise<ExitCode> {
  const platforms = openPlatforms(values);
  const [filter = ''] = args;
  const rows = allOf(platforms)
    .filter((platform) => fits(platform, filter.toLowerCase()))
    .map((platform) => ({ platform, own: platforms.own.has(platform.name) }));
  await printTable(rows, { json: values.json, columns: COLUMNS, object: listObject });
  return EXIT.ok;
}

export async function showPlatform({ args, values }: PlatformsCall): Promise<ExitCode> {
  const platforms = openPlatforms(values);
  const platform = findPlatform(args[0] ?? '', platforms);
  await printLines([
    values.json ? JSON.stringify(platform, null, 2) : platformText(platform).replace(/\n$/, ''),
  ]);
  return EXIT.ok;
}

/** By any of its names. Throws UsageError with the nearest. */
export function findPlatform(name: string, platforms: Platforms): Platform {
  const platform = platforms.find(name);
  if (platform !== undefined) return platform;
  const meant = nearest(name, platforms.aliases.keys()) ?? begunWith(name, platforms);
  throw new UsageError(
    `unknown platform (found ${quote(name)}, expected a name that netsweep platforms list shows${didYouMean(meant)})`,
  );
}

/** Of a name that is only the beginning of some, or begins as they do. */
function begunWith(name: string, { names }: Platforms): string | null {
  for (let length = name.length; length >= LEAST_LETTERS; length--) {
    const begun = names.filter((known) => known.startsWith(name.slice(0, length).toLowerCase()));
    if (begun.length === 0) continue;
    return begun.length === 1 ? (begun[0] ?? null) : `one of ${begun.slice(0, MOST_NAMED).join(', ')}`;
  }
  return null;
}

/** All of them. Throws one PlatformError for all files that are wrong. */
function allOf(platforms: Platforms): Platform[] {
  const problems = problemsOf(platforms.names, platforms);
  if (problems.length > 0) throw new PlatformError(problems);
  return platforms.names.map((name) => platforms.get(name) as Platform); // one of its own names
}

function fits({ name, title, aliases }: Platform, filter: string): boolean {
  return [name, title, ...aliases].some((text) => text.toLowerCase().includes(filter));
}

function listObject({ platform: { name, title, mode, aliases }, own }: Listed) {
  return { name, title, mode, aliases, own };
}

function defaultDirectory(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'netsweep/platforms');
}

// Where templates are: named on the command line, by NET_TEXTFSM as for netmiko, or in the home directory. A directory
// may be that of the templates itself or the one that they are checked out in.
import { existsSync, statSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './exit.js';
import { absolute } from './values.js';

const BELOW = ['.', 'templates', 'ntc_templates/templates'];
const AT_HOME = 'ntc-templates';
const MOST_THREADS = 8;

/** Throws UsageError where there is none. */
export function templatesDirectory(given: string | null): string {
  const environment = process.env.NET_TEXTFSM;
  if (given !== null) return withIndex('--templates', given);
  if (environment) return withIndex('NET_TEXTFSM', absolute(environment));
  const atHome = join(homedir(), AT_HOME);
  if (existsSync(atHome)) return withIndex(atHome, atHome);
  throw new UsageError(
    'no templates: name a directory with --templates DIR or NET_TEXTFSM (as of ntc-templates)',
  );
}

function withIndex(named: string, directory: string): string {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined) throw new UsageError(`${named}: no such directory (found ${directory})`);
  if (!found.isDirectory()) throw new UsageError(`${named}: found ${directory}, expected a directory`);
  const place = BELOW.map((below) => join(directory, below)).find((one) => existsSync(join(one, 'index')));
  if (place === undefined)
    throw new UsageError(`${named}: no file "index" (looked in ${directory} and in its templates)`);
  return place;
}

/** Threads that parse: a core each where nothing else runs. */
export function parserThreads(share: number): number {
  return Math.max(1, Math.min(MOST_THREADS, Math.floor(availableParallelism() * share)));
}

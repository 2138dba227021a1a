// The layer beneath flags and environment: netsweep.yaml, the same file that `netsweep` reads. An agent takes its own
// keys from it; whether the others are known is for the program that they belong to.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

/** Bad input of an agent: a line for people and exit 2. */
export class ConfigFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigFileError';
  }
}

/** The first of `./`, `$XDG_CONFIG_HOME/netsweep/` and `/etc/netsweep/`; null: there is none. */
function findFile(environment: NodeJS.ProcessEnv): string | null {
  const home = environment.XDG_CONFIG_HOME || join(homedir(), '.config');
  const places = [resolve('.'), join(home, 'netsweep'), '/etc/netsweep'];
  return places.map((place) => join(place, 'netsweep.yaml')).find((path) => existsSync(path)) ?? null;
}

/** The texts of `keys` in netsweep.yaml; lists are joined with commas. Throws ConfigFileError with the position. */
export function readConfigFile(environment: NodeJS.ProcessEnv, keys: readonly string[]): Map<string, string> {
  const path = findFile(environment);
  if (path === null) return new Map();
  if ((statSync(dirname(path)).mode & 0o002) !== 0)
    throw new ConfigFileError(`${path}: refused, because everybody may write to ${dirname(path)}`);
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines });
  const refuse = (offset: number, message: string) => {
    const { line, col } = lines.linePos(offset);
    return new ConfigFileError(`${path}:${line}:${col}: ${message}`);
  };
  const [error] = document.errors;
  if (error !== undefined) throw refuse(error.pos[0], error.message.split('\n')[0] ?? 'not valid YAML');
  if (document.contents === null) return new Map();
  if (!isMap(document.contents)) throw refuse(0, 'found something else than keys and values');
  const found = new Map<string, string>();
  for (const { key, value } of document.contents.items) {
    if (!isScalar(key) || !keys.includes(String(key.value))) continue;
    const parts = isSeq(value) ? value.items : [value];
    if (!parts.every((part) => isScalar(part) && part.value !== null))
      throw refuse(key.range?.[0] ?? 0, `${key.value}: expected a value or a list of values`);
    found.set(String(key.value), parts.map((part) => (isScalar(part) ? String(part.value) : '')).join(','));
  }
  return found;
}

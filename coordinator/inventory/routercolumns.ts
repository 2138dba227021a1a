// What the columns of a router.db are: as `--map` names them, in order or with positions as Oxidized's configuration
// has them, or each tool's own.
import type { Issues } from './wording.js';
import { didYouMean, nearest, quote } from './wording.js';

/** `written`: as the user called it. */
export type Columns = readonly { name: string; at: number; written: string }[];

/** Oxidized's own default. */
export const OXIDIZED: Columns = columnsOf(['name', 'platform']);
export const RANCID: Columns = columnsOf(['name', 'platform', 'state']);

/** Oxidized's names, those of its variables among them, and what they are here. */
const NAMES: Record<string, string> = {
  name: 'name',
  ip: 'host',
  host: 'host',
  model: 'platform',
  platform: 'platform',
  group: 'group',
  username: 'username',
  password: 'password',
  enable: 'secret',
  secret: 'secret',
  ssh_port: 'port',
  port: 'port',
  ssh_proxy: 'jump',
  jump: 'jump',
  input: 'input',
  state: 'state',
  site: 'site',
  segment: 'segment',
  credential: 'credential',
  auth_methods: 'auth_methods',
  comment: 'comment',
};

/** What others call them. */
const MEANT: Record<string, string> = {
  address: 'ip',
  adress: 'ip',
  hostname: 'name',
  type: 'model',
  os: 'model',
  user: 'username',
};

/** Null: none is given. Wrong names are reported, and what is left is used. */
export function readColumns(map: string | null, issues: Issues): Columns | null {
  if (map === null) return null;
  const columns: { name: string; at: number; written: string }[] = [];
  for (const [index, word] of map.split(/[:;,]/).entries()) {
    const [, written = '', position] = /^([^=]*)(?:=(\d{1,3}))?$/.exec(word.trim()) ?? [];
    if (written === '-' || word.trim() === '') continue;
    const name = Object.hasOwn(NAMES, written) ? NAMES[written] : undefined;
    const at = position === undefined ? index : Number(position);
    const names = Object.keys(NAMES);
    if (name === undefined)
      issues.reportAt(
        null,
        `--map: unknown column (found ${quote(word)}, expected ${names.slice(0, 8).join(', ')} ..., or - for one that is not wanted${didYouMean(MEANT[written] ?? nearest(written, names))})`,
      );
    else if (columns.some((other) => other.name === name || other.at === at))
      issues.reportAt(null, `--map: a column is given twice (found ${quote(word)} in ${quote(map)})`);
    else columns.push({ name, at, written });
  }
  if (columns.some(({ name }) => name === 'name' || name === 'host')) return columns;
  issues.reportAt(null, `--map: no column names the device (found ${quote(map)}, expected name or ip)`);
  return columnsOf(['name']);
}

/** Whether a text is a list of columns, and not a command. */
export function isColumns(text: string): boolean {
  const words = text.split(/[:;,]/).map((word) => word.replace(/=\d+$/, '').trim());
  return words.length > 1 && words.every((word) => word === '' || word === '-' || Object.hasOwn(NAMES, word));
}

function columnsOf(names: readonly string[]): Columns {
  return names.map((name, at) => ({ name, at, written: name }));
}

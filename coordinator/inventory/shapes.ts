// Every shape that an inventory may have, in the order in which they are asked whether a source is theirs. A shape
// is one entry here and a module that is loaded for it alone; CONTRIBUTING tells how to add one.
import type { Located } from './located.js';
import type { Shape } from './shape.js';
import { isConfig, isHosts, isList, isTools } from './signs.js';

/** How much of a line is looked at, in characters. */
const LONGEST_LINE = 4_096;

/** What a YAML or JSON file is that no other shape knows. */
export const NATIVE: Shape = {
  name: 'native',
  about: 'YAML or JSON',
  load: async () => {
    const { readDocument } = await import('./document.js');
    return ({ value }, { issues }) => {
      const root = value();
      return root === null ? [] : [readDocument(root, issues)];
    };
  },
};

const CSV: Shape = {
  name: 'csv',
  about: 'CSV with a header',
  file: /\.csv$/i,
  text: (text) => /^[\w"][^:{}[\]]*[,;\t]/.test(firstLine(text)),
  load: async () => {
    const { readCsv } = await import('./csv.js');
    return ({ source }, { issues }) => (source === null ? [] : [readCsv(source, issues)]);
  },
};

const PYTHON: Shape = {
  name: 'python',
  about: 'a Python file of netmiko dictionaries',
  file: /\.py$/i,
  text: (text) => someLine(text, /^(from\s+\w|import\s+\w|\w+\s*=\s*[[{(])/),
  load: async () => {
    const { readPlainPython } = await import('./plainpython.js');
    return async ({ source }, { issues }) => {
      if (source === null) return [];
      const plain = readPlainPython(source, issues);
      return [plain ?? (await import('./python.js')).readPython(source, issues)];
    };
  },
};

const ANSIBLE: Shape = {
  name: 'ansible',
  about: "Ansible's INI, YAML, directories and --list JSON",
  directory: (names) =>
    names.some((name) => /^(?:group_vars|host_vars)\/$|^hosts$/.test(name)) ||
    (names.some((name) => /^[a-z0-9][\w-]*$/.test(name)) &&
      !names.some((name) => /\.(ya?ml|json|csv|py|db)$/i.test(name))),
  mark: (text) =>
    text.startsWith('$ANSIBLE_VAULT;') ||
    (text.startsWith('#!') && text.includes('--list')) ||
    // Not to be read once to be known and once more as Ansible reads it.
    /^(?:---[ \t]*\n|[ \t]*(?:#.*)?\n)*all:[ \t]*(?:#.*)?\n/.test(text),
  file: /\.ini$/i,
  text: (text) =>
    text.startsWith('#!') ||
    someLine(text, /^\[[^\]\s:,]+(?::(?:vars|children|hosts))?\]\s*(?:#.*)?\s*$/) ||
    (text.includes('ansible_') && someLine(text, /^(?:[^#;]*\s)?ansible_\w+=/)),
  value: isAnsible,
  load: async () => (await import('./ansible/read.js')).readAnsible,
};

const EXEC: Shape = {
  name: 'exec',
  about: 'a program that prints an inventory for --list',
  fetches: true,
  load: async () => (await import('./ansible/read.js')).readProgram,
};

const NORNIR: Shape = {
  name: 'nornir',
  about: "Nornir's hosts.yaml",
  directory: (names) => {
    const has = (part: string) => names.includes(`${part}.yaml`) || names.includes(`${part}.yml`);
    return has('hosts') && (has('groups') || has('defaults'));
  },
  value: (root) => isHosts(root) || isConfig(root),
  load: async () => (await import('./nornir.js')).readNornir,
};

const NETMIKO: Shape = {
  name: 'netmiko',
  about: 'the .netmiko.yml of netmiko-tools',
  // Only where it is said: the home directory has one, and much else.
  directory: () => false,
  file: /^\.netmiko\.ya?ml$/,
  value: isTools,
  load: async () => (await import('./netmiko.js')).readNetmiko,
};

const OXIDIZED: Shape = {
  name: 'oxidized',
  about: "Oxidized's router.db",
  directory: (names) => names.includes('router.db'),
  file: /^router\.db$/,
  load: async () => (await import('./routerdb.js')).readOxidized,
};

const RANCID: Shape = {
  name: 'rancid',
  about: "RANCID's router.db",
  // Which of the two a router.db is, is told by its lines; forced, it may be a directory of groups.
  directory: () => false,
  text: (text) => /^[^\s:;,]+;[\w-]+;(up|down)\b/i.test(firstLine(text)),
  load: async () => (await import('./routerdb.js')).readRancid,
};

const NETBOX: Shape = {
  name: 'netbox',
  about: 'netbox:URL',
  fetches: true,
  load: async () => (await import('./netbox.js')).readNetBox,
};

const NAUTOBOT: Shape = {
  name: 'nautobot',
  about: 'nautobot:URL',
  fetches: true,
  load: async () => (await import('./netbox.js')).readNautobot,
};

const LIST: Shape = {
  name: 'list',
  about: 'a list of names',
  text: isList,
  load: async () => (await import('./list.js')).readList,
};

/** Also what -w is without an inventory. */
export const NODESET: Shape = {
  name: 'nodeset',
  about: 'nodeset:sw[1-9]',
  fetches: true,
  load: async () => (await import('./list.js')).readNodeset,
};

export const SHAPES: readonly Shape[] = [
  ...[ANSIBLE, EXEC, PYTHON, RANCID, LIST, CSV],
  ...[NORNIR, NETMIKO, OXIDIZED, NETBOX, NAUTOBOT, NODESET, NATIVE],
];

/** Files that hold YAML or JSON, whose shape is told by what is in them. */
export const VALUES = /\.(ya?ml|json)$/i;

/** Groups with hosts, vars and children, what a program prints for --list, or what a plugin is to be asked. */
function isAnsible(root: Located): boolean {
  if (root.kind === 'text') return root.text.startsWith('$ANSIBLE_VAULT;');
  if (root.kind !== 'map' || root.fields.has('devices')) return false;
  if (root.fields.has('_meta') || root.fields.get('plugin')?.value.kind === 'text') return true;
  // Wrong, perhaps, but nobody else's.
  if (
    root.fields.get('all')?.value.kind === 'map' &&
    !['defaults', 'groups'].some((one) => root.fields.has(one))
  )
    return true;
  const parts = ['hosts', 'vars', 'children'];
  return Array.from(root.fields.values()).some(
    ({ value }) =>
      value.kind === 'map' &&
      value.fields.size > 0 &&
      Array.from(value.fields.keys()).every((part) => parts.includes(part)),
  );
}

/** The first line that is neither blank nor a comment. */
/**
 * Whether a line begins like it. A pattern that seeks through a large text goes back so often that V8 matches it in
 * linear time, with 20 KB of memory for each device.
 */
function someLine(text: string, pattern: RegExp): boolean {
  let from = 0;
  while (from < text.length) {
    const end = text.indexOf('\n', from);
    const to = end < 0 ? text.length : end;
    if (pattern.test(text.slice(from, Math.min(to, from + LONGEST_LINE)))) return true;
    from = to + 1;
  }
  return false;
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
}

// By what a YAML or JSON file of each shape is known: only what another shape cannot hold counts. Pure.
import { knownField } from './fieldnames.js';
import type { Located } from './located.js';

/** The parts of our own structure. */
const NATIVE = ['defaults', 'groups', 'devices'];
const NORNIR = ['hostname', 'data', 'connection_options'];
const NOT_NORNIR = ['device_type', 'ip', 'ansible_host', 'hosts', 'children', 'vars'];

/** A line of a list of names. */
const LINE =
  /^(?:[^\s@,[\]]+@)?(?:\[[\da-fA-F:.]+(?:%\w+)?\](?::\d+)?|[\w.][\w.[\]!&^*,/-]*(?::\d+)?|[\da-fA-F:]*:[\da-fA-F:.]*(?:%\w+)?)(?:\s+[\w.-]+)*$/;

/** What YAML, JSON, CSV and programs have, and no list. */
const OTHER = /^[-{["'%]|:(?:\s|$)|[=;\t]/;

/** Nornir's hosts.yaml, whatever it is called: a map of hosts, some with what only Nornir has. */
export function isHosts(root: Located): boolean {
  const hosts = valuesOf(root);
  return (
    hosts.every((host) => host.kind === 'map' && !holds(host, NOT_NORNIR)) &&
    hosts.some((host) => holds(host, NORNIR))
  );
}

/** A configuration of Nornir's. */
export function isConfig(root: Located): boolean {
  const inventory = root.kind === 'map' ? root.fields.get('inventory')?.value : undefined;
  return inventory !== undefined && holds(inventory, ['plugin', 'options']);
}

/** The .netmiko.yml of netmiko-tools: a map of devices, each with its type, and of lists of their names. */
export function isTools(root: Located): boolean {
  const values = valuesOf(root);
  return (
    values.every(({ kind }) => kind === 'map' || kind === 'list') &&
    values.some((device) => holds(device, ['device_type'])) &&
    !values.some((device) => holds(device, ['hosts', 'children', 'vars']))
  );
}

/** The values of a map at the top that is not our own structure. */
function valuesOf(root: Located): Located[] {
  if (root.kind !== 'map' || holds(root, NATIVE)) return [];
  return Array.from(root.fields.values(), ({ value }) => value).filter(({ kind }) => kind !== 'null');
}

function holds(value: Located, names: readonly string[]): boolean {
  return value.kind === 'map' && names.some((name) => value.fields.has(name));
}

/** Whether a text without a telling name is a list: every line is a name, and the first is no header of CSV. */
export function isList(text: string): boolean {
  const lines = text.split('\n').map((line) => withoutComment(line).trim());
  const told = lines.filter((line) => line !== '');
  const [first = ''] = told;
  if (told.length === 0 || knownField(first) !== null) return false;
  const fitting = told.filter((line) => LINE.test(line) && !hasComma(line)).length;
  // A slip in some of its lines does not make it anything else.
  return (
    fitting === told.length ||
    (fitting * 2 >= told.length && !told.some((line) => OTHER.test(line) || hasComma(line)))
  );
}

function hasComma(line: string): boolean {
  return line.replace(/\[[^\]]*\]/g, '').includes(',');
}

/** Of a list. */
export function withoutComment(line: string): string {
  return line.replace(/(^|\s)#.*$/, '');
}

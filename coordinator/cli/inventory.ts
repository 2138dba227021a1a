// `netsweep inventory check|list|graph`. What is shown holds no secret: only whether there is one, and of data that is
// called like one nothing.
import type { Column } from '../combine/table.js';
import { fallbacks } from '../config.js';
import { type Census, censusOf } from '../inventory/census.js';
import { drawTree, type Node, treeOf } from '../inventory/graph.js';
import type { LeftOut, ReadyEntry } from '../inventory/inventory.js';
import { hopText } from '../inventory/jump.js';
import { count, didYouMean, nearest, quote } from '../inventory/wording.js';
import { foldNames } from '../nodeset/fold.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { type Selected, select } from './prepare.js';
import { printLines, printTable } from './print.js';
import { type INVENTORY, type INVENTORY_GRAPH, RUN } from './settings.js';

type InventoryCall = Call<typeof INVENTORY>;

/** Names of data that nobody should read over somebody's shoulder. */
const SECRET = /pass|secret|token|communit|credential|private|key$|_key_|auth/i;
const HIDDEN = '***';
/** Where the warning of a sweep sends people. */
const TOLD_HERE = '; netsweep inventory check shows all)';

const COLUMNS: Column<ReadyEntry>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'HOST', cell: ({ host }) => host },
  { title: 'PORT', cell: ({ port }) => String(port), right: true },
  { title: 'PLATFORM', cell: ({ platform }) => platform ?? '' },
  { title: 'SITE', cell: ({ site }) => site },
  { title: 'SEGMENT', cell: ({ segment }) => segment, spare: true },
  { title: 'GROUPS', cell: ({ groups }) => groups.join(','), spare: true },
];

export async function checkInventory(call: InventoryCall): Promise<ExitCode> {
  const selected = await selectedBy(call);
  const census = censusOf(selected.entries, selected.inventory.leftOut);
  // What is left out is told whole, below.
  const warnings = selected.warnings.filter((warning) => !warning.includes(TOLD_HERE));
  if (call.values.json) await printLines([JSON.stringify(censusObject(census, warnings), null, 2)]);
  else await printLines([...censusLines(census), ...warnings]);
  return EXIT.ok;
}

export async function listInventory(call: InventoryCall): Promise<ExitCode> {
  const selected = await selectedBy(call);
  warn(selected);
  await printTable(selected.entries, { json: call.values.json, columns: COLUMNS, object: deviceObject });
  return EXIT.ok;
}

export async function graphInventory(call: Call<typeof INVENTORY_GRAPH>): Promise<ExitCode> {
  const selected = await selectedBy(call);
  warn(selected);
  const tree = treeOf(selected.entries, selected.inventory.children, selected.inventory.members);
  const [group] = call.args;
  const node = group === undefined ? tree : find(tree, group);
  if (node === null)
    throw new UsageError(
      `no group of this name (found ${quote(group ?? '')}${didYouMean(nearest(group ?? '', groupsIn(tree)))})`,
    );
  const details = call.values.vars
    ? new Map(selected.entries.map((entry) => [entry.name, varsOf(entry)]))
    : null;
  await printLines(
    call.values.json ? [JSON.stringify(treeObject(node), null, 2)] : drawTree(node, { vars: details }),
  );
  return EXIT.ok;
}

function selectedBy({ values }: InventoryCall): Promise<Selected> {
  return select({ ...fallbacks(RUN), ...values });
}

function warn({ warnings }: Selected): void {
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
}

function censusLines(census: Census): string[] {
  const { devices, leftOut, withoutPlatform, sameAddress } = census;
  const left = leftOut.length === 0 ? '' : ` of ${devices + leftOut.length} (${leftOut.length} left out)`;
  return [
    `devices       ${devices}${left}`,
    ...countLine('platforms', census.platforms),
    ...(withoutPlatform.length === 0
      ? []
      : [`no platform   ${count(withoutPlatform.length, 'device')}: ${foldNames(withoutPlatform)}`]),
    ...countLine('sites', census.sites),
    ...countLine('segments', census.segments),
    ...countLine('groups', census.groups),
    ...sameAddress.map(
      ({ host, port, segment, devices: names }) =>
        `same address  ${host} port ${port} in segment ${segment}: ${foldNames(names)}`,
    ),
    ...leftOutLines(leftOut),
  ];
}

function countLine(title: string, counts: ReadonlyMap<string, number>): string[] {
  const told = Array.from(counts, ([name, number]) => `${name} ${number}`);
  return told.length === 0 ? [] : [`${title.padEnd(14)}${told.join(', ')}`];
}

function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  const names = new Map<string, string[]>();
  for (const { why, name } of leftOut) {
    const known = names.get(why);
    if (known === undefined) names.set(why, [name]);
    else known.push(name);
  }
  return Array.from(
    names,
    ([why, devices]) => `left out      ${count(devices.length, 'device')}, ${why}: ${foldNames(devices)}`,
  );
}

function censusObject(census: Census, warnings: readonly string[]) {
  const { devices, leftOut } = census;
  return {
    named: devices + leftOut.length,
    devices,
    leftOut: leftOut.map(({ name, why, at }) => ({ name, why, ...at })),
    platforms: Object.fromEntries(census.platforms),
    sites: Object.fromEntries(census.sites),
    segments: Object.fromEntries(census.segments),
    groups: Object.fromEntries(census.groups),
    withoutPlatform: census.withoutPlatform,
    sameAddress: census.sameAddress,
    warnings: warnings.map((warning) => warning.replace(/^warning: /, '')),
  };
}

function deviceObject(entry: ReadyEntry) {
  const { name, host, port, platform, username, credential, segment, site, groups, commands } = entry;
  return {
    name,
    host,
    port,
    platform,
    username,
    credential,
    segment,
    site,
    groups,
    commands,
    jump: (entry.jump?.hops ?? []).map(hopText),
    legacy: entry.legacy,
    data: hideSecrets(entry.data),
    at: entry.at,
  };
}

function hideSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideSecrets);
  if (typeof value === 'string') return value.startsWith('$ANSIBLE_VAULT') ? HIDDEN : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET.test(key) && item !== null && typeof item !== 'boolean' ? HIDDEN : hideSecrets(item),
    ]),
  );
}

/** As `ansible-inventory --graph --vars` shows them: `{name = value}`. */
function varsOf(entry: ReadyEntry): string[] {
  const { host, port, platform, username, site, segment } = entry;
  const own = { host, port, platform, username, site, segment };
  const data = hideSecrets(entry.data) as Record<string, unknown>; // an object stays one
  return Object.entries({ ...own, ...data })
    .filter(([, value]) => value !== null && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `{${key} = ${typeof value === 'string' ? value : JSON.stringify(value)}}`);
}

function find(node: Node, group: string): Node | null {
  if (node.group === group) return node;
  for (const child of node.groups) {
    const found = find(child, group);
    if (found !== null) return found;
  }
  return null;
}

function groupsIn(node: Node): string[] {
  return [node.group, ...node.groups.flatMap(groupsIn)];
}

function treeObject({ group, groups, devices }: Node): unknown {
  return { group, groups: groups.map(treeObject), devices };
}

// Where a device's files lie in the repository: pure. Names are encoded as `netsweep run --tree` does it.
import type { Device } from '../../proto/gen/netsweep/v1/model.js';

export const LAYOUTS = ['segment', 'group', 'flat'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** Of a device in no group. */
const NO_GROUP = '_none';

/** How names become names of files. */
export interface Names {
  device(name: string): string;
  command(command: string): string;
}

export function pathOf(device: Device, command: string, layout: Layout, names: Names): string {
  return [...folder(device, layout, names), ownPart(device.name, command, names)].join('/');
}

/** The part of a path that is the same in every layout. */
export function ownPart(device: string, command: string, names: Names): string {
  return `${names.device(device)}/${names.command(command)}.txt`;
}

/** What `ownPart` gave for a file of a backup; null: it is no file of ours. */
export function partsOf(path: string): { device: string; own: string } | null {
  const parts = path.split('/');
  const [device, file] = parts.slice(-2);
  if (parts.length < 2 || parts.length > 3 || device === undefined || !file?.endsWith('.txt')) return null;
  return { device, own: `${device}/${file}` };
}

function folder({ segment, groups }: Device, layout: Layout, names: Names): string[] {
  if (layout === 'flat') return [];
  return [names.device(layout === 'segment' ? segment : (groups[0] ?? NO_GROUP))];
}

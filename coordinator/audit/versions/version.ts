// Software versions, compared as their makers number them. Versions of different trains have no order: which of them
// holds a fix is not told by the numbers, so a comparison says that instead of guessing.
import { readEos } from './eos.js';
import { readIos } from './ios.js';
import { readJunos } from './junos.js';
import { readNxos } from './nxos.js';
import type { ReadVersion, Version } from './parts.js';
import { readPlain } from './plain.js';
import { readXe } from './xe.js';

export interface Family {
  read: ReadVersion;
  /** For messages. */
  example: string;
}

const FAMILIES: readonly [platform: RegExp, family: Family][] = [
  [/^cisco_ios$/, { read: readIos, example: '15.2(7)E8' }],
  [/^cisco_xe$/, { read: readXe, example: '17.09.04a' }],
  [/^cisco_nxos$/, { read: readNxos, example: '10.3(4a)' }],
  [/^arista_eos$/, { read: readEos, example: '4.30.1F' }],
  [/^juniper/, { read: readJunos, example: '21.4R3-S5' }],
];
const PLAIN: Family = { read: readPlain, example: '7.5.2' };

/** How versions of a platform look. */
export function familyOf(platform: string): Family {
  return FAMILIES.find(([pattern]) => pattern.test(platform))?.[1] ?? PLAIN;
}

/** Below 0: `one` is older. Null: they have no order. */
export function compareVersions(one: Version, other: Version): number | null {
  if (one.line !== other.line) return null;
  const length = Math.max(one.parts.length, other.parts.length);
  for (let place = 0; place < length; place++) {
    if (isMixed(one, other, place)) return null;
    const difference = (one.parts[place] ?? 0) - (other.parts[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function isMixed(one: Version, other: Version, place: number): boolean {
  if (place >= one.parts.length || place >= other.parts.length) return false;
  return (one.letters?.includes(place) ?? false) !== (other.letters?.includes(place) ?? false);
}

// Cisco IOS: 15.2(7)E8 is the eighth rebuild of the seventh release of 15.2E. The letters say for which hardware and to
// which end it is made: numbers go on under the same letters (15.1(4)M, 15.2(4)M, 15.3(3)M), and nothing orders
// one set of letters against another.
import { letter, type Version } from './parts.js';

const IOS = /^(\d+)\.(\d+)\((\d+)([a-z]?)\)([A-Z]*)(\d*)([a-z]?)$/;

export function readIos(text: string): Version | null {
  const [whole, major, minor, release, rebuild, letters = '', number, last] = IOS.exec(text) ?? [];
  if (whole === undefined) return null;
  return {
    line: `IOS ${letters}`,
    train: `${major}.${minor}${letters}`,
    parts: [
      ...[Number(major), Number(minor), Number(release), letter(rebuild)],
      ...[Number(number), letter(last)],
    ],
  };
}

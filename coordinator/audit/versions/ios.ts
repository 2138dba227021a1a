// Cisco IOS: 15.2(7)E8 is the eighth rebuild of the seventh release of train 15.2E. A train is its numbers and its
// letters; nothing orders one against another.
import { letter, type Version } from './parts.js';

const IOS = /^(\d+)\.(\d+)\((\d+)([a-z]?)\)([A-Z]*)(\d*)([a-z]?)$/;

export function readIos(text: string): Version | null {
  const [whole, major, minor, release, rebuild, letters = '', number, last] = IOS.exec(text) ?? [];
  if (whole === undefined) return null;
  const train = `${major}.${minor}${letters}`;
  return { line: train, train, parts: [Number(release), letter(rebuild), Number(number), letter(last)] };
}

// Cisco IOS XE: 17.09.04a, 17.9.4a, and before 16 with a train of letters: 03.16.04b.S. The version that IOS XE tells
// beside its own, as 15.2(4)S5, is one of IOS.
import { readIos } from './ios.js';
import { letter, type Version } from './parts.js';

const XE = /^(\d+)\.(\d+)\.(\d+)([a-z]?)\.?((?:S|E|SE|SG|XO|SQ)?)((?:\.\d+)*)$/;

export function readXe(text: string): Version | null {
  const [whole, major, minor, release, rebuild, letters = '', rest = ''] = XE.exec(text) ?? [];
  if (whole === undefined) return readIos(text);
  const more = rest.split('.').slice(1).map(Number);
  return {
    line: `XE ${letters}`,
    train: `${Number(major)}.${Number(minor)}${letters}`,
    parts: [Number(major), Number(minor), Number(release), letter(rebuild), ...more],
  };
}

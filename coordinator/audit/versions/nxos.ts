// Cisco NX-OS: 10.3(4a), 9.3(10), 7.0(3)I7(9). The letter behind 10.2(5)M tells how long it is maintained, and is no
// part of the order; letters in the middle are a train of their own.
import { letter, type Version } from './parts.js';

const NXOS = /^(\d+)\.(\d+)\((\d+)([a-z]?)\)(?:([A-Z]+)(\d+)\((\d+)([a-z]?)\)|\(?[MF]?\)?)$/;

export function readNxos(text: string): Version | null {
  const [whole, major, minor, release, rebuild, letters, number, inner, last] = NXOS.exec(text) ?? [];
  if (whole === undefined) return null;
  const main = [Number(major), Number(minor), Number(release), letter(rebuild)];
  if (letters === undefined) return { line: 'NX-OS', train: `${major}.${minor}`, parts: main };
  const train = `${major}.${minor}(${release}${rebuild})${letters}`;
  return { line: train, train, parts: [...main, Number(number), Number(inner), letter(last)] };
}

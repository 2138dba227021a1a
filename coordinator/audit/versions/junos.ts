// Juniper Junos: 21.4R3-S5, 21.4R3-S5.4, 22.4R2.8-EVO. Releases of a special kind, as 15.1X53-D592, have an order
// among their like alone.
import type { Version } from './parts.js';

const RELEASE = /^(\d+)\.(\d+)R(\d+)(?:\.(\d+))?(?:-S(\d+)(?:\.(\d+))?)?(-EVO)?(?:\.(\d+))?$/;
const SPECIAL = /^(\d+)\.(\d+)X(\d+)-D(\d+)(?:\.(\d+))?$/;

export function readJunos(text: string): Version | null {
  const [whole, year, quarter, release, spin, service, serviceSpin, evolved, last] = RELEASE.exec(text) ?? [];
  if (whole === undefined) return readSpecial(text);
  return {
    line: evolved === undefined ? 'Junos' : 'Junos Evolved',
    train: `${year}.${quarter}`,
    // A service release follows every spin of the release that it serves.
    parts: [
      year,
      quarter,
      release,
      service,
      service === undefined ? (spin ?? last) : (serviceSpin ?? last),
    ].map((part) => Number(part ?? 0)),
  };
}

function readSpecial(text: string): Version | null {
  const [whole, year, quarter, kind, build, spin] = SPECIAL.exec(text) ?? [];
  if (whole === undefined) return null;
  const train = `${year}.${quarter}X${kind}`;
  return { line: train, train, parts: [Number(build), Number(spin ?? 0)] };
}

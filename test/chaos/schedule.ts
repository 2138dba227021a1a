// What a seed decides: which faults come, in which order, at which point of the sweep, on which of what is there,
// and for how long. Pure; the driver carries it out.
import { fraction } from '../../agent/fleet/dice.ts';

export interface Planned<Kind extends string> {
  number: number;
  kind: Kind;
  /** It is due when this share of the devices has been printed. */
  at: number;
  /** Chooses among what it may hit; from 0 up to but not including 1. */
  draw: number;
  /** How long it lasts where that is chosen, from 0 up to but not including 1. */
  length: number;
}

/** Faults begin when something has been printed, and leave the end of the sweep to what they have left undone. */
const FIRST = 0.005;
const LAST = 0.88;

export function schedule<Kind extends string>(
  seed: number,
  counts: Partial<Record<Kind, number>>,
): Planned<Kind>[] {
  const kinds = Object.entries<number | undefined>(counts).flatMap(
    ([kind, count = 0]) => Array.from({ length: count }, () => kind as Kind), // its own keys
  );
  const shuffled = kinds
    .map((kind, n) => ({ kind, draw: fraction(seed, n, 'order') }))
    .sort((one, other) => one.draw - other.draw);
  return shuffled.map(({ kind }, number) => ({
    number,
    kind,
    at: FIRST + ((number + fraction(seed, number, 'at')) / shuffled.length) * (LAST - FIRST),
    draw: fraction(seed, number, 'which'),
    length: fraction(seed, number, 'length'),
  }));
}

/** A length between two, short ones as likely as long ones: as much between 1 and 2 as between 10 and 20. */
export function between(least: number, most: number, share: number): number {
  return least * (most / least) ** share;
}

export function choose<T>(from: readonly T[], share: number): T | undefined {
  return from[Math.floor(share * from.length)];
}

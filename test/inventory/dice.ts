// A small generator of random numbers, so that a seed means the same everywhere.
export type Dice = () => number;

export function dice(seed: number): Dice {
  let state = seed >>> 0 || 1;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(items: readonly T[], random: Dice): T {
  return items[Math.floor(random() * items.length)] as T; // never empty
}

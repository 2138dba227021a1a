// A fleet's chance: every draw depends on the seed, the device and its use alone,
// so a fleet is the same on every run and one draw more changes no other.

/** A whole number from 0 to 2^32 - 1. */
export function dice(seed: number, device: number, use: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < use.length; at++) hash = Math.imul(hash ^ use.charCodeAt(at), 0x01000193);
  return mix(mix(hash) + Math.imul(device, 0x9e3779b1));
}

/** A fraction from 0 up to but not including 1. */
export function fraction(seed: number, device: number, use: string): number {
  return dice(seed, device, use) / 2 ** 32;
}

/** One of the choices. */
export function pick<T>(choices: readonly [T, ...T[]], number: number): T {
  return choices[number % choices.length] ?? choices[0];
}

function mix(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}

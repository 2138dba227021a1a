// How many sessions there are at each place that bears only so many: a site, a bastion. Pure: counts over all agents and
// sweeps. A session that was lost is counted until nobody can be in it any more.

interface Place {
  open: number;
  /** When those that are over are counted no longer, on the monotonic clock; in order. */
  over: number[];
}

export class Caps {
  readonly #places = new Map<string, Place>();

  /** How many are there now. */
  count(name: string, now: number): number {
    const place = this.#places.get(name);
    if (place === undefined) return 0;
    while ((place.over[0] ?? Number.POSITIVE_INFINITY) <= now) place.over.shift();
    const count = place.open + place.over.length;
    if (count === 0) this.#places.delete(name);
    return count;
  }

  take(name: string): void {
    const place = this.#places.get(name) ?? { open: 0, over: [] };
    place.open += 1;
    this.#places.set(name, place);
  }

  /** One that was taken is over; it counts until then. */
  release(name: string, until: number): void {
    const place = this.#places.get(name);
    if (place === undefined || place.open === 0) throw new Error(`nobody is at ${name}`);
    place.open -= 1;
    if (until > (place.over.at(-1) ?? 0)) place.over.push(until);
    else if (until > 0) place.over = [...place.over, until].sort((one, other) => one - other);
    if (place.open + place.over.length === 0) this.#places.delete(name);
  }
}

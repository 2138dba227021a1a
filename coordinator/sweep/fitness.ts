// Which agents can't reach what their siblings reach: without a route, a descriptor or a bastion an agent fails in no
// time, and would eat the line of its segment. Such a one rests, for longer each time; nobody is to blame for a device
// that nobody reaches. Pure: time is passed in.

/** Connects that fail in a row, one of them where a sibling then gets through, before an agent rests. */
const FAILURES_MOST = 3;
/** The first rest, in ms; each further one is twice as long, up to a limit. */
const REST_MS = 10_000;
const REST_MOST_MS = 300_000;

interface Standing {
  /** Since it last reached a device. */
  failures: number;
  outdone: boolean;
  rests: number;
  restsUntil: number;
}

export class Fitness {
  /** By agent instance; those without trouble are not listed. */
  readonly #standings = new Map<string, Standing>();
  /** Called when an agent is sent to rest. */
  onRest: (instance: string, ms: number) => void = () => undefined;

  /** It could not connect, or had too little of something itself. */
  failed(instance: string, now: number): void {
    const standing = this.#of(instance);
    standing.failures += 1;
    this.#judge(instance, standing, now);
  }

  /** It has reached a device, where `failed` (empty: nobody) could not connect before. */
  reached(instance: string, failed: string, now: number): void {
    this.#standings.delete(instance);
    if (failed === '' || failed === instance) return;
    const standing = this.#of(failed);
    standing.outdone = true;
    this.#judge(failed, standing, now);
  }

  /** How long it is to claim nothing, in ms, as long as a sibling may. */
  restMs(instance: string, now: number): number {
    return Math.max(0, (this.#standings.get(instance)?.restsUntil ?? 0) - now);
  }

  /** Only these are there still. */
  retain(instances: ReadonlySet<string>): void {
    for (const instance of this.#standings.keys())
      if (!instances.has(instance)) this.#standings.delete(instance);
  }

  #of(instance: string): Standing {
    const known = this.#standings.get(instance);
    if (known !== undefined) return known;
    const standing = { failures: 0, outdone: false, rests: 0, restsUntil: 0 };
    this.#standings.set(instance, standing);
    return standing;
  }

  #judge(instance: string, standing: Standing, now: number): void {
    if (standing.failures < FAILURES_MOST || !standing.outdone || standing.restsUntil > now) return;
    const ms = Math.min(REST_MOST_MS, REST_MS * 2 ** standing.rests);
    standing.rests += 1;
    standing.restsUntil = now + ms;
    // After its rest the next failure is enough.
    standing.failures = FAILURES_MOST - 1;
    this.onRest(instance, ms);
  }
}

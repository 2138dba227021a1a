// The host's monotonic clock, the same in every process of the host, so that a deadline can be handed from
// agent to worker as an absolute instant.

/** Milliseconds on CLOCK_MONOTONIC. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** How far Unix time is ahead of it, in ms: steady, unless the host sleeps, as the monotonic clock then stands still. */
export function aheadMs(): number {
  return Date.now() - monotonicMs();
}

/** Both moved apart by this much: the host slept, or its time was set; in ms. */
const JUMP_MS = 1_000;

/** Whether the host may have slept between two looks at `aheadMs`. */
export function jumped(aheadThen: number, aheadNow: number): boolean {
  return Math.abs(aheadNow - aheadThen) > JUMP_MS;
}

/** `at`: on the monotonic clock; `ahead`: by how much Unix time was ahead of it. */
export interface Instant {
  at: number;
  ahead: number;
}

export function instant(host: { monotonicMs(): number; wallMs(): number }): Instant {
  const at = host.monotonicMs();
  return { at, ahead: host.wallMs() - at };
}

// The host's monotonic clock, the same in every process of the host, so that a deadline can be handed from
// agent to worker as an absolute instant.

/** Milliseconds on CLOCK_MONOTONIC. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

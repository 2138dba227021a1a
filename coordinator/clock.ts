// The coordinator's monotonic clock. Leases are durations on it; clocks of other hosts are never compared.

/** Milliseconds since some moment in the past; never steps. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

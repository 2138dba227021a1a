// What the machine gives: time and chance. Passed in, so that the whole coordinator also runs on a virtual clock.
// Leases are durations on the monotonic clock; clocks of other hosts are never compared.
import { randomBytes } from 'node:crypto';

export interface Host {
  /** Milliseconds since some moment in the past; never steps. */
  monotonicMs(): number;
  /** Unix time in ms; may step. */
  wallMs(): number;
  /** Calls back once after `ms`; what it returns calls that off. */
  after(ms: number, call: () => void): () => void;
  /** 128 random bits, in hex. */
  id(): string;
  /** From 0 up to 1. */
  random(): number;
}

export const machine: Host = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  id: () => randomBytes(16).toString('hex'),
  random: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};

/** Aborts with `signal`, or after `ms`; `done` lets go of the timer. */
export function within(host: Host, ms: number, signal: AbortSignal): { signal: AbortSignal; done(): void } {
  const over = new AbortController();
  const done = host.after(ms, () => over.abort());
  return { signal: AbortSignal.any([signal, over.signal]), done };
}

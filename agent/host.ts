// What the machine gives the agent: time and chance. Passed in, so that the whole agent also runs on a virtual clock.
import { randomBytes } from 'node:crypto';
import { monotonicMs } from './clock.js';

export interface Host {
  /** Milliseconds on CLOCK_MONOTONIC, the same in every process of the host. */
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
  monotonicMs,
  wallMs: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  id: () => randomBytes(16).toString('hex'),
  random: () => Math.random(),
};

/** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
export function pause(host: Host, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      callOff();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const callOff = host.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A signal that aborts after `ms`. */
export function deadline(host: Host, ms: number): AbortSignal {
  const over = new AbortController();
  host.after(ms, () => over.abort());
  return over.signal;
}

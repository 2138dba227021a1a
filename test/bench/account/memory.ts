// The most memory that processes had, by role, looked at as often as the look costs little.
import { peakMiB, proportionalMiB, residentMiB } from './proc.ts';

const PEAKS_MS = 100;
/** Dear, see `proportionalMiB`: of large processes less often, so that at most a hundredth of a core goes into it. */
const PROPORTIONAL_MS = 500;
const PROPORTIONAL_SHARE = 0.01;
/** Stands for all roles. */
const ALL = 'all';

export interface Memory {
  /** Most processes at one time. */
  processes: number;
  /** Most memory of one process (VmHWM). */
  peakMiB: number;
  /** Most of all its processes at one time, pages that they share counted in each. */
  residentMiB: number;
  /** The same with shared pages counted in shares. */
  proportionalMiB: number;
}

const NOTHING: Memory = { processes: 0, residentMiB: 0, peakMiB: 0, proportionalMiB: 0 };

export class Peaks {
  readonly #roles = new Map<string, Memory>();
  #nextPeaks = 0;
  #nextProportional = 0;

  /** `role` null: all of them together. */
  of(role: string | null): Memory {
    return this.#roles.get(role ?? ALL) ?? NOTHING;
  }

  look(alive: Map<number, string>): void {
    const at = performance.now();
    const [peaks, proportional] = [at >= this.#nextPeaks, at >= this.#nextProportional];
    if (peaks) this.#nextPeaks = at + PEAKS_MS;
    const sums = new Map<string, Memory>();
    for (const [pid, role] of alive) {
      const one = {
        processes: 1,
        residentMiB: residentMiB(pid),
        peakMiB: peaks ? peakMiB(pid) : 0,
        proportionalMiB: proportional ? proportionalMiB(pid) : 0,
      };
      for (const name of [role, ALL]) sums.set(name, together(sums.get(name) ?? NOTHING, one));
    }
    for (const [role, memory] of sums) this.#roles.set(role, most(this.#roles.get(role) ?? NOTHING, memory));
    if (!proportional) return;
    const tookMs = performance.now() - at;
    this.#nextProportional = at + Math.max(PROPORTIONAL_MS, tookMs / PROPORTIONAL_SHARE);
  }
}

function together(a: Memory, b: Memory): Memory {
  return {
    processes: a.processes + b.processes,
    residentMiB: a.residentMiB + b.residentMiB,
    peakMiB: Math.max(a.peakMiB, b.peakMiB),
    proportionalMiB: a.proportionalMiB + b.proportionalMiB,
  };
}

function most(a: Memory, b: Memory): Memory {
  return {
    processes: Math.max(a.processes, b.processes),
    residentMiB: Math.max(a.residentMiB, b.residentMiB),
    peakMiB: Math.max(a.peakMiB, b.peakMiB),
    proportionalMiB: Math.max(a.proportionalMiB, b.proportionalMiB),
  };
}

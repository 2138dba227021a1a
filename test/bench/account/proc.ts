// What /proc tells of a living process. A process that has ended meanwhile gives null.
import { readdirSync, readFileSync } from 'node:fs';

const PAGE_MIB = 4096 / (1 << 20);
/** Of the kernel's clock in /proc/PID/stat; 100 Hz for user space on every Linux that Node runs on. */
const TICK_MS = 10;

/** Its command line, words separated by spaces. */
export function words(pid: number): string | null {
  return read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? null;
}

/** What its living threads have used so far, to the nanosecond. */
export function threadsMs(pid: number): number {
  return threads(pid)
    .map((thread) => Number(read(`/proc/${pid}/task/${thread}/schedstat`)?.split(' ')[0] ?? 0) / 1e6)
    .reduce((sum, ms) => sum + ms, 0);
}

export interface Used {
  /** So far, ended threads too, in steps of 10 ms. */
  ms: number;
  /** Tells it from a later process of the same number. */
  started: string;
  /** Nobody has asked yet how it ended. */
  ended: boolean;
}

export function used(pid: number): Used | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = '0', system = '0'] = fields.slice(11, 13);
  return {
    ms: (Number(user) + Number(system)) * TICK_MS,
    started: fields[19] ?? '',
    ended: fields[0] === 'Z',
  };
}

export function childrenOf(pid: number): number[] {
  return threads(pid).flatMap((thread) =>
    (read(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number),
  );
}

export function residentMiB(pid: number): number {
  return Number(read(`/proc/${pid}/statm`)?.split(' ')[1] ?? 0) * PAGE_MIB;
}

/** The most that it ever had resident. */
export function peakMiB(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) / 1024;
}

/** Resident, what several processes share counted in shares. Dear: the kernel walks all its pages. */
export function proportionalMiB(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0) / 1024;
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}

// What a worker process is started with, and what this machine has for so many of them.
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Targets } from './targets.js';

export interface WorkerSettings {
  program: string;
  /** The agent's own, of which little is handed down. */
  environment: NodeJS.ProcessEnv;
  /** Of the JavaScript heap, in MB. */
  heapMb: number;
  /** Of the whole process, in MB: above it no new session begins there, and it ends once it is idle. */
  fullMb: number;
  /** Of the whole process, in MB: above it it is killed. */
  mostMb: number;
  /** Sessions at once, above which another worker is started, as long as there are fewer than wanted. */
  sessions: number;
  /** Devices, after which it is replaced. */
  devices: number;
  /** How sessions are rehearsed; null: they are real. */
  rehearsal: string | null;
  /** Whom it may connect to. */
  targets: Targets;
}

export const MEGABYTE = 1 << 20;
const PROGRAM = fileURLToPath(new URL('./worker.js', import.meta.url));
/** Descriptors of a worker that are no sessions'. */
const DESCRIPTORS_SPARE = 48;
const FULL_LEAST_MB = 512;
const FULL_MOST_MB = 2_048;
const SESSIONS = 1_000;
const DEVICES = 100_000;

/** Half of the memory is divided between the workers; above its share one is replaced. */
export function usualSettings(workers: number): WorkerSettings {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const share = Math.floor(memory / 2 / workers / MEGABYTE);
  const fullMb = Math.min(FULL_MOST_MB, Math.max(FULL_LEAST_MB, share));
  return {
    program: PROGRAM,
    environment: process.env,
    heapMb: fullMb,
    fullMb,
    mostMb: 2 * fullMb,
    sessions: SESSIONS,
    devices: DEVICES,
    rehearsal: null,
    targets: Targets.any,
  };
}

/** Each session has a descriptor, and a worker inherits the agent's limit. */
export function sessionsMost(): number {
  const [, most] = /^Max open files\s+(\d+)/m.exec(readLimits()) ?? [];
  return most === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Number(most) - DESCRIPTORS_SPARE);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return ''; // no Linux: the system says it when there are no more
  }
}

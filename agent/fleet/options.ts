// Everything that can be asked of a fleet, and what it is when nothing is asked.
import type { FleetEvent } from './events.js';
import { PLAN_DEFAULTS, type PlanOptions } from './plan.js';

export interface FleetOptions extends PlanOptions {
  /** Of the first process; 0: one that is free on every address. */
  port: number;
  user: string;
  password: string;
  enableSecret: string;
  /** `ssh-ed25519 AAAA...`; null: no login by key. */
  authorizedKey: string | null;
  /** From the shell request to the first prompt. */
  promptLatencyMs: number;
  /** From a command that shows something to its output. */
  commandLatencyMs: number;
  /** Spreads both by as much, fixed for each device. */
  jitterPercent: number;
  /** What a slow device adds to both. */
  slowMs: number;
  /** Pause between single bytes; null: only devices with the fault `drip`, at 1 ms. */
  dripMs: number | null;
  configLines: number;
  idleMs: number;
  /** Appended to; null: none. */
  events: string | null;
  /** Told of each event; with one process only. */
  onEvent: ((event: FleetEvent) => void) | null;
  /** 1: this one serves all devices; more: as many forked processes do. */
  processes: number;
}

export const FLEET_DEFAULTS: FleetOptions = {
  ...PLAN_DEFAULTS,
  port: 0,
  user: 'admin',
  password: 'rehearsal',
  enableSecret: 'rehearsal-enable',
  authorizedKey: null,
  promptLatencyMs: 0,
  commandLatencyMs: 0,
  jitterPercent: 0,
  slowMs: 2000,
  dripMs: null,
  configLines: 540,
  idleMs: 600_000,
  events: null,
  onEvent: null,
  processes: 1,
};

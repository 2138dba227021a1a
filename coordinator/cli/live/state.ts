// What the live view knows of a sweep. What has ended is what the reports told that have come so far, by state, segment,
// agent and kind of failure, so that it all adds up; what has not is as the coordinator said last. Each report costs a few
// map entries, whatever the sweep's size.
import { type Kind, type Report, Status } from '../../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../../proto/label.js';

/** How far back a rate looks. */
const WINDOW_MS = 10_000;
/** No sample is taken sooner after the one before. */
const SAMPLE_MS = 500;
const SLOWEST = 5;

/** Devices that have ended, of a segment or by an agent. */
export interface Part {
  name: string;
  /** Devices of the sweep; null where it is not known. */
  selected: number | null;
  ended: number;
  /** Failed, suspect or not tried. */
  notOk: number;
  rate: Rate;
}

export interface FailureKind {
  kind: string;
  count: number;
  /** Of the last one. */
  device: string;
  message: string;
}

/** Devices by state; they add up to those of the sweep. */
export type Standing = Record<'running' | 'waiting', number> & Partial<Record<string, number>>;

export interface Slow {
  device: string;
  durationMs: number;
}

/** Things per second over the last seconds. */
export class Rate {
  readonly #samples: { at: number; count: number }[] = [];

  sample(at: number, count: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < SAMPLE_MS) return;
    this.#samples.push({ at, count });
    while ((this.#samples[1]?.at ?? at) <= at - WINDOW_MS) this.#samples.shift();
  }

  /** Null: too little is known yet. */
  perSecond(): number | null {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < 2 * SAMPLE_MS) return null;
    return ((last.count - first.count) / (last.at - first.at)) * 1000;
  }
}

export class LiveState {
  sweep: Sweep | null = null;
  readonly rate = new Rate();
  #ended = 0;
  readonly #states = new Map<string, number>();
  readonly #segments = new Map<string, Part>();
  readonly #agents = new Map<string, Part>();
  readonly #failures = new Map<Kind, FailureKind>();
  #slowest: Slow[] = [];
  #sampledAt: number | null = null;

  /** `selected`: devices of each segment, where they are known. */
  constructor(selected: ReadonlyMap<string, number> = new Map()) {
    for (const [name, devices] of selected)
      this.#segments.set(name, { name, selected: devices, ended: 0, notOk: 0, rate: new Rate() });
  }

  update(sweep: Sweep): void {
    this.sweep = sweep;
  }

  add({ device, status, failure, agent, durationMs }: Report): void {
    const name = device?.name ?? '';
    const state = label('STATUS', status);
    this.#ended += 1;
    this.#states.set(state, (this.#states.get(state) ?? 0) + 1);
    this.#count(this.#segments, device?.segment ?? '', status);
    if (agent !== '') this.#count(this.#agents, agent, status);
    if (failure !== undefined) {
      const known = this.#failures.get(failure.kind);
      const told = { kind: label('KIND', failure.kind), device: name, message: failure.message };
      this.#failures.set(failure.kind, { ...told, count: (known?.count ?? 0) + 1 });
    }
    if (durationMs <= (this.#slowest[SLOWEST - 1]?.durationMs ?? 0)) return;
    const slowest = [...this.#slowest, { device: name, durationMs }];
    this.#slowest = slowest.sort((a, b) => b.durationMs - a.durationMs).slice(0, SLOWEST);
  }

  /** Taken whenever it is shown. */
  sample(now: number): void {
    this.#sampledAt = now;
    this.rate.sample(now, this.ended);
    for (const part of [...this.#segments.values(), ...this.#agents.values()])
      part.rate.sample(now, part.ended);
  }

  get selected(): number {
    return this.sweep?.counts?.selected ?? 0;
  }

  get ended(): number {
    return this.#ended;
  }

  /** Reports come before or after what the coordinator says of the same devices: whoever has left the line and not ended runs. */
  get standing(): Standing {
    const open = Math.max(0, this.selected - this.#ended);
    const waiting = Math.min(this.sweep?.counts?.waiting ?? 0, open);
    return { ...Object.fromEntries(this.#states), running: open - waiting, waiting };
  }

  /** By name. */
  get segments(): Part[] {
    return sorted(this.#segments);
  }

  get agents(): Part[] {
    return sorted(this.#agents);
  }

  /** The most frequent first. */
  get failures(): FailureKind[] {
    return Array.from(this.#failures.values()).sort((a, b) => b.count - a.count);
  }

  get slowest(): readonly Slow[] {
    return this.#slowest;
  }

  #count(parts: Map<string, Part>, name: string, status: Status): void {
    const part = parts.get(name) ?? { name, selected: null, ended: 0, notOk: 0, rate: this.#beginning() };
    parts.set(name, part);
    part.ended += 1;
    if (status !== Status.OK) part.notOk += 1;
  }

  /** When it was last looked at, nothing had come. */
  #beginning(): Rate {
    const rate = new Rate();
    if (this.#sampledAt !== null) rate.sample(this.#sampledAt, 0);
    return rate;
  }
}

function sorted(parts: ReadonlyMap<string, Part>): Part[] {
  return Array.from(parts.values()).sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

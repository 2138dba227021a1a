// Simulated machines and the processes on them. A machine has clocks of its own: they may run fast or slow, the wall
// clock may step, and both stand still while it is suspended. A process has timers on those clocks and hears from
// others; while it is stopped both pile up, and when it has died both come to nothing.
import type { Host } from '../../coordinator/host.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './timeline.ts';

/** A timer strikes late by up to this, in ms of true time. */
const LATE_MS = 1;

export class Machine {
  readonly processes = new Set<Process>();
  #rate: number;
  #since = 0;
  #monotonic: number;
  #wallOffset: number;

  constructor(
    readonly name: string,
    readonly timeline: Timeline,
    readonly dice: Dice,
    rate: number,
  ) {
    this.#rate = rate;
    this.#monotonic = dice.between(1e3, 1e9);
    // Clocks of two hosts differ; nothing may depend on it.
    this.#wallOffset = 1_780_000_000_000 + dice.between(-3_600_000, 3_600_000);
  }

  monotonicMs(): number {
    return this.#monotonic + (this.timeline.now - this.#since) * this.#rate;
  }

  wallMs(): number {
    return Math.round(this.monotonicMs() + this.#wallOffset);
  }

  /** The wall clock is set, by NTP or a person. */
  stepWall(ms: number): void {
    this.#wallOffset += ms;
  }

  /** True time at which the monotonic clock will show `local`; Infinity while it stands still. */
  trueTimeOf(local: number): number {
    const left = local - this.monotonicMs();
    return this.#rate === 0 ? Number.POSITIVE_INFINITY : this.timeline.now + Math.max(0, left) / this.#rate;
  }

  setRate(rate: number): void {
    this.#monotonic = this.monotonicMs();
    this.#since = this.timeline.now;
    this.#rate = rate;
    for (const process of this.processes) process.rearm();
  }

  get isSuspended(): boolean {
    return this.#rate === 0;
  }

  /** The whole machine stands still, monotonic clock and all; its wall clock is right again when it wakes. */
  suspend(ms: number): void {
    const rate = this.#rate;
    const still = [...this.processes];
    this.setRate(0);
    for (const process of still) process.stop();
    this.timeline.at(this.timeline.now + ms, () => {
      this.stepWall(ms * rate);
      this.setRate(rate);
      for (const process of still) process.go();
    });
  }
}

interface Timer {
  local: number;
  call: () => void;
  callOff: () => void;
}

export class Process {
  readonly host: Host;
  alive = true;
  /** True time since which it has been stopped; null: it runs. */
  stoppedSince: number | null = null;
  /** When it was stopped last, and when it went on. */
  lastStop = Number.NEGATIVE_INFINITY;
  lastGo = Number.NEGATIVE_INFINITY;
  /** Called once when it dies, however. */
  readonly onDeath: (() => void)[] = [];
  readonly onStop: (() => void)[] = [];
  #stops = 0;
  readonly #timers = new Set<Timer>();
  #heard: (() => void)[] = [];
  #struck: (() => void)[] = [];

  constructor(
    readonly name: string,
    readonly machine: Machine,
    private readonly dice: Dice,
  ) {
    machine.processes.add(this);
    this.host = {
      monotonicMs: () => machine.monotonicMs(),
      wallMs: () => machine.wallMs(),
      after: (ms, call) => this.#after(ms, call),
      id: () => dice.id(),
      random: () => dice.next(),
    };
  }

  /** Something from outside has come; it is heard now, or when the process goes on. */
  hear(call: () => void): void {
    if (!this.alive) return;
    if (this.stoppedSince === null) call();
    else this.#heard.push(call);
  }

  /** Stops may lie within one another; it goes on when the last one ends. */
  stop(): void {
    if (!this.alive) return;
    this.#stops += 1;
    if (this.stoppedSince !== null) return;
    this.stoppedSince = this.machine.timeline.now;
    this.lastStop = this.stoppedSince;
    for (const call of this.onStop) call();
  }

  go(): void {
    if (!this.alive || this.stoppedSince === null || --this.#stops > 0) return;
    const { timeline } = this.machine;
    this.stoppedSince = null;
    this.lastGo = timeline.now;
    // What lies in its sockets and what its timers owe: which comes first depends on where it was stopped.
    const first = this.dice.chance(0.5) ? [this.#heard, this.#struck] : [this.#struck, this.#heard];
    this.#heard = [];
    this.#struck = [];
    for (const call of first.flat()) timeline.at(timeline.now, () => this.hear(call));
  }

  /** SIGKILL: nothing it has begun goes on. */
  die(): void {
    if (!this.alive) return;
    this.alive = false;
    this.machine.processes.delete(this);
    for (const timer of this.#timers) timer.callOff();
    this.#timers.clear();
    this.#heard = [];
    this.#struck = [];
    for (const call of this.onDeath.splice(0)) call();
  }

  /** The machine's clock goes at another rate. */
  rearm(): void {
    for (const timer of this.#timers) {
      timer.callOff();
      this.#arm(timer);
    }
  }

  #after(ms: number, call: () => void): () => void {
    const timer: Timer = { local: this.machine.monotonicMs() + ms, call, callOff: () => undefined };
    if (!this.alive) return timer.callOff;
    this.#timers.add(timer);
    this.#arm(timer);
    return () => {
      timer.callOff();
      timer.call = () => undefined;
      this.#timers.delete(timer);
    };
  }

  #arm(timer: Timer): void {
    const at = this.machine.trueTimeOf(timer.local);
    timer.callOff = () => undefined;
    if (at === Number.POSITIVE_INFINITY) return;
    timer.callOff = this.machine.timeline.at(at + this.dice.between(0, LATE_MS), () => {
      this.#timers.delete(timer);
      if (this.stoppedSince === null) timer.call();
      else this.#struck.push(() => timer.call());
    });
  }
}

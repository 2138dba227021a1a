// The one timer of a session. Limits are due times; the timer is armed for the nearest, and a limit that
// moves later leaves it armed: it fires, finds nothing due and is armed again. What is due is looked at after
// the event loop has read its sockets once more, so that a stalled worker never mistakes itself for a quiet
// device.

export type Limit = 'quiet' | 'wake' | 'connect' | 'login' | 'idle' | 'command' | 'leave' | 'device';

/** In the order in which limits that are due together strike. */
const LIMITS: readonly Limit[] = ['quiet', 'wake', 'connect', 'login', 'command', 'idle', 'leave', 'device'];
/** Stand still while the session waits for others than its device. */
const HELD: readonly Limit[] = ['login', 'device'];

export class Watch implements Disposable {
  readonly #strike: (limit: Limit) => void;
  readonly #due: Record<Limit, number> = {
    quiet: Infinity,
    wake: Infinity,
    connect: Infinity,
    login: Infinity,
    idle: Infinity,
    command: Infinity,
    leave: Infinity,
    device: Infinity,
  };
  #timer: NodeJS.Timeout | null = null;
  #armedFor = Infinity;
  #held = 0;
  #heldSince = 0;
  #closed = false;
  #frozenAt: number | null = null;

  constructor(strike: (limit: Limit) => void) {
    this.#strike = strike;
  }

  /** The limit strikes in `ms`, unless set again or cleared before. */
  set(limit: Limit, ms: number): void {
    const due = performance.now() + ms;
    this.#due[limit] = due;
    if (due < this.#armedFor) this.#arm(due);
  }

  clear(limit: Limit): void {
    this.#due[limit] = Infinity;
  }

  /** Whether it is set and has not struck. */
  pending(limit: Limit): boolean {
    return this.#due[limit] < Infinity;
  }

  /** Every limit stands still until `thaw`: the device is not being read. */
  freeze(): void {
    this.#frozenAt ??= performance.now();
  }

  thaw(): void {
    if (this.#frozenAt === null) return;
    const waited = performance.now() - this.#frozenAt;
    this.#frozenAt = null;
    // Those that stand still for another reason too are moved when that one ends.
    for (const limit of LIMITS) if (!this.#isHeld(limit)) this.#due[limit] += waited;
    this.#arm(this.#next());
  }

  /** The login and device limits stand still until `release`. */
  hold(): void {
    if (this.#held++ === 0) this.#heldSince = performance.now();
  }

  release(): void {
    if (--this.#held > 0) return;
    const waited = performance.now() - this.#heldSince;
    for (const limit of HELD) this.#due[limit] += waited;
    const next = this.#next();
    if (next < this.#armedFor) this.#arm(next);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Without a loop over names, which costs V8 a search for each: it is looked at after every silence of a device. */
  #next(): number {
    const { quiet, wake, connect, login, idle, command, leave, device } = this.#due;
    const next = Math.min(quiet, wake, connect, idle, command, leave);
    return this.#held > 0 ? next : Math.min(next, login, device);
  }

  #isHeld(limit: Limit): boolean {
    return this.#held > 0 && HELD.includes(limit);
  }

  #arm(due: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#armedFor = due;
    if (due === Infinity || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        // What came with the last look at the sockets counts, however long others then took.
        const now = performance.now();
        setImmediate(() => this.#check(now));
      },
      Math.max(1, Math.ceil(due - performance.now())),
    );
  }

  #check(now: number): void {
    if (this.#closed) return;
    this.#armedFor = Infinity;
    if (this.#frozenAt !== null) return; // armed again when it thaws
    for (const limit of LIMITS) {
      if (this.#next() > now) break;
      if (this.#due[limit] > now || this.#isHeld(limit)) continue;
      this.#due[limit] = Infinity;
      this.#strike(limit);
      if (this.#closed) return;
    }
    this.#arm(this.#next());
  }
}

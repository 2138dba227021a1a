// Whether the coordinator takes anything new, and if not, why: the disk of its store is full, or will soon be. It
// stops before that, while what is under way still fits: nothing is offered or granted, new sweeps are refused, and
// outputs stay with the agents. Nothing of a pause is written down, and a few moments after there is room again
// everything goes on. Clocks that would turn a pause into lost work stand still; deadlines go on.
import type { Host } from './host.js';
import type { Room, Store } from './store/store.js';
import type { Ledger } from './sweep/ledger.js';

/** How often the disk is looked at, in ms. */
const LOOK_EVERY_MS = 250;
/** What is left free of a large disk, in bytes, and of a smaller one. */
const RESERVE_BYTES = 256e6;
const RESERVE_SHARE = 0.05;
/** How much more must be free before everything goes on, so that it does not stop again at once. */
const AGAIN = 1.25;

export class Pause {
  #now: { reason: string; since: number } | null = null;
  #room: Room | null = null;
  /** How long all earlier pauses took. */
  #pastMs = 0;

  constructor(
    private readonly store: Pick<Store, 'room' | 'full'>,
    private readonly ledger: Ledger,
    private readonly host: Host,
  ) {}

  /** Empty: there is none. */
  get reason(): string {
    return this.#now?.reason ?? '';
  }

  /** Not even little things can be written. */
  get full(): boolean {
    return this.store.full;
  }

  /** As at the last look; null: there was none. */
  get room(): Room | null {
    return this.#room;
  }

  /** A monotonic clock that stands still in pauses. */
  clockMs(): number {
    const now = this.host.monotonicMs();
    return now - this.#pastMs - (this.#now === null ? 0 : now - this.#now.since);
  }

  /** Whether so many bytes more can be written without a pause. */
  hasRoomFor(bytes: number): boolean {
    return this.#room === null || !isShort({ ...this.#room, freeBytes: this.#room.freeBytes - bytes }, 1);
  }

  /** Looks at the disk; resolves with whether there is a pause, where that has changed. */
  async look(): Promise<boolean | null> {
    const room = await this.store.room();
    this.#room = room;
    const short = this.store.full || isShort(room, this.#now === null ? 1 : AGAIN);
    const was = this.#now;
    const now = this.host.monotonicMs();
    if (short) this.#now = { reason: reasonOf(room), since: was?.since ?? now };
    else this.#now = null;
    if (short === (was !== null)) return null;
    if (was !== null) this.#pastMs += now - was.since;
    this.ledger.pause(this.reason, was === null ? 0 : now - was.since);
    return short;
  }

  /** Resolves when `work` has, or when it waits for room that there is not. */
  async unlessFull(work: Promise<void>): Promise<void> {
    let callOff = () => {};
    const full = new Promise<void>((resolve) => {
      const ask = () => {
        if (this.store.full) resolve();
        else callOff = this.host.after(LOOK_EVERY_MS, ask);
      };
      ask();
    });
    await Promise.race([work, full]);
    callOff();
  }

  /** Looks now and then until what it returns is called. */
  watch(changed: (reason: string) => void): () => void {
    let callOff = () => {};
    let ended = false;
    const again = () => {
      if (!ended) callOff = this.host.after(LOOK_EVERY_MS, look);
    };
    const look = () =>
      void this.look().then(
        (change) => {
          if (change !== null) changed(this.reason);
          again();
        },
        again, // a disk that can't be looked at is no full one; the store will say what is wrong with it
      );
    look();
    return () => {
      ended = true;
      callOff();
    };
  }
}

function isShort({ freeBytes, diskBytes, spareBytes, leastBytes }: Room, times: number): boolean {
  const reserve = Math.max(leastBytes, Math.min(RESERVE_BYTES, RESERVE_SHARE * diskBytes));
  return freeBytes < leastBytes * times || freeBytes + spareBytes < reserve * times;
}

function reasonOf({ freeBytes, directory }: Room): string {
  return `store full: ${Math.floor(freeBytes / 1e6)} MB free at ${directory}`;
}

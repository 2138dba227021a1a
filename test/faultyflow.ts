// One direction of a link: what comes from one socket goes into the other, later, slower, damaged or not at all,
// as the way says. The bytes, their end and a reset keep their order, whatever is done to them.
import type { Socket } from 'node:net';
import { fraction } from '../agent/fleet/dice.ts';

/** What a flow takes in ahead of what it may pass on; enough for a delayed link, little for a stopped one. */
const AHEAD_BYTES = 8 * 1024 * 1024;
/** A limited link moves this often, in ms. */
const TICK_MS = 20;

export interface WayCounts {
  bytes: number;
  /** Pieces that came later than they might have: by a delay, by a limit; and those that a stop has held. */
  delayed: number;
  limited: number;
  held: number;
  /** Bytes changed. */
  corrupted: number;
}

/** What is wrong with one direction of a link, for all its connections. */
export class FaultyWay {
  readonly counts: WayCounts = { bytes: 0, delayed: 0, limited: 0, held: 0, corrupted: 0 };
  #stopped = false;
  #delayMs = 0;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #freeAt = 0;
  #damages = 0;
  #drawn = 0;
  #waiting: (() => void)[] = [];

  constructor(
    private readonly seed: number,
    private readonly name: string,
  ) {}

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Everything arrives this much later, in ms. */
  delay(ms: number): void {
    this.#change(() => {
      this.#delayMs = ms;
    });
  }

  /** Nothing passes, no end of a connection either; nobody is told. */
  stop(): void {
    this.#change(() => {
      this.#stopped = true;
    });
  }

  /** All connections together pass no more than this. */
  limit(bytesPerSecond: number): void {
    this.#change(() => {
      this.#bytesPerSecond = bytesPerSecond;
      this.#freeAt = 0;
    });
  }

  /** Changes one byte of the next piece that passes, at a place that the seed gives; adds up. */
  corrupt(): void {
    this.#damages += 1;
  }

  heal(): void {
    this.#damages = 0;
    this.#change(() => {
      this.#stopped = false;
      this.#delayMs = 0;
      this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    });
  }

  /** Resolves with how many of these bytes, which came at `since`, may pass now. */
  async allows(bytes: number, since: number): Promise<number> {
    let [held, delayed, limited] = [false, false, false];
    for (;;) {
      const now = performance.now();
      const wait = Math.max(since + this.#delayMs, this.#freeAt) - now;
      if (this.#stopped) {
        if (!held) this.counts.held += 1;
        held = true;
        await this.#changed(null);
      } else if (wait > 0) {
        if (!delayed && since + this.#delayMs > now) this.counts.delayed += 1;
        if (!limited && this.#freeAt > now) this.counts.limited += 1;
        [delayed, limited] = [delayed || since + this.#delayMs > now, limited || this.#freeAt > now];
        await this.#changed(wait);
      } else return this.#take(bytes, now);
    }
  }

  /** The bytes as they leave. */
  passed(data: Buffer): Buffer {
    this.counts.bytes += data.length;
    if (this.#damages === 0 || data.length === 0) return data;
    this.#damages -= 1;
    this.counts.corrupted += 1;
    const damaged = Buffer.from(data);
    const at = Math.floor(fraction(this.seed, ++this.#drawn, `${this.name} corrupt`) * data.length);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    return damaged;
  }

  #take(bytes: number, now: number): number {
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) return bytes;
    const most = Math.max(1, Math.floor((this.#bytesPerSecond * TICK_MS) / 1_000));
    const taken = Math.min(bytes, most);
    this.#freeAt = now + (taken / this.#bytesPerSecond) * 1_000;
    return taken;
  }

  #change(make: () => void): void {
    make();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when something was changed, or after `ms`. */
  #changed(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? null : setTimeout(resolve, Math.ceil(ms));
      this.#waiting.push(() => {
        if (timer !== null) clearTimeout(timer);
        resolve();
      });
    });
  }
}

/** `end`: no more bytes; `reset`: the socket broke. */
type Piece = { data: Buffer | 'end' | 'reset'; since: number };

export class FaultyFlow {
  readonly #pieces: Piece[] = [];
  #bytes = 0;
  #moving = false;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly way: FaultyWay,
  ) {
    from.on('data', (data) => this.#add(data));
    from.on('end', () => this.#add('end'));
    from.on('error', () => this.#add('reset'));
  }

  #add(data: Piece['data']): void {
    this.#pieces.push({ data, since: performance.now() });
    this.#bytes += data.length;
    if (this.way.stopped || this.#bytes > AHEAD_BYTES) this.from.pause();
    if (!this.#moving) void this.#move();
  }

  async #move(): Promise<void> {
    this.#moving = true;
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      const { data, since } = piece;
      if (typeof data === 'string') {
        await this.way.allows(0, since);
        if (data === 'end') this.to.end();
        else if (!this.to.destroyed) this.to.resetAndDestroy();
        this.#pieces.shift();
        continue;
      }
      const taken = await this.way.allows(data.length, since);
      this.#bytes -= taken;
      if (taken < data.length) piece.data = data.subarray(taken);
      else this.#pieces.shift();
      await this.#write(this.way.passed(data.subarray(0, taken)));
      if (this.#bytes < AHEAD_BYTES) this.from.resume();
    }
    this.#moving = false;
  }

  /** Resolves when the socket takes more, or is gone. */
  #write(data: Buffer): Promise<void> {
    const { to } = this;
    if (to.destroyed || to.write(data)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        to.off('drain', done).off('close', done);
        resolve();
      };
      to.on('drain', done).on('close', done);
    });
  }
}

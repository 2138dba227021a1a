// The simulated network: paths between machines that can be cut in one direction or both, and connections over them.
// As with TCP, order is kept, a cut loses nothing that gets through in the end, and each side notices on its own that
// the other has gone: at once by a reset, after 5 to 15 s by keepalives that nobody answers.
import type { Dice } from './dice.ts';
import type { Process } from './machine.ts';
import type { Timeline } from './timeline.ts';

/** Keepalives are sent after 10 s of silence and given up after 5 s. */
const KEEPALIVE_MS = [5_000, 15_000] as const;
/** How long a cut path's first retransmission may take after it is whole again, in ms. */
const RETRANSMIT_MS = 1_000;

/** One direction between two machines. */
class Path {
  /** True time since which it has been cut; null: whole. */
  cutSince: number | null = null;
  /** When it was whole again last. */
  healedAt = 0;
  /** Cuts may overlap. */
  cuts = 0;
  readonly ends = new Set<End>();
  /** What has come as far as the cut. */
  held: { end: End; call: () => void }[] = [];
}

export class Network {
  readonly #paths = new Map<string, Path>();

  constructor(
    readonly timeline: Timeline,
    readonly dice: Dice,
  ) {}

  isCut(from: string, to: string): boolean {
    return this.path(from, to).cutSince !== null;
  }

  path(from: string, to: string): Path {
    const name = `${from}>${to}`;
    const known = this.#paths.get(name);
    if (known !== undefined) return known;
    const path = new Path();
    this.#paths.set(name, path);
    return path;
  }

  cut(from: string, to: string): void {
    const path = this.path(from, to);
    if (path.cuts++ > 0) return;
    path.cutSince = this.timeline.now;
    for (const end of path.ends) {
      end.doubt(() => path.cutSince !== null);
      end.peer.doubt(() => path.cutSince !== null);
    }
  }

  heal(from: string, to: string): void {
    const path = this.path(from, to);
    if (--path.cuts > 0) return;
    path.cutSince = null;
    path.healedAt = this.timeline.now;
    for (const { end, call } of path.held.splice(0)) end.retransmit(call);
  }

  /** Breaks every connection between two machines; false: there is none. */
  reset(one: string, other: string): boolean {
    const ends = [...this.path(one, other).ends];
    for (const end of ends) end.process.hear(() => end.reset());
    return ends.length > 0;
  }

  latencyMs(): number {
    // Mostly a local network, now and then a queue on the way.
    return this.dice.chance(0.03) ? this.dice.between(20, 400) : this.dice.between(0.2, 5);
  }

  /** Two ends of a connection that is up; `connect` below makes one over a path that may be cut. */
  connection(one: Process, other: Process): [End, End] {
    const [near, far] = [new End(this, one, other), new End(this, other, one)];
    near.peer = far;
    far.peer = near;
    for (const end of [near, far]) end.open();
    return [near, far];
  }

  /** Resolves into `connected` or `failed`, in the process of `from`, as TCP and the other side's kernel have it. */
  connect(from: Process, to: () => Process | null, connected: (near: End) => void, failed: () => void): void {
    const { timeline } = this;
    const began = timeline.now;
    const attempt = () => {
      if (!from.alive) return;
      const target = to();
      const name = target?.machine.name ?? '';
      if (target !== null && (this.isCut(from.machine.name, name) || this.isCut(name, from.machine.name))) {
        if (timeline.now - began > 20_000) from.hear(failed);
        else timeline.at(timeline.now + 1_000, attempt);
        return;
      }
      timeline.at(timeline.now + this.latencyMs(), () => {
        const server = to();
        if (server === null || !server.alive) return from.hear(failed);
        if (!from.alive) return;
        const [near] = this.connection(from, server);
        from.hear(() => (near.isBroken ? failed() : connected(near)));
      });
    };
    attempt();
  }
}

/** One process's end of a connection. */
export class End {
  /** Set by the connection. */
  peer: End = this;
  isBroken = false;
  /** Called once, in this end's process, when it has noticed that the connection is over. */
  onBroken: (() => void)[] = [];
  #last = 0;
  #forget: (() => void) | null = null;

  constructor(
    private readonly network: Network,
    readonly process: Process,
    private readonly other: Process,
  ) {}

  get #path(): Path {
    return this.network.path(this.process.machine.name, this.other.machine.name);
  }

  /** True while what is sent gets no further than our own kernel. */
  get isStuck(): boolean {
    return this.#path.cutSince !== null;
  }

  open(): void {
    this.#path.ends.add(this);
    const died = () => this.reset();
    const stopped = () => this.peer.doubt(() => this.process.stoppedSince !== null);
    this.process.onDeath.push(died);
    this.process.onStop.push(stopped);
    if (this.process.stoppedSince !== null) stopped();
    this.#forget = () => {
      this.#path.ends.delete(this);
      remove(this.process.onDeath, died);
      remove(this.process.onStop, stopped);
    };
  }

  /** `call` happens in the other process, in the order in which things were sent. */
  send(call: () => void): void {
    if (!this.isBroken) this.#carry(() => this.peer.hear(call));
  }

  /** This side gives the connection up; the other side hears of it when it can. */
  reset(): void {
    if (this.isBroken) return;
    this.#carry(() => this.peer.hear(() => this.peer.broke()));
    this.broke();
  }

  /** This side knows that it is over. */
  broke(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.#forget?.();
    const calls = this.onBroken.splice(0);
    if (this.process.alive) for (const call of calls) call();
  }

  /** Keepalives go unanswered for as long as `isGone`. */
  doubt(isGone: () => boolean): void {
    if (this.isBroken) return;
    const { timeline, dice } = this.network;
    const givenUpAt = timeline.now + dice.between(...KEEPALIVE_MS);
    const look = () => {
      if (this.isBroken || !isGone()) return;
      if (timeline.now >= givenUpAt) this.process.hear(() => this.reset());
      else timeline.at(Math.min(givenUpAt, timeline.now + 500), look);
    };
    timeline.at(timeline.now + 500, look);
  }

  /** What was held up goes on its way; the connection's first retransmission may take its time. */
  retransmit(call: () => void): void {
    const { timeline, dice } = this.network;
    const first = this.#last < timeline.now ? timeline.now + dice.between(0, RETRANSMIT_MS) : 0;
    this.#last = Math.max(this.#last, first);
    timeline.at(this.#last, () => this.#arrive(call));
  }

  hear(call: () => void): void {
    if (this.isBroken) return;
    this.process.hear(() => {
      if (!this.isBroken) call();
    });
  }

  #carry(call: () => void): void {
    const { timeline } = this.network;
    this.#last = Math.max(this.#last, timeline.now + this.network.latencyMs());
    timeline.at(this.#last, () => this.#arrive(call));
  }

  #arrive(call: () => void): void {
    if (this.#path.cutSince !== null) this.#path.held.push({ end: this, call });
    else call();
  }
}

function remove<T>(list: T[], one: T): void {
  const at = list.indexOf(one);
  if (at >= 0) list.splice(at, 1);
}

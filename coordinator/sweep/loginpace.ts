// When each login of a domain may leave: its sweeps share one rate, in turns, and a sweep that asks for less has less.
// A domain's rate is the highest that one of its sweeps asks for. Pure: time is passed in. It also says how many devices
// may be on their way: nobody is to be connected much earlier than leave for its login can come.
import { Counts } from '../../proto/operation/metric.js';
import { Slots } from './slots.js';

/** Leave is given so much before the login may leave, in ms: the answer is on disk and with the agent by then. */
export const AHEAD_MS = 300;
/** So much of the pace may be on the way to its login, in ms. */
export const LEAD_MS = 1_500;
/** Who has not asked for so long after it was handed out may be dead, and keeps nobody else back, in ms. */
export const SLOW_MS = 1_000;

/** What is paced together. */
export interface Paced {
  domain: string;
  sweep: string;
  /** Logins per second that the sweep asks for. */
  rate: number;
}

/** `at`: when the login may leave. */
export type Leave = (at: number) => void;

class Share {
  /** Devices that have been handed out and have not asked, since when; the first one first. */
  readonly #coming = new Map<number, number>();
  /** Devices that have asked and have no leave. */
  readonly #asked = new Set<number>();
  /** Those whose turn it could be. */
  readonly waiting = new Map<number, Leave>();
  readonly slots: Slots;
  /** When it had its turn last, in turns of the domain. */
  turn = 0;

  constructor(rate: number) {
    this.slots = new Slots(rate);
  }

  /** Devices on the way to their logins. */
  onTheWay(now: number): number {
    for (const [index, since] of this.#coming) {
      if (since + SLOW_MS > now) break;
      this.#coming.delete(index);
    }
    return this.#coming.size + this.#asked.size;
  }

  handOut(index: number, now: number): void {
    this.#coming.set(index, now);
  }

  asks(index: number): void {
    this.#coming.delete(index);
    this.#asked.add(index);
  }

  left(index: number): void {
    this.#coming.delete(index);
    this.#asked.delete(index);
    this.waiting.delete(index);
  }

  next(): [number, Leave] | null {
    const [first] = this.waiting;
    return first ?? null;
  }
}

class Domain {
  readonly shares = new Map<string, Share>();
  readonly slots = new Slots(0);
  #turns = 0;

  share({ sweep, rate }: Paced): Share {
    const known = this.shares.get(sweep);
    if (known !== undefined) return known;
    const share = new Share(rate);
    share.turn = this.#turns; // whoever comes does not stand behind what others have had before
    this.shares.set(sweep, share);
    this.slots.rate = Math.max(...[...this.shares.values()].map(({ slots }) => slots.rate));
    return share;
  }

  drop(sweep: string): void {
    this.shares.delete(sweep);
    const rates = [...this.shares.values()].map(({ slots }) => slots.rate);
    if (rates.length > 0) this.slots.rate = Math.max(...rates);
  }

  onTheWay(now: number): number {
    let sum = 0;
    for (const share of this.shares.values()) sum += share.onTheWay(now);
    return sum;
  }

  /** Whose turn it is, and when its login may leave; null: nobody waits. */
  nextTurn(now: number): { share: Share; at: number } | null {
    const from = this.slots.next(now);
    let best: { share: Share; at: number } | null = null;
    for (const share of this.shares.values()) {
      if (share.waiting.size === 0) continue;
      const at = share.slots.next(from);
      if (best === null || at < best.at || (at === best.at && share.turn < best.share.turn))
        best = { share, at };
    }
    return best;
  }

  /** Connected devices that have asked and have no leave. */
  get waiting(): number {
    let sum = 0;
    for (const share of this.shares.values()) sum += share.waiting.size;
    return sum;
  }

  give(share: Share, at: number): void {
    const next = share.next();
    if (next === null) return;
    const [index, leave] = next;
    this.slots.take(at);
    share.slots.take(at);
    share.turn = ++this.#turns;
    share.left(index);
    leave(at);
  }
}

export class LoginPace {
  readonly #domains = new Map<string, Domain>();
  /** Logins that had their moment, by domain. */
  readonly given = new Counts();
  /** No login leaves before this: what was under way before the start is unknown. */
  #closedUntil = Number.NEGATIVE_INFINITY;

  /** How many more devices may be handed out now. */
  room(paced: Paced, now: number): number {
    const domain = this.#domain(paced);
    const share = domain.share(paced);
    const own = leadOf(share.slots.rate) - share.onTheWay(now);
    return Math.max(0, Math.min(own, leadOf(domain.slots.rate) - domain.onTheWay(now)));
  }

  /** Whether so many that go together may be handed out; more than ever have room may where nobody else is. */
  hasRoom(paced: Paced, devices: number, now: number): boolean {
    const room = this.room(paced, now);
    return room >= Math.min(devices, leadOf(paced.rate));
  }

  handOut(paced: Paced, index: number, now: number): void {
    this.#domain(paced).share(paced).handOut(index, now);
  }

  /** It is connected, and wants to log in: it counts until it has leave, however long that takes. */
  asks(paced: Paced, index: number): void {
    this.#domain(paced).share(paced).asks(index);
  }

  /** Nothing stands in its way but the pace. Asked again by the same device, the answer goes where it asked last. */
  ask(paced: Paced, index: number, leave: Leave): void {
    const share = this.#domain(paced).share(paced);
    share.asks(index);
    share.waiting.set(index, leave);
  }

  /** A login that was to leave at this moment has left later. */
  late({ domain, sweep }: Paced, at: number, byMs: number): void {
    const known = this.#domains.get(domain);
    known?.slots.late(at, byMs);
    known?.shares.get(sweep)?.slots.late(at, byMs);
  }

  /** It is over with this device, whatever it was waiting for. */
  left({ domain, sweep }: Pick<Paced, 'domain' | 'sweep'>, index: number): void {
    this.#domains.get(domain)?.shares.get(sweep)?.left(index);
  }

  /** Gives leave to whoever is next. Returns when to come again; Infinity: when somebody has asked. */
  pass(now: number): number {
    let again = Number.POSITIVE_INFINITY;
    for (const [name, domain] of this.#domains) {
      const from = Math.max(now, this.#closedUntil);
      for (let next = domain.nextTurn(from); next !== null; next = domain.nextTurn(from)) {
        if (next.at > now + AHEAD_MS) {
          again = Math.min(again, next.at - AHEAD_MS / 2);
          break;
        }
        domain.give(next.share, next.at);
        this.given.add(name);
      }
    }
    return again;
  }

  /** Logins that wait for their moment, by domain. */
  *waiting(): IterableIterator<[domain: string, logins: number]> {
    for (const [name, { waiting }] of this.#domains) yield [name, waiting];
  }

  close(until: number): void {
    this.#closedUntil = until;
  }

  /** Other sweeps have ended. What has left keeps its say while it has one. */
  retain(sweeps: { has(sweep: string): boolean }, now: number): void {
    for (const [name, domain] of this.#domains) {
      for (const sweep of domain.shares.keys()) if (!sweeps.has(sweep)) domain.drop(sweep);
      if (domain.shares.size === 0 && domain.slots.isIdle(now)) this.#domains.delete(name);
    }
  }

  #domain({ domain: name }: Paced): Domain {
    const known = this.#domains.get(name);
    if (known !== undefined) return known;
    const domain = new Domain();
    this.#domains.set(name, domain);
    return domain;
  }
}

/** Devices that a pace may have on the way to their logins. */
function leadOf(rate: number): number {
  return Math.max(1, Math.round((rate * LEAD_MS) / 1_000));
}

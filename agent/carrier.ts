// The leases an agent holds, and how one is carried out: claim, run every device, deliver every result, then
// acknowledge. The agent and its workers know each lease's end as an instant counted from when the last answered
// renewal was sent; past half the term nothing new begins, past 0.7 of it every socket is destroyed.
import { setMaxListeners } from 'node:events';
import { failpoint } from '../proto/failpoint.js';
import { type Grant, type Lease, Verdict, type Work } from '../proto/gen/netsweep/v1/agent.js';
import type { Credential, Device } from '../proto/gen/netsweep/v1/model.js';
import { LEASE_TERM_MS, RENEW_EVERY_MS, START_SHARE, STOP_SHARE } from '../proto/subjects.js';
import type { AgentLog } from './agentlog.js';
import { Claims } from './claims.js';
import { type Instant, instant, jumped } from './clock.js';
import { wipeCredential } from './credentials.js';
import { type Host, pause } from './host.js';
import type { LeaseClock } from './ipc.js';
import type { Offer } from './lease.js';
import { Counted } from './operation/counted.js';
import { Places } from './places.js';
import { handedBack, type JobEnd, type Pool } from './pool.js';
import { jobPorts } from './ports.js';
import type { Opened, Secrets } from './secrets.js';
import { inTurn, sessionTask } from './task.js';
import { type Trust, Unsigned } from './trust.js';
import type { Uplink } from './uplink.js';

/** How long a device stays here that the machine's own trouble kept from it, so that it is not tried at every turn. */
const LOCAL_PAUSE_MS = 1_000;
/** When an offer may come back that was granted as nobody has signed it, in ms: its lease has ended by then. */
const REFUSED_LATER_MS = LEASE_TERM_MS;

interface Held {
  lease: Lease;
  clock: LeaseClock;
  offer: Offer;
  termMs: number;
  /** Of credentials that we resolve ourselves: why one can't be used; null: it can. */
  opened: Opened;
  /** Its devices begin within so many ms. */
  spreadMs: number;
  /** Devices that sessions are open to. */
  inSession: Set<number>;
  /** Aborted when the lease is lost, the sweep cancelled or the agent drains: nothing new begins. */
  over: AbortController;
}

export class Carrier {
  readonly #held = new Map<string, Held>();
  /** Cancelled sweeps and until when, so that an offer still under way is not begun. */
  readonly #cancelled = new Map<string, number>();
  readonly #places: Places;
  readonly #claims: Claims;
  /** Grants that were not signed for what their offers hold. */
  #refused = 0;
  #draining = false;
  /** A person wants it to take nothing new. */
  #drained = false;

  constructor(
    private readonly instance: string,
    forks: number,
    private readonly pool: Pick<Pool, 'run' | 'renewed' | 'abandon'>,
    private readonly uplink: Uplink,
    private readonly host: Host,
    private readonly leave: { trust: Trust; secrets: Secrets },
    private readonly log: Pick<AgentLog, 'warn' | 'debug'>,
    private readonly counted = new Counted(),
  ) {
    this.#claims = new Claims(instance, uplink, host, log, counted);
    this.#places = new Places(forks, host, (what) => log.warn(what));
  }

  get refused(): number {
    return this.#refused;
  }

  get freeSlots(): number {
    return this.#places.freeSlots;
  }

  /** For whoever watches over it. */
  get load(): { leases: number; most: number } {
    return { leases: this.#held.size, most: this.#places.most };
  }

  /** Resolves when another shard may be taken, or `signal` aborts: there are slots that nothing taken waits for. */
  async room(signal: AbortSignal): Promise<void> {
    await this.#places.spare(signal, () => this.#drained);
    for (let ms = this.#claims.restMs; ms > 0 && !signal.aborted; ms = this.#claims.restMs)
      await pause(this.host, ms, signal);
    await this.uplink.room(signal);
  }

  /** Claims an offer and carries it out. Never rejects. */
  async carry(offer: Offer): Promise<void> {
    // A store that was put back to an older copy may know nothing of it any more, and go on with the sweep.
    const cancelledMs = this.#cancelledMs(offer.shard.sweep);
    if (cancelledMs > 0) return offer.later(cancelledMs);
    const offered = offer.shard.devices.length;
    this.#places.expect(offered);
    const claimed = await this.#claims.claim(offer, () => this.#draining);
    this.#places.expect(-offered);
    this.#places.wake();
    if (claimed === null) return;
    const { grant, sent, claimId } = claimed;
    const { sweep, shard } = offer.shard;
    const lot = this.leave.trust.lotOf(grant, offer, claimId);
    if (lot instanceof Unsigned) return this.#refuse(offer, grant, lot);
    const lease: Lease = { sweep, shard, epoch: grant.epoch };
    const opened = this.leave.secrets.open(grant.credentials);
    const held: Held = {
      lease,
      offer,
      termMs: grant.termMs,
      spreadMs: grant.spreadMs,
      clock: leaseClock(sent, grant.termMs),
      opened,
      inSession: new Set(),
      over: new AbortController(),
    };
    setMaxListeners(0, held.over.signal); // every device that waits for a slot listens
    this.#held.set(grant.epoch, held);
    this.log.debug?.(`a lease of ${grant.work.length} devices`, { sweep, shard });
    if (this.#cancelledMs(sweep) > 0) this.#letGo(held);
    if (this.#draining || this.#drained) held.over.abort('draining');
    const credentials = new Map(grant.credentials.map((credential) => [credential.id, credential]));
    const { devices } = lot;
    this.#places.expect(lot.work.length);
    const lines = inTurn(lot.work, devices);
    const verdicts = await Promise.all(lines.map((line) => this.#runLine(held, line, devices, credentials)));
    this.#held.delete(grant.epoch);
    this.log.debug?.('a lease has ended', { sweep, shard });
    await Promise.all(opened.values()); // what comes later would not be wiped
    grant.credentials.forEach(wipeCredential);
    const settled = isSettled(verdicts.flat());
    // Under an old epoch the message may be somebody else's by now: it is left alone.
    failpoint('agent.acknowledged');
    if (settled) await offer.done();
    failpoint('agent.done');
  }

  /** Nothing of it is carried out; what the coordinator believes to be ours is handed back, after a while. */
  async #refuse(offer: Offer, { epoch, credentials }: Grant, { message, indexes }: Unsigned): Promise<void> {
    credentials.forEach(wipeCredential);
    this.#refused += 1;
    const { sweep, shard } = offer.shard;
    this.log.warn(`nothing of a lease is carried out: ${message} (${this.#refused} refused so far)`, {
      sweep,
      shard,
    });
    await pause(this.host, LOCAL_PAUSE_MS);
    const end = handedBack(message, { touched: false, local: true, unsigned: true });
    const verdicts = await Promise.all(
      indexes.map((index) => this.uplink.deliver({ sweep, shard, epoch, index, end }, [])),
    );
    if (isSettled(verdicts)) await offer.done();
    else offer.later(REFUSED_LATER_MS);
  }

  /** Renews every lease until `signal` aborts. */
  async renewLoop(signal: AbortSignal): Promise<void> {
    let { ahead } = instant(this.host);
    while (!signal.aborted) {
      const before = ahead;
      ahead = instant(this.host).ahead;
      if (jumped(before, ahead)) {
        this.log.warn('the clock has jumped: every lease is given up');
        this.counted.clockJumps.add('');
        for (const held of this.#held.values()) this.#lose(held);
      }
      // A renewal that is slow to come back must not delay the next.
      void this.#renew();
      this.#places.wake(); // there may be more room by now
      await pause(this.host, RENEW_EVERY_MS, signal);
    }
  }

  /** Cancel is state: told on the stream and again in every renewal's answer. */
  cancel(sweep: string): void {
    this.#cancelled.set(sweep, this.host.monotonicMs() + LEASE_TERM_MS);
    for (const held of this.#held.values()) if (held.lease.sweep === sweep) this.#letGo(held);
  }

  /** Takes nothing new from now on, or work again; what has not begun goes back, open sessions run on. */
  rest(drained: boolean): void {
    this.#drained = drained;
    if (drained) for (const held of this.#held.values()) held.over.abort('draining');
    this.#places.wake();
  }

  get isDrained(): boolean {
    return this.#drained;
  }

  /** Another coordinator answers: what we hold is worth nothing there. */
  abandonAll(): void {
    for (const held of this.#held.values()) this.#letGo(held);
  }

  /** The coordinator may have been started afresh: it is told again whom we are in session with. */
  welcomed(): void {
    for (const { lease, inSession } of this.#held.values()) this.uplink.inSession(lease, [...inSession]);
  }

  /** Begins nothing new in any lease; open sessions run on. */
  drain(): void {
    this.#draining = true;
    for (const held of this.#held.values()) held.over.abort('draining');
  }

  /** Resolves when no lease is held or asked for, or `signal` aborts. */
  async idle(signal: AbortSignal): Promise<void> {
    while (this.#held.size + this.#claims.open > 0 && !signal.aborted) await pause(this.host, 20, signal);
  }

  /** Devices that share an endpoint, one after the other. */
  async #runLine(
    held: Held,
    line: Work[],
    devices: Map<number, Device>,
    credentials: Map<string, Credential>,
  ): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const work of line) {
      const device = devices.get(work.index);
      if (device !== undefined) verdicts.push(await this.#runDevice(held, work, device, credentials));
      else {
        this.#places.expect(-1);
        // An old message under a number that is used again: left unanswered, the device would wait for the lapse.
        const end = handedBack('its offer does not name it', { touched: false });
        verdicts.push(await this.uplink.deliver({ ...held.lease, index: work.index, end }, []));
      }
    }
    return verdicts;
  }

  async #runDevice(
    held: Held,
    work: Work,
    device: Device,
    credentials: Map<string, Credential>,
  ): Promise<Verdict> {
    await this.#places.take(held.over.signal);
    const delivery = await this.uplink.reserve(held.over.signal);
    const begins = !held.over.signal.aborted;
    if (begins) {
      held.inSession.add(work.index);
      this.uplink.inSession(held.lease, [work.index]);
    }
    const refusal = begins ? await refusalOf(work, held.opened) : null;
    const end = !begins
      ? handedBack(String(held.over.signal.reason), { touched: false })
      : refusal !== null
        ? refusal
        : await this.pool.run(
            held.lease.epoch,
            held.clock,
            sessionTask(held.offer.shard, device, work, credentials, this.host.random() * held.spreadMs),
            jobPorts(this.uplink, held.lease, work, delivery, (reason) => this.#places.lacked(reason)),
          );
    held.inSession.delete(work.index);
    this.#places.free();
    if (end.$case === 'handedBack' && end.value.local)
      await pause(this.host, LOCAL_PAUSE_MS, held.over.signal);
    return delivery.end({ ...held.lease, index: work.index, end }, work.known);
  }

  async #renew(): Promise<void> {
    const sent = instant(this.host);
    for (const held of this.#held.values())
      if (held.clock.stopAt <= sent.at || jumped(held.clock.ahead, sent.ahead)) this.#lose(held);
    const held = [...this.#held.values()];
    if (held.length === 0 || !this.uplink.connected) return;
    try {
      const leases = held.map(({ lease }) => lease);
      const reply = await this.uplink.renew({ instance: this.instance, leases });
      const lost = new Set(reply.lost.map(({ epoch }) => epoch));
      for (const one of held) {
        const isLost = lost.has(one.lease.epoch);
        // One that has ended meanwhile is not held any more, here and there.
        if (this.#held.has(one.lease.epoch)) this.counted.renewals.add(isLost ? 'refused' : 'renewed');
        if (isLost) this.#lose(one);
        else this.#renewed(one, sent);
      }
      for (const sweep of reply.cancelled) this.cancel(sweep);
    } catch (error) {
      this.counted.renewals.add('failed', held.length);
      this.log.warn(`renewal: ${error instanceof Error ? error.message : error}`);
    }
  }

  #renewed(held: Held, sent: Instant): void {
    held.offer.working();
    const marginMs = held.clock.stopAt - this.host.monotonicMs();
    this.counted.renewalMargins.observe(Math.max(0, marginMs) / 1_000);
    held.clock = leaseClock(sent, held.termMs);
    this.pool.renewed(held.lease.epoch, held.clock);
  }

  /** How much longer it is remembered that a sweep was cancelled, in ms. */
  #cancelledMs(sweep: string): number {
    const now = this.host.monotonicMs();
    for (const [known, until] of this.#cancelled) if (until <= now) this.#cancelled.delete(known);
    return (this.#cancelled.get(sweep) ?? now) - now;
  }

  /** Its time is over, or cannot be told. */
  #lose(held: Held): void {
    if (!held.over.signal.aborted && this.#held.has(held.lease.epoch)) this.counted.leasesLost.add('');
    this.#letGo(held);
  }

  /** Cuts the lease's sessions; each is handed back. */
  #letGo(held: Held): void {
    held.over.abort('the lease was let go');
    this.pool.abandon(held.lease.epoch);
  }
}

function leaseClock({ at, ahead }: Instant, termMs: number): LeaseClock {
  return { startUntil: at + START_SHARE * termMs, stopAt: at + STOP_SHARE * termMs, ahead };
}

/** Of the credentials that a device needs; null: there they are. */
async function refusalOf({ credential, jump }: Work, opened: Opened): Promise<JobEnd | null> {
  if (opened.size === 0) return null;
  for (const id of [credential, ...jump.map((hop) => hop.credential)]) {
    const refusal = await opened.get(id);
    if (refusal) return refusal;
  }
  return null;
}

function isSettled(verdicts: Verdict[]): boolean {
  return verdicts.every((verdict) => verdict === Verdict.STORED || verdict === Verdict.DUPLICATE);
}

// The coordinator as those see it who watch over it: alive, ready, and in figures. Looks at what others hold and
// changes nothing.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readiness, Watched } from '../../proto/operation/endpoint.js';
import { Counts, exposition, LABELS, type Readings } from '../../proto/operation/metric.js';
import type { ProcessMetrics } from '../../proto/operation/process.js';
import type { Books } from '../books.js';
import type { Presence } from '../intake/presence.js';
import type { Shown } from '../sweep/natsshown.js';
import { LIMIT_KINDS, limitKind } from '../sweep/pace.js';
import { FAMILIES } from './families.js';

/** What is looked at. */
export interface Seen {
  books: Books;
  presence: Presence;
  /** Where NATS is reached; empty: it is not now. */
  nats(): string;
  /** Open findings by severity. */
  findings(): Promise<Counts>;
  isEnding(): boolean;
  /** Of the coordinator itself; null: it has none. */
  certificate(): string | null;
  /** Certificates of NATS servers, as they were shown last. */
  natsShown(): Shown[];
}

export class WatchedCoordinator implements Watched {
  constructor(
    private readonly seen: Seen,
    private readonly process: ProcessMetrics,
  ) {}

  health(): string {
    const { reason } = this.seen.books.pause;
    return reason === '' ? 'ok' : `paused: ${reason}`;
  }

  readiness(): Readiness {
    const { books, nats, isEnding } = this.seen;
    const { pause, failed } = books;
    const server = nats();
    return {
      ready: pause.reason === '' && !pause.full && !failed.aborted && !isEnding(),
      lines: [
        `store: ${failed.aborted ? 'failed' : pause.full ? 'waits for room' : 'writable'}`,
        `pause: ${pause.reason || 'none'}`,
        `nats: ${server === '' ? 'away, offers go over gRPC after a few seconds' : server}`,
        ...(isEnding() ? ['end: no new work is taken'] : []),
      ],
    };
  }

  async metrics(): Promise<string> {
    const { books, nats } = this.seen;
    const { counted, pause, host, ledger } = books;
    const [storeBytes, findings] = await Promise.all([this.#storeBytes(), this.seen.findings()]);
    const readings: Readings<typeof FAMILIES> = {
      netsweep_devices_total: counted.devices,
      netsweep_retries_total: counted.retries,
      netsweep_sweeps_started_total: counted.sweepsStarted,
      netsweep_sweeps_ended_total: counted.sweepsEnded,
      netsweep_sweeps_open: this.#sweeps(),
      netsweep_devices_open: this.#devices(),
      netsweep_claims_total: counted.claims,
      netsweep_renewals_total: counted.renewals,
      netsweep_leases_lapsed_total: counted.lapses,
      netsweep_results_total: counted.results,
      netsweep_offers_total: counted.offers,
      netsweep_reoffers_total: counted.reoffers,
      netsweep_logins_total: counted.logins,
      netsweep_logins_paced_total: ledger.pace.logins.given,
      netsweep_logins_waiting: this.#loginsWaiting(),
      netsweep_devices_held: this.#held(),
      netsweep_login_outcomes_total: counted.loginOutcomes,
      netsweep_host_keys_total: counted.hostKeys,
      netsweep_schedule_due_times_total: counted.dueTimes,
      netsweep_audit_findings: findings,
      netsweep_commit_duration_seconds: counted.commits,
      netsweep_commit_writes: counted.writes,
      netsweep_store_bytes: storeBytes,
      netsweep_store_free_bytes: pause.room?.spareBytes ?? Number.NaN,
      netsweep_disk_free_bytes: pause.room?.freeBytes ?? Number.NaN,
      netsweep_paused: [
        ['store-full', Number(pause.reason !== '')],
        ['rolled-back', Number(ledger.isHeld(host.monotonicMs()))],
      ],
      netsweep_agents: this.#agents(),
      netsweep_devices_leased: this.#perAgent((instance) => ledger.running({ instance })),
      netsweep_devices_leased_max: this.#perAgent((_instance, forks) => forks),
      netsweep_nats_up: Number(nats() !== ''),
      netsweep_connections_closed_total: counted.strangers,
      netsweep_certificate_expiry_timestamp_seconds: this.#certificates(),
      ...this.process.read(),
    };
    return exposition(FAMILIES, readings);
  }

  #sweeps(): Counts {
    const { ledger, pause } = this.seen.books;
    const counts = new Counts(['running', 'paused', 'stopping']);
    for (const { halt } of ledger.sweeps.values())
      counts.add(halt !== null ? 'stopping' : pause.reason === '' ? 'running' : 'paused');
    return counts;
  }

  #devices(): Counts {
    const { ledger } = this.seen.books;
    const counts = new Counts();
    for (const sweep of ledger.sweeps.values())
      for (const segment of sweep.segments()) counts.add(segment + LABELS + 'waiting', sweep.inLine(segment));
    for (const { row, devices, lease } of ledger.shards()) {
      if (lease === null) counts.add(row.segment + LABELS + 'offered', devices.length);
      else counts.add(row.segment + LABELS + 'leased', lease.left.size);
    }
    return counts;
  }

  #loginsWaiting(): Counts {
    const counts = new Counts();
    for (const [domain, logins] of this.seen.books.ledger.pace.logins.waiting()) counts.add(domain, logins);
    return counts;
  }

  #held(): Counts {
    const counts = new Counts(LIMIT_KINDS);
    for (const sweep of this.seen.books.ledger.sweeps.values())
      for (const [limit, devices] of sweep.held()) counts.add(limitKind(limit), devices);
    return counts;
  }

  #agents(): Counts {
    const counts = new Counts();
    const { presence } = this.seen;
    for (const link of presence.all())
      for (const segment of link.hello.segments)
        counts.add(segment + LABELS + (presence.takes(link) ? 'present' : 'draining'));
    return counts;
  }

  #perAgent(value: (instance: string, forks: number) => number): Counts {
    const counts = new Counts();
    for (const { hello } of this.seen.presence.all())
      counts.add(hello.name, value(hello.instance, hello.forks));
    return counts;
  }

  #certificates(): Counts {
    const counts = new Counts();
    const own = this.seen.certificate();
    if (own !== null) counts.add('coordinator', endOf(own) / 1_000);
    for (const { server, toMs } of this.seen.natsShown()) counts.add(`nats ${server}`, toMs / 1_000);
    return counts;
  }

  /** Database, log and index of the log. */
  async #storeBytes(): Promise<number> {
    const { room } = this.seen.books.pause;
    if (room === null) return Number.NaN;
    const files = ['store.db', 'store.db-wal', 'store.db-shm'].map((name) => join(room.directory, name));
    const sizes = await Promise.all(
      files.map((file) =>
        stat(file).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

/** Of the first certificate of a PEM file, in Unix ms. */
function endOf(file: string): number {
  return Date.parse(new X509Certificate(readFileSync(file)).validTo);
}

// The agent as those see it who watch over it: alive, ready, and in figures. Looks at what others hold and changes
// nothing.
import type { Readiness, Watched } from '../../proto/operation/endpoint.js';
import { exposition } from '../../proto/operation/metric.js';
import type { ProcessMetrics } from '../../proto/operation/process.js';
import type { Carrier } from '../carrier.js';
import type { Shards } from '../lease.js';
import type { Pool } from '../pool.js';
import type { Uplink } from '../uplink.js';
import type { Counted } from './counted.js';
import { FAMILIES } from './families.js';

/** What is looked at. */
export interface Seen {
  counted: Counted;
  pool: Pick<Pool, 'load'>;
  carrier: Pick<Carrier, 'load' | 'refused'>;
  uplink: Pick<Uplink, 'connected' | 'load'>;
  shards: Pick<Shards, 'server' | 'up'>;
  coordinator: string;
  isDraining(): boolean;
}

export class WatchedAgent implements Watched {
  constructor(
    private readonly seen: Seen,
    private readonly process: ProcessMetrics,
  ) {}

  health(): string {
    return 'ok';
  }

  /** Without NATS the coordinator offers directly; without the coordinator there is nothing to do. */
  readiness(): Readiness {
    const { uplink, shards, coordinator, isDraining } = this.seen;
    return {
      ready: uplink.connected && !isDraining(),
      lines: [
        `coordinator: ${uplink.connected ? coordinator : `${coordinator} is away`}`,
        `nats: ${shards.up ? shards.server : 'away, offers come over gRPC after a few seconds'}`,
        `work: ${isDraining() ? 'nothing new is taken' : 'taken'}`,
      ],
    };
  }

  async metrics(): Promise<string> {
    const { counted, pool, carrier, uplink, shards, isDraining } = this.seen;
    const { sessions, workers, starting, memoryBytes } = pool.load;
    const { memory, spool, waiting, full } = uplink.load;
    const { leases, most } = carrier.load;
    return exposition(FAMILIES, {
      netsweep_agent_sessions_open: sessions,
      netsweep_agent_sessions_max: most,
      netsweep_agent_attempts_total: counted.attempts,
      netsweep_agent_refused_total: counted.refused,
      netsweep_agent_secrets_total: counted.secrets,
      netsweep_agent_hand_backs_total: counted.handBacks,
      netsweep_agent_connect_duration_seconds: counted.connects,
      netsweep_agent_login_duration_seconds: counted.logins,
      netsweep_agent_command_duration_seconds: counted.commands,
      netsweep_agent_device_bytes_total: counted.bytes,
      netsweep_agent_workers: [
        ['up', workers - starting],
        ['starting', starting],
      ],
      netsweep_agent_workers_started_total: counted.workersStarted,
      netsweep_agent_workers_ended_total: counted.workersEnded,
      netsweep_agent_workers_cpu_seconds_total: counted.workersCpu,
      netsweep_agent_workers_memory_bytes: memoryBytes,
      netsweep_agent_leases: leases,
      netsweep_agent_leases_lost_total: counted.leasesLost,
      netsweep_agent_claims_total: counted.claims,
      netsweep_agent_work_refused_total: carrier.refused,
      netsweep_agent_renewals_total: counted.renewals,
      netsweep_agent_renewal_margin_seconds: counted.renewalMargins,
      netsweep_agent_clock_jumps_total: counted.clockJumps,
      netsweep_agent_pulls_total: counted.pulls,
      netsweep_agent_link_up: Number(uplink.connected),
      netsweep_agent_links_total: counted.links,
      netsweep_agent_nats_up: Number(shards.up),
      netsweep_agent_draining: Number(isDraining()),
      netsweep_agent_unacknowledged_results: waiting,
      netsweep_agent_results_memory_bytes: memory,
      netsweep_agent_results_spool_bytes: spool,
      netsweep_agent_devices_unread: Number(full),
      ...this.process.read(),
    });
  }
}

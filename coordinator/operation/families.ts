// What the coordinator shows at /metrics beside the process itself. The table in docs/operation.md says the same.
import { PROCESS_FAMILIES } from '../../proto/operation/process.js';

export const FAMILIES = {
  netsweep_devices_total: {
    type: 'counter',
    labels: ['status', 'kind'],
    help: 'Devices that have ended, by status and kind of failure; each once per sweep.',
  },
  netsweep_retries_total: {
    type: 'counter',
    labels: ['kind'],
    help: 'Attempts that failed and are made again, by kind of failure.',
  },
  netsweep_sweeps_started_total: { type: 'counter', labels: [], help: 'Sweeps that were submitted.' },
  netsweep_sweeps_ended_total: { type: 'counter', labels: ['state'], help: 'Sweeps that are over.' },
  netsweep_sweeps_open: { type: 'gauge', labels: ['state'], help: 'Sweeps that have not ended.' },
  netsweep_devices_open: {
    type: 'gauge',
    labels: ['segment', 'state'],
    help: 'Devices of open sweeps: waiting in line, offered, or leased by an agent.',
  },
  netsweep_claims_total: {
    type: 'counter',
    labels: ['answer'],
    help: 'What agents that claimed a shard were answered; a grant is a lease.',
  },
  netsweep_renewals_total: { type: 'counter', labels: ['answer'], help: 'Leases that agents renewed.' },
  netsweep_leases_lapsed_total: {
    type: 'counter',
    labels: [],
    help: 'Leases that ended without a word of their agent; their devices are offered again.',
  },
  netsweep_results_total: {
    type: 'counter',
    labels: ['verdict'],
    help: 'Results from agents by what became of them; refused: too late, another lease has the device.',
  },
  netsweep_offers_total: {
    type: 'counter',
    labels: ['way'],
    help: 'Offers on their way to agents: over NATS, or directly over gRPC.',
  },
  netsweep_reoffers_total: {
    type: 'counter',
    labels: [],
    help: 'Offers made once more because an agent that should have met them found nothing.',
  },
  netsweep_logins_total: {
    type: 'counter',
    labels: ['answer'],
    help: 'What sessions that asked for leave to send a secret were answered; lost: their lease was over.',
  },
  netsweep_logins_paced_total: {
    type: 'counter',
    labels: ['domain'],
    help: 'Logins that were given a moment by the pace, by AAA domain.',
  },
  netsweep_logins_waiting: {
    type: 'gauge',
    labels: ['domain'],
    help: 'Connected devices whose login waits for its moment.',
  },
  netsweep_devices_held: {
    type: 'gauge',
    labels: ['limit'],
    help: 'Devices that stay in line because a limit of the pace has no room.',
  },
  netsweep_login_outcomes_total: {
    type: 'counter',
    labels: ['result'],
    help: 'How logins fared, as the devices answered.',
  },
  netsweep_host_keys_total: {
    type: 'counter',
    labels: ['event'],
    help: 'Host keys that were new, accepted by a person, or found changed.',
  },
  netsweep_schedule_due_times_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'What became of due times of schedules.',
  },
  netsweep_audit_findings: {
    type: 'gauge',
    labels: ['severity'],
    help: 'Open findings of the last audit of each line of audits (same policies, same selection).',
  },
  netsweep_commit_duration_seconds: {
    type: 'histogram',
    labels: [],
    help: 'From handing changes to the store until they are on the disk.',
  },
  netsweep_commit_writes: { type: 'histogram', labels: [], help: 'Changes handed over together.' },
  netsweep_store_bytes: { type: 'gauge', labels: [], help: 'The files of the store.' },
  netsweep_store_free_bytes: { type: 'gauge', labels: [], help: 'Free within them.' },
  netsweep_disk_free_bytes: { type: 'gauge', labels: [], help: "Free on the store's disk." },
  netsweep_paused: {
    type: 'gauge',
    labels: ['reason'],
    help: '1 while nothing is offered or granted, and why.',
  },
  netsweep_agents: { type: 'gauge', labels: ['segment', 'state'], help: 'Agents that are there.' },
  netsweep_devices_leased: { type: 'gauge', labels: ['agent'], help: 'Devices that an agent has leased.' },
  netsweep_devices_leased_max: {
    type: 'gauge',
    labels: ['agent'],
    help: 'Most devices at once of an agent.',
  },
  netsweep_nats_up: { type: 'gauge', labels: [], help: '1 while the connection to NATS stands.' },
  netsweep_connections_closed_total: {
    type: 'counter',
    labels: ['why'],
    help: 'Connections closed on which nobody had shown a certificate that counts: too late, or too many of them.',
  },
  netsweep_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    labels: ['of'],
    help: 'When the certificates of the coordinator and of the servers of its own NATS end, in Unix time.',
  },
  ...PROCESS_FAMILIES,
} as const;

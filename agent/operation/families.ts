// What an agent shows at /metrics beside the process itself. The table in docs/operation.md says the same.
import { PROCESS_FAMILIES } from '../../proto/operation/process.js';

export const FAMILIES = {
  netsweep_agent_sessions_open: { type: 'gauge', labels: [], help: 'Sessions that are open or about to be.' },
  netsweep_agent_sessions_max: {
    type: 'gauge',
    labels: [],
    help: 'Most sessions at once: --forks, or less for a while after the machine had no more room.',
  },
  netsweep_agent_attempts_total: {
    type: 'counter',
    labels: ['status', 'kind'],
    help: 'Sessions that ended by themselves or through their device, by status and kind of failure.',
  },
  netsweep_agent_refused_total: {
    type: 'counter',
    labels: ['by'],
    help: 'Attempts that this agent refused: commands that do not only read, or devices that it may not connect to.',
  },
  netsweep_agent_secrets_total: {
    type: 'counter',
    labels: ['result'],
    help: "Credentials that were looked up in this agent's Vault, by whether they were found.",
  },
  netsweep_agent_hand_backs_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Devices given back without an attempt: their worker died, the machine had no room, or the lease was let go.',
  },
  netsweep_agent_connect_duration_seconds: {
    type: 'histogram',
    labels: [],
    help: 'From the first packet to a connection that stands.',
  },
  netsweep_agent_login_duration_seconds: {
    type: 'histogram',
    labels: [],
    help: 'From there to a login, the wait for leave to send a secret in it.',
  },
  netsweep_agent_command_duration_seconds: {
    type: 'histogram',
    labels: [],
    help: 'From a command to the end of its output.',
  },
  netsweep_agent_device_bytes_total: {
    type: 'counter',
    labels: ['direction'],
    help: 'Bytes from devices and to devices, as SSH sends them.',
  },
  netsweep_agent_workers: { type: 'gauge', labels: ['state'], help: 'Worker processes.' },
  netsweep_agent_workers_started_total: { type: 'counter', labels: [], help: 'Worker processes started.' },
  netsweep_agent_workers_ended_total: {
    type: 'counter',
    labels: ['how'],
    help: 'Worker processes that ended; retired is as it should be.',
  },
  netsweep_agent_workers_cpu_seconds_total: {
    type: 'counter',
    labels: [],
    help: 'CPU time of all workers, as they say it themselves.',
  },
  netsweep_agent_workers_memory_bytes: { type: 'gauge', labels: [], help: 'Resident memory of all workers.' },
  netsweep_agent_leases: { type: 'gauge', labels: [], help: 'Leases held.' },
  netsweep_agent_leases_lost_total: {
    type: 'counter',
    labels: [],
    help: 'Leases given up because they were not renewed in time, or the clock jumped.',
  },
  netsweep_agent_claims_total: {
    type: 'counter',
    labels: ['answer'],
    help: 'What claims of offered shards were answered; none: nothing in time.',
  },
  netsweep_agent_work_refused_total: {
    type: 'counter',
    labels: [],
    help: 'Leases whose work is not what the coordinator signed: forged, replayed or altered.',
  },
  netsweep_agent_renewals_total: { type: 'counter', labels: ['answer'], help: 'Renewals of leases.' },
  netsweep_agent_renewal_margin_seconds: {
    type: 'histogram',
    labels: [],
    help: 'How long sockets would still have been kept when a renewal was answered; 7 s is all of it.',
  },
  netsweep_agent_clock_jumps_total: {
    type: 'counter',
    labels: [],
    help: 'Unix time jumped against the monotonic clock: the host slept, or its time was set.',
  },
  netsweep_agent_pulls_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Pulls on NATS by what they brought.',
  },
  netsweep_agent_link_up: { type: 'gauge', labels: [], help: '1 while the coordinator has welcomed us.' },
  netsweep_agent_links_total: { type: 'counter', labels: [], help: 'Welcomes; more than one: it was lost.' },
  netsweep_agent_nats_up: { type: 'gauge', labels: [], help: '1 while the connection to NATS stands.' },
  netsweep_agent_draining: { type: 'gauge', labels: [], help: '1 while no new work is taken.' },
  netsweep_agent_unacknowledged_results: {
    type: 'gauge',
    labels: [],
    help: "Results that are not on the coordinator's disk yet, as far as the agent knows.",
  },
  netsweep_agent_results_memory_bytes: { type: 'gauge', labels: [], help: 'Results kept in memory.' },
  netsweep_agent_results_spool_bytes: { type: 'gauge', labels: [], help: 'Results kept on the disk.' },
  netsweep_agent_devices_unread: {
    type: 'gauge',
    labels: [],
    help: '1 while devices are not read, for want of room for what they say.',
  },
  ...PROCESS_FAMILIES,
} as const;

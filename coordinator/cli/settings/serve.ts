// Options of `serve`.
import { LOG_LEVELS, type LogLevel } from '../../../proto/operation/log.js';
import type { Settings } from '../../config.js';
import { choice, list, one, toggle } from '../setting.js';
import { readAddress, readPath, readText } from '../values.js';
import { CONNECTION } from './connection.js';
import { KEEP } from './sweep.js';

const USUAL_LEVEL: LogLevel = 'info';

export const SERVE = {
  nats: list(
    { flags: '--nats <url,...>', about: 'NATS servers of one cluster', shown: 'nats://127.0.0.1:4222' },
    readText,
  ),
  listen: one(
    { flags: '--listen <host:port>', about: 'where agents and clients connect', shown: '127.0.0.1:7440' },
    readAddress,
    '127.0.0.1:7440',
  ),
  http: one(
    {
      flags: '--http <host:port>',
      about: 'where /healthz, /readyz and /metrics are answered',
      shown: '127.0.0.1:7441',
    },
    readAddress,
    '127.0.0.1:7441',
  ),
  state: CONNECTION.state,
  tlsCa: one(
    { flags: '--tls-ca <file>', about: 'certificate authority of agents and clients' },
    readPath,
    null,
  ),
  tlsCert: one({ flags: '--tls-cert <file>', about: 'certificate of this coordinator' }, readPath, null),
  tlsKey: one({ flags: '--tls-key <file>', about: 'its private key' }, readPath, null),
  keyFile: one(
    { flags: '--key-file <file>', about: 'key that seals secrets in the store', shown: 'STATE/key' },
    readPath,
    null,
  ),
  natsCreds: one({ flags: '--nats-creds <file>', about: 'NATS credentials' }, readPath, null),
  logLevel: choice(
    {
      flags: '--log-level <level>',
      about: 'debug (a line for each device), info (for each sweep), warn or error',
      shown: 'info',
    },
    LOG_LEVELS,
    USUAL_LEVEL,
  ),
  init: toggle({
    flags: '--init',
    about: 'make an authority and certificates of its own in the state directory, and end',
    once: true,
  }),
  renew: toggle({
    flags: '--renew',
    about:
      'with --init: new certificates for the coordinator and for nats-server, from the authority that is there',
    once: true,
  }),
  host: list(
    {
      flags: '--host <name,...>',
      about: 'with --init: names and addresses at which agents and clients reach it',
      once: true,
    },
    readText,
  ),
  natsHost: list(
    {
      flags: '--nats-host <name,...>',
      about: 'with --init: hosts of nats-server, one, or three and more as a cluster',
      shown: 'the first --host',
      once: true,
    },
    readText,
  ),
  auditHeads: one(
    {
      flags: '--audit-heads <file>',
      about: 'append heads of the audit log to this file, on another disk; once a second at most',
    },
    readPath,
    null,
  ),
  ...KEEP,
} satisfies Settings;

// Options of `serve`.
import type { Settings } from '../../config.js';
import { list, one } from '../setting.js';
import { readAddress, readPath, readText } from '../values.js';
import { CONNECTION } from './connection.js';
import { KEEP } from './sweep.js';

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
    { flags: '--http <host:port>', about: 'where the page is served', shown: '127.0.0.1:7441' },
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
  ...KEEP,
} satisfies Settings;

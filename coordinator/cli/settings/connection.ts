// Options by which a command finds its coordinator.
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../config.js';
import { one } from '../setting.js';
import { absolute, readCoordinator, readPath, readText } from '../values.js';

export const CONNECTION = {
  coordinator: one(
    { flags: '--coordinator <host:port>', about: 'use this coordinator; without it everything runs here' },
    readCoordinator,
    null,
  ),
  state: one(
    {
      flags: '--state <dir>',
      about: 'state directory of what runs here',
      shown: '~/.local/state/netsweep',
    },
    (text) => absolute(readText(text)),
    defaultState(),
  ),
  tlsCa: one({ flags: '--tls-ca <file>', about: 'certificate authority of the coordinator' }, readPath, null),
  tlsCert: one({ flags: '--tls-cert <file>', about: 'certificate of this client' }, readPath, null),
  tlsKey: one({ flags: '--tls-key <file>', about: 'its private key' }, readPath, null),
  identity: one(
    {
      flags: '--identity <dir>',
      about: 'what `netsweep join` has kept, in place of --tls-*',
      shown: '~/.config/netsweep/identity',
    },
    (text) => absolute(readText(text)),
    defaultIdentity(),
  ),
} satisfies Settings;

function defaultIdentity(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'netsweep/identity');
}

function defaultState(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'netsweep');
}

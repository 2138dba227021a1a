// What is looked at on the host of the command: its own parts, and settings that are asked for trouble.
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Diagnosis } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { ConfigFile } from '../config.js';
import type { TlsFiles } from '../tls.js';
import { certificate } from './certificates.js';
import { type Check, examine, fail, ok, type Verdict, warn } from './check.js';
import { fileSystem, permissions } from './files.js';
import { floor } from './versions.js';

export interface HostFacts {
  version: string;
  /** Of sweeps that run here; null: a coordinator elsewhere has its own. */
  state: string | null;
  tls: TlsFiles | null;
  config: ConfigFile;
  nowMs: number;
}

const CHECKS: readonly Check<HostFacts>[] = [
  {
    name: 'this command',
    look: ({ version }) => [ok(`netsweep ${version}`), ...floor('Node', process.version, ' here')],
  },
  { name: 'ssh2', look: ({ state }) => (state === null ? [] : ssh()) },
  { name: 'settings', look: ({ config }) => settings(config) },
  {
    name: 'own certificate',
    look: ({ tls, nowMs }) =>
      tls === null ? [] : certificate('the certificate of this command', tls.cert, nowMs),
  },
  { name: 'own state', look: ({ state }) => ownState(state) },
];

export function diagnoseHost(facts: HostFacts): Promise<Diagnosis[]> {
  return examine(CHECKS, facts);
}

/** Of agents that sweeps start here. */
function ssh(): Verdict[] {
  const { resolve } = createRequire(import.meta.url);
  try {
    resolve('ssh2/lib/protocol/crypto/build/Release/sshcrypto.node');
    return [ok("ssh2's native cipher is in use")];
  } catch {
    return [
      warn(
        'ssh2 runs without its native cipher: a quarter more CPU per device',
        'install g++, python3 and make, and build it (npm rebuild ssh2)',
      ),
    ];
  }
}

/** What netsweep.yaml says for every sweep, and should not. */
function settings(config: ConfigFile): Verdict[] {
  const verdicts: Verdict[] = [];
  const says = (key: string) => config.get(key)?.texts.at(-1);
  if (says('host-keys') === 'off')
    verdicts.push(
      fail('netsweep.yaml turns host keys off: secrets go to whoever answers', 'remove host-keys: off'),
    );
  if (says('allow-writes') === 'true')
    verdicts.push(
      fail('netsweep.yaml lifts the read-only gate for every sweep', 'remove allow-writes: true'),
    );
  if (says('auth-fail-max') !== undefined && Number(says('auth-fail-max')) > 5)
    verdicts.push(
      warn('netsweep.yaml lets a wrong password be sent more than five times', 'lower auth-fail-max'),
    );
  return verdicts.length > 0 ? verdicts : [ok('netsweep.yaml asks for nothing that is dangerous')];
}

async function ownState(state: string | null): Promise<Verdict[]> {
  if (state === null) return [];
  const there = await stat(state).catch(() => null);
  if (there === null) return [ok(`${state} is made by the first sweep`)];
  return [...(await fileSystem(state)), ...(await permissions(state, ['key', join('serve', 'key')]))];
}

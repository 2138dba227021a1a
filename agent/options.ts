// The options of a configured agent, from flags and environment. Read only when there is no coordinator that
// forked us, so that a forked agent does not load what it does not need.
import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { Command, Option } from 'commander';
import { Role } from '../proto/gen/netsweep/v1/members.js';
import {
  exposedKey,
  type IdentityDirectory,
  readIdentityDirectory,
} from '../proto/identity/identitydirectory.js';
import { openToOthers } from '../proto/keyfile.js';
import { isLocalNats, withoutLogin } from '../proto/natsurl.js';
import { isLoopback } from '../proto/operation/endpoint.js';
import { LOG_LEVELS, type LogLevel } from '../proto/operation/log.js';
import { readVaultSettings, VaultError } from '../proto/vaultsettings.js';
import type { AgentConfig } from './agent.js';
import { ConfigFileError, readConfigFile } from './configfile.js';
import { standardPlace } from './identity/place.js';
import { machineHere } from './machine.js';
import { readRehearsal } from './rehearsal.js';
import { Targets, TargetsError } from './targets.js';
import { readSize } from './units.js';
import { parse, UsageError } from './usage.js';

/** Options that `netsweep` has too, with another meaning. */
const OWN_KEYS = ['--http', '--identity'];

/** Throws UsageError. */
export function readOptions(version: string): AgentConfig & { logLevel: LogLevel } {
  const option = (flags: string, about: string, variable: string) =>
    new Option(flags, about).env(`NETSWEEP_${variable}`);
  const command = new Command('netsweep-agent')
    .description('Carries out the work of a netsweep coordinator on the devices of its segments.')
    .version(version, '-V, --version', 'print the version')
    .addOption(option('--nats <url,...>', 'NATS servers', 'NATS').default('nats://127.0.0.1:4222'))
    .addOption(
      option('--coordinator <host:port>', 'the coordinator', 'COORDINATOR').default('127.0.0.1:7440'),
    )
    .addOption(option('--segment <name,...>', 'segments this agent can reach', 'SEGMENT').default('default'))
    .addOption(option('--name <name>', 'unique among agents (default: the host name)', 'NAME'))
    .addOption(option('--workers <n>', 'most worker processes (default: the cores)', 'WORKERS'))
    .addOption(option('--forks <n>', 'most devices at once', 'FORKS').default('500'))
    .addOption(
      option(
        '--memory-limit <size>',
        'most bytes of results in memory while the coordinator is away',
        'MEMORY_LIMIT',
      ).default('64MiB'),
    )
    .addOption(
      option(
        '--spool-limit <size>',
        'most bytes of results on disk while the coordinator is away',
        'SPOOL_LIMIT',
      ).default('256MiB'),
    )
    .addOption(
      option(
        '--http <host:port>',
        'answer /healthz, /readyz and /metrics there (default: nowhere; beyond loopback only with --tls-*)',
        'AGENT_HTTP',
      ),
    )
    .addOption(
      option(
        '--log-level <level>',
        `least level of what is logged: ${LOG_LEVELS.join(', ')}`,
        'LOG_LEVEL',
      ).default('info'),
    )
    .addOption(
      option(
        '--identity <dir>',
        'what `netsweep-agent join` has kept: name, segments, coordinator and certificates come from it',
        'AGENT_IDENTITY',
      ),
    )
    .addOption(option('--tls-ca <file>', 'authority of both sides', 'TLS_CA'))
    .addOption(option('--tls-cert <file>', 'certificate of this agent', 'TLS_CERT'))
    .addOption(option('--tls-key <file>', 'its key', 'TLS_KEY'))
    .addOption(option('--nats-creds <file>', 'NATS credentials', 'NATS_CREDS'))
    .addOption(
      option(
        '--allow-targets <network,...>',
        'the only networks it connects to, such as 10.0.0.0/8,2001:db8::/32 (default: every unicast address)',
        'ALLOW_TARGETS',
      ),
    )
    .addOption(
      option(
        '--allow-ports <port,...>',
        'the only ports, such as 22,2200-2299 (default: all)',
        'ALLOW_PORTS',
      ),
    )
    .addOption(option('--vault-addr <url>', 'Vault that it reads `vault:` references from', 'VAULT_ADDR'))
    .addOption(option('--vault-namespace <name>', 'its namespace', 'VAULT_NAMESPACE'))
    .addOption(option('--vault-ca <file>', 'its authority (default: the system)', 'VAULT_CA'))
    .addOption(option('--vault-token-file <file>', 'a token for it', 'VAULT_TOKEN_FILE'))
    .addOption(option('--vault-role-id-file <file>', 'or the role of an AppRole login', 'VAULT_ROLE_ID_FILE'))
    .addOption(option('--vault-secret-id-file <file>', 'and its secret', 'VAULT_SECRET_ID_FILE'))
    .addOption(
      option(
        '--rehearse [how]',
        'contact no device and make results up, to try a coordinator with many devices; HOW is any of prompt=300ms,command=1s,failing=1%,size=16KiB (default: at once, no failure, 16 KiB an output)',
        'REHEARSE',
      ),
    );
  parse(command);
  layFileBeneath(command);
  const given = command.opts<Record<string, string | undefined>>();
  const files = tlsFiles(given);
  const identity = files === null ? identityOf(given.identity) : null;
  const tls = files ?? identity;
  const isGiven = (key: string) => command.getOptionValueSource(key) !== 'default';
  const coordinator = (isGiven('coordinator') ? null : identity?.coordinator) ?? given.coordinator ?? '';
  // Credentials come over this link: in the clear they never leave the host.
  if (tls === null && !isLoopback(coordinator))
    throw new UsageError(
      `--coordinator ${coordinator}: only loopback is reached without --tls-ca, --tls-cert and --tls-key`,
    );
  const segments = (isGiven('segment') ? null : identity?.segments) ?? list(given.segment);
  if (identity !== null) refuseOthers(identity, given.name ?? identity.name, segments);
  const told = identity?.natsServers ?? [];
  const servers = isGiven('nats') || told.length === 0 ? list(given.nats) : told;
  const credsFile = readable('--nats-creds', given.natsCreds) ?? identity?.natsCreds ?? null;
  const isPlain = tls === null || (identity !== null && credsFile === null);
  const away = isPlain ? servers.find((url) => !isLocalNats(url)) : undefined;
  if (away !== undefined)
    throw new UsageError(
      identity === null
        ? `--nats ${withoutLogin(away)}: only loopback is reached without --tls-ca, --tls-cert and --tls-key`
        : `--nats ${withoutLogin(away)}: only loopback is reached without credentials for NATS`,
    );
  return {
    name: identity?.name ?? given.name ?? hostname(),
    segments,
    coordinator,
    nats: {
      servers,
      token: null,
      credsFile,
    },
    tls,
    identity,
    workers: given.workers === undefined ? availableParallelism() : count('--workers', given.workers),
    forks: count('--forks', given.forks ?? ''),
    memoryBytes: size('--memory-limit', given.memoryLimit ?? ''),
    spoolBytes: size('--spool-limit', given.spoolLimit ?? ''),
    rehearsal: rehearsal(given.rehearse),
    targets: targets(given),
    vault: vault(given, process.env),
    signedBy: identity?.signingKey ?? null,
    isAwaited: false,
    http: endpoint(given.http, tls !== null),
    logLevel: logLevel(given.logLevel),
    machine: machineHere(),
    version,
  };
}

/** What neither a flag nor the environment says, netsweep.yaml may. */
function layFileBeneath(command: Command): void {
  const names = command.options.flatMap(({ long }) => (long ? [keyOf(long)] : []));
  try {
    for (const [name, text] of readConfigFile(process.env, names)) {
      const option = command.options.find(({ long }) => long != null && keyOf(long) === name);
      const key = option?.attributeName() ?? name;
      const source = command.getOptionValueSource(key);
      if (source === undefined || source === 'default') command.setOptionValueWithSource(key, text, 'config');
    }
  } catch (error) {
    if (error instanceof ConfigFileError) throw new UsageError(error.message);
    throw error;
  }
}

/** What an option is called there: with a name of its own where a coordinator on the same host reads the same. */
function keyOf(long: string): string {
  return OWN_KEYS.includes(long) ? `agent-${long.slice(2)}` : long.slice(2);
}

/** Where it was told to look, or in the standard place if somebody has joined there. */
function identityOf(given: string | undefined): IdentityDirectory | null {
  const identity = readIdentityDirectory(given ?? standardPlace());
  const exposed = identity && exposedKey(identity);
  if (exposed) throw new UsageError(exposed);
  if (identity === null && given !== undefined)
    throw new UsageError(
      `--identity ${given}: nobody has joined there (netsweep-agent join TOKEN --dir ${given})`,
    );
  return identity;
}

/** Who it is and where it may work was decided when it was enrolled. */
function refuseOthers(identity: IdentityDirectory, name: string, segments: string[]): void {
  if (identity.role !== Role.AGENT)
    throw new UsageError(
      `${identity.name} is enrolled as an operator: netsweep uses this identity, no agent does`,
    );
  if (name !== identity.name) throw new UsageError(`--name ${name}: it is enrolled as ${identity.name}`);
  const other = segments.find((segment) => !identity.segments.includes(segment));
  if (other !== undefined)
    throw new UsageError(`--segment ${other}: it is enrolled for ${identity.segments.join(', ')}`);
}

function list(text = ''): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === '')) throw new UsageError(`an empty name in "${text}"`);
  return [...new Set(parts)];
}

function count(name: string, text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1)
    throw new UsageError(`${name}: found "${text}", expected a whole number from 1 to 999999`);
  return Number(text);
}

function size(name: string, text: string): number {
  const bytes = readSize(text);
  if (bytes !== null) return bytes;
  throw new UsageError(`${name}: found "${text}", expected a size such as 0, 256MB or 1GiB`);
}

/** Null: it does not rehearse. */
function rehearsal(given: string | undefined): string | null {
  const how = String(given ?? 'false'); // true when nothing stands after the option
  if (how === 'false') return null;
  const text = how === 'true' ? '' : how;
  try {
    readRehearsal(text);
  } catch (error) {
    throw new UsageError(`--rehearse: ${(error as Error).message}`); // made of words for people
  }
  return text;
}

function targets({
  allowTargets = null,
  allowPorts = null,
}: Record<string, string | null | undefined>): Targets {
  try {
    Targets.read(allowTargets, null);
  } catch (error) {
    if (error instanceof TargetsError) throw new UsageError(`--allow-targets: ${error.message}`);
    throw error;
  }
  try {
    return Targets.read(allowTargets, allowPorts);
  } catch (error) {
    if (error instanceof TargetsError) throw new UsageError(`--allow-ports: ${error.message}`);
    throw error;
  }
}

function logLevel(text: string | undefined): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level !== undefined) return level;
  throw new UsageError(`--log-level: found "${text}", expected ${LOG_LEVELS.join(', ')}`);
}

/** Null: none. */
function endpoint(at: string | undefined, isTls: boolean): string | null {
  if (at === undefined) return null;
  const [, port] = /^(?:\[[\da-f:]+\]|[\w.-]+):(\d{1,5})$/i.exec(at) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw new UsageError(`--http: found "${at}", expected HOST:PORT`);
  if (!isTls && !isLoopback(at))
    throw new UsageError(
      `--http ${at}: without --tls-ca, --tls-cert and --tls-key only loopback is served, as its answers would be open to everybody`,
    );
  return at;
}

/** What no option of ours says, the variables of Vault's own tools may. */
function vault(
  given: Record<string, string | undefined>,
  environment: NodeJS.ProcessEnv,
): AgentConfig['vault'] {
  const ours = {
    VAULT_ADDR: given.vaultAddr,
    VAULT_NAMESPACE: given.vaultNamespace,
    VAULT_CACERT: given.vaultCa,
    VAULT_TOKEN_FILE: given.vaultTokenFile,
    VAULT_ROLE_ID_FILE: given.vaultRoleIdFile,
    VAULT_SECRET_ID_FILE: given.vaultSecretIdFile,
  };
  const said = Object.fromEntries(Object.entries(ours).filter(([, text]) => text !== undefined));
  try {
    return readVaultSettings({ ...environment, ...said });
  } catch (error) {
    if (error instanceof VaultError) throw new UsageError(error.message);
    throw error;
  }
}

function readable(name: string, path: string | undefined): string | null {
  if (path === undefined) return null;
  if (!existsSync(path)) throw new UsageError(`${name}: there is no file ${path}`);
  return path;
}

function tlsFiles(given: Record<string, string | undefined>): AgentConfig['tls'] {
  const ca = readable('--tls-ca', given.tlsCa);
  const cert = readable('--tls-cert', given.tlsCert);
  const key = readable('--tls-key', given.tlsKey);
  const open = key === null ? null : openToOthers(key);
  if (open !== null) throw new UsageError(`--tls-key: ${open}`);
  if (ca === null && cert === null && key === null) return null;
  if (ca === null || cert === null || key === null)
    throw new UsageError('--tls-ca, --tls-cert and --tls-key are given together or not at all');
  return { ca, cert, key };
}

#!/usr/bin/env node
// The process edge of `netsweep-agent`: options, signals, logs, exit codes. Forked by a self-contained
// coordinator it takes its orders over IPC instead, so that nothing secret stands in argv or environment.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import { Command, CommanderError, Option } from 'commander';
import { pino } from 'pino';
import { type AgentConfig, runAgent } from './agent.js';

/** A line for people and exit 2. */
class UsageError extends Error {}

interface Orders {
  nats: string[];
  natsToken: string;
  coordinator: string;
  segments: string[];
  name: string;
  workers: number;
  forks: number;
}

const log = pino({ name: 'netsweep-agent' }, pino.destination({ dest: 2, sync: true }));
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => (process.connected ? undefined : stop.abort()));
process.on('SIGHUP', () => undefined);

await main();

async function main(): Promise<void> {
  try {
    await (process.send === undefined ? runConfigured() : runForked());
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else if (error instanceof UsageError) {
      process.stderr.write(`netsweep-agent: ${error.message}\n`);
      process.exitCode = 2;
    } else {
      log.fatal({ err: error }, 'the agent has failed');
      process.exitCode = 70;
    }
  }
  // Nothing may keep a drained agent alive.
  process.exit();
}

/** Forked by a coordinator: silent but for what goes wrong, and gone when the coordinator has gone. */
async function runForked(): Promise<void> {
  const orders = await new Promise<Orders>((resolve) => {
    process.once('message', (message) => resolve(message as Orders)); // from our own coordinator
  });
  process.once('disconnect', () => process.exit(0));
  const { nats, natsToken, ...rest } = orders;
  const config: AgentConfig = {
    ...rest,
    nats: { servers: nats, token: natsToken, credsFile: null },
    tls: null,
    version: version(),
  };
  await runAgent(config, stop.signal, {
    warn: (what) => (stop.signal.aborted ? undefined : process.stderr.write(`${orders.name}: ${what}\n`)),
    ready: () => undefined,
  });
}

async function runConfigured(): Promise<void> {
  const config = readOptions();
  if (config.tls === null) log.warn('without --tls-* the coordinator link is unencrypted: loopback only');
  await runAgent(config, stop.signal, {
    warn: (what) => log.warn(what),
    ready: ({ coordinator, nats, store }) => {
      const segments = config.segments.join(',');
      process.stdout.write(
        `ready name=${config.name} segments=${segments} coordinator=${coordinator} nats=${nats} store=${store}\n`,
      );
    },
  });
}

function readOptions(): AgentConfig {
  const option = (flags: string, about: string, variable: string) =>
    new Option(flags, about).env(`NETSWEEP_${variable}`);
  const command = new Command('netsweep-agent')
    .description('Carries out the work of a netsweep coordinator on the devices of its segments.')
    .version(version())
    .addOption(option('--nats <url,...>', 'NATS servers', 'NATS').default('nats://127.0.0.1:4222'))
    .addOption(
      option('--coordinator <host:port>', 'the coordinator', 'COORDINATOR').default('127.0.0.1:7440'),
    )
    .addOption(option('--segment <name,...>', 'segments this agent can reach', 'SEGMENT').default('default'))
    .addOption(option('--name <name>', 'unique among agents (default: the host name)', 'NAME'))
    .addOption(option('--workers <n>', 'worker processes (default: the cores)', 'WORKERS'))
    .addOption(option('--forks <n>', 'most devices at once', 'FORKS').default('500'))
    .addOption(option('--tls-ca <file>', 'authority of both sides', 'TLS_CA'))
    .addOption(option('--tls-cert <file>', 'certificate of this agent', 'TLS_CERT'))
    .addOption(option('--tls-key <file>', 'its key', 'TLS_KEY'))
    .addOption(option('--nats-creds <file>', 'NATS credentials', 'NATS_CREDS'))
    .allowExcessArguments(false)
    .exitOverride()
    .parse();
  const given = command.opts<Record<string, string | undefined>>();
  return {
    name: given.name ?? hostname(),
    segments: list(given.segment),
    coordinator: given.coordinator ?? '',
    nats: { servers: list(given.nats), token: null, credsFile: readable('--nats-creds', given.natsCreds) },
    tls: tlsFiles(given),
    workers: given.workers === undefined ? availableParallelism() : count('--workers', given.workers),
    forks: count('--forks', given.forks ?? ''),
    version: version(),
  };
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

function readable(name: string, path: string | undefined): string | null {
  if (path === undefined) return null;
  if (!existsSync(path)) throw new UsageError(`${name}: there is no file ${path}`);
  return path;
}

function tlsFiles(given: Record<string, string | undefined>): AgentConfig['tls'] {
  const ca = readable('--tls-ca', given.tlsCa);
  const cert = readable('--tls-cert', given.tlsCert);
  const key = readable('--tls-key', given.tlsKey);
  if (ca === null && cert === null && key === null) return null;
  if (ca === null || cert === null || key === null)
    throw new UsageError('--tls-ca, --tls-cert and --tls-key are given together or not at all');
  return { ca, cert, key };
}

function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    const file = new URL(place, import.meta.url);
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

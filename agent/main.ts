#!/usr/bin/env node
// The process edge of `netsweep-agent`: signals, logs, exit codes. Forked by a self-contained coordinator it takes
// its orders over IPC, so that nothing secret stands in argv or environment; otherwise from options.
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { leaveNoCore } from '../proto/core.js';
import { openToOthers } from '../proto/keyfile.js';
import { logOptions } from '../proto/operation/log.js';
import type { AgentOrders, AgentWord } from '../proto/orders.js';
import { type AgentConfig, type Prepared, realParts, runAgent, SPOOL_BYTES, Unwanted } from './agent.js';
import type { AgentLog } from './agentlog.js';
import { machineHere } from './machine.js';
import { Counted } from './operation/counted.js';
import { CannotListen } from './operation/open.js';
import { Pool } from './pool.js';
import { MEMORY_BYTES } from './results.js';
import { Targets } from './targets.js';

const stop = new AbortController();
/** Told to stop once more: whoever waits has waited long enough. */
const hurry = new AbortController();
const end = () => (stop.signal.aborted ? hurry : stop).abort();
process.on('SIGTERM', end);
// Ctrl-C reaches the whole terminal group; a coordinator that forked us decides what it means.
process.on('SIGINT', () => (process.connected ? undefined : end()));
process.on('SIGHUP', () => undefined);

void (process.send === undefined ? runConfigured() : runForked()).then(process.exit);

/** Forked by a coordinator: silent but for what goes wrong, and gone when the coordinator has gone. */
async function runForked(): Promise<number> {
  process.once('disconnect', () => process.exit(0));
  process.stderr.on('error', () => undefined); // nobody may be left to read it
  if (!process.connected) return 0;
  const given = await wordsOfCoordinator();
  if (given === null) return 0;
  const { orders, prepared } = given;
  const { nats, natsToken, ...rest } = orders;
  const config: AgentConfig = {
    ...rest,
    nats: { servers: nats, token: natsToken, credsFile: null },
    tls: null,
    identity: null,
    memoryBytes: MEMORY_BYTES,
    spoolBytes: SPOOL_BYTES,
    rehearsal: null,
    targets: Targets.any,
    http: null,
    vault: null,
    machine: machineHere(),
    version: version(),
  };
  const say = (what: unknown) => process.stderr.write(`${orders.name}: ${what}\n`);
  try {
    const log = { warn: (what: string) => void (stop.signal.aborted || say(what)), ready: () => undefined };
    await run(config, log, await prepared);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    say(error instanceof Error ? error.stack : error);
    return 70;
  }
}

/** What there is to do, and what was prepared for it; null: we are to end. */
function wordsOfCoordinator(): Promise<{ orders: AgentOrders; prepared: Promise<Prepared> | null } | null> {
  let prepared: Promise<Prepared> | null = null;
  return new Promise((resolve) => {
    process.on('message', (message) => {
      const word = message as AgentWord; // from our own coordinator
      if ('prepare' in word) prepared = prepare();
      else resolve({ orders: word.orders, prepared });
    });
    stop.signal.addEventListener('abort', () => resolve(null));
  });
}

/** Workers are as many as there are cores, until the orders say otherwise. */
async function prepare(): Promise<Prepared> {
  const counted = new Counted();
  const warn = (what: string) => process.stderr.write(`${what}\n`);
  const pool = await Pool.open(availableParallelism(), warn, {}, counted);
  pool.warm();
  return { pool, counted };
}

async function runConfigured(): Promise<number> {
  const [{ pino }, { readOptions }, { UsageError }] = await Promise.all([
    import('pino'),
    import('./options.js'),
    import('./usage.js'),
  ]);
  leaveNoCore();
  const destination = pino.destination({ dest: 2, sync: true });
  let log = pino(logOptions('netsweep-agent', 'info'), destination);
  try {
    if (process.argv[2] === 'join')
      return await (await import('./identity/joincommand.js')).runJoin(process.argv.slice(3));
    const config = readOptions(version());
    log = pino(logOptions('netsweep-agent', config.logLevel), destination);
    if (config.tls === null) log.warn('without --tls-* the coordinator link is unencrypted: loopback only');
    const { credsFile } = config.nats;
    const open = credsFile === null ? null : openToOthers(credsFile);
    if (open !== null) log.warn(`--nats-creds: ${open}`);
    if (config.rehearsal !== null)
      log.warn('this is a rehearsal: no device is contacted, every result is made up');
    else if (config.targets.networks === null)
      log.info('without --allow-targets this agent connects to every unicast address it is asked to');
    await run(config, {
      warn: (what, about = {}) => log.warn(about, what),
      debug: (what, about) => log.debug(about, what),
      ready: ({ coordinator, nats, store, http }) => {
        const about = `name=${config.name} segments=${config.segments.join(',')}`;
        const how = `${http === '' ? '' : ` http=${http}`}${config.rehearsal === null ? '' : ' rehearsal=yes'}`;
        process.stdout.write(`ready ${about} coordinator=${coordinator} nats=${nats} store=${store}${how}\n`);
      },
    });
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      if (error.message !== '') process.stderr.write(`netsweep-agent: ${error.message}\n`);
      return error.exitCode;
    }
    if (error instanceof CannotListen || error instanceof Unwanted) {
      process.stderr.write(`netsweep-agent: ${error.message}\n`);
      return error instanceof Unwanted ? 4 : 1; // an address may be free, or there, a little later
    }
    // Stopped while it still waited for what it depends on: nothing was lost.
    if (stop.signal.aborted) return 0;
    log.fatal({ err: error }, 'the agent has failed');
    return 70;
  }
}

function run(config: AgentConfig, log: AgentLog, prepared: Prepared | null = null): Promise<void> {
  return runAgent(config, stop.signal, log, { ...realParts(config, log, prepared), hurry: hurry.signal });
}

function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    const file = new URL(place, import.meta.url);
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

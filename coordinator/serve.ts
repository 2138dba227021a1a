// The coordinator as a service: keeps its state in DIR/serve, resumes what it finds there, waits for NATS, and
// drains on SIGTERM.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { leaveNoCore } from '../proto/core.js';
import type { Schedule, ScheduleRun } from '../proto/gen/netsweep/v1/schedules.js';
import { openToOthers } from '../proto/keyfile.js';
import { withoutLogin } from '../proto/natsurl.js';
import { openEndpoint } from '../proto/operation/endpoint.js';
import { logOptions } from '../proto/operation/log.js';
import { ProcessMetrics } from '../proto/operation/process.js';
import { Heads } from './auditlog/heads.js';
import type { ServeConfig } from './config.js';
import { Coordinator, type CoordinatorOptions } from './coordinator.js';
import { machine } from './host.js';
import { natsEndowment } from './identity/endowment.js';
import type { NatsAuthority } from './identity/natsauthority.js';
import { coordinatorCreds, hasNats, natsFolder } from './identity/natsplaces.js';
import { NatsRenewal } from './identity/natsrenewal.js';
import { CannotListen, socketAddress } from './intake/server.js';
import { InputError } from './inventory/inventory.js';
import { Journal } from './operation/journal.js';
import { WatchedCoordinator } from './operation/watched.js';
import { Programs } from './schedule/programs.js';
import { Scheduler } from './schedule/scheduler.js';
import { serveSchedules } from './schedule/service.js';
import { Telling } from './schedule/telling.js';
import { SOCKET_FILE } from './socketfile.js';
import { makeStateDirectory } from './statedirectory.js';
import { StateInUse, StoreDamaged, StoreRefused } from './store/refusal.js';
import { type NatsOptions, OpenToAll } from './sweep/natsconnection.js';
import { readIdentity, type TlsFiles } from './tls.js';
import { Unreachable } from './unreachable.js';
import { version } from './version.js';

/** Prints one `ready` line on stdout when agents and clients may come; resolves after the drain. */
export async function serve(config: ServeConfig, stop: AbortSignal): Promise<void> {
  if (config.tls !== null) readIdentity(config.tls); // before anything is touched
  leaveNoCore();
  const log = pino(logOptions('netsweep', config.logLevel), pino.destination({ dest: 2, sync: true }));
  const directory = join(config.state, 'serve');
  await makeStateDirectory(directory);
  log.warn(trustOf(config));
  const { natsCreds } = config; // one that is missing is waited for, as NATS is
  const exposed = natsCreds !== null && existsSync(natsCreds) ? openToOthers(natsCreds) : null;
  if (exposed !== null) log.warn(`--nats-creds: ${exposed}`);
  const socket = await socketAddress(directory);
  const warn = (error: unknown, what: string) => log.warn(error === null ? {} : { err: error }, what);
  // Credentials that were given belong to a NATS that somebody else looks after.
  const isOurs = config.natsCreds === null && hasNats(directory);
  const tls = config.tls ?? (isOurs ? (config.authority?.files ?? null) : null);
  await using natsAuthority = isOurs ? await openAuthority(config.nats, tls, directory, warn) : null;
  using natsRenewal = isOurs ? keepCertificates(config, tls, directory, warn) : null;
  // Closed after the coordinator, whose end is the last that is recorded.
  using heads = new Heads(config.auditHeads, (head, error) =>
    error === null ? log.info({ auditHead: head }, 'audit log') : log.error({ err: error }, 'audit log'),
  );
  await using coordinator = await open({
    directory,
    keyFile: config.keyFile,
    keep: config.keep,
    listen: config.listen,
    tls: config.tls,
    authority: config.authority,
    ...(natsAuthority === null
      ? {}
      : { endowment: (storeId) => natsEndowment(natsAuthority, config.nats, storeId) }),
    socket,
    unfinished: 'resume',
    submitted: async () => undefined,
    attached: () => undefined,
    warn,
  });
  coordinator.log(new Journal(log));
  writeFileSync(join(directory, SOCKET_FILE), socket, { mode: 0o600 });
  heads.follow(() => coordinator.books.store.auditHead);
  coordinator.books.failed.addEventListener('abort', () => {
    log.fatal({ err: coordinator.books.failed.reason }, 'the store failed');
    process.exit(70);
  });
  await using _schedules = await openSchedules(coordinator, socket, warn);
  await using watched = await watchedOver(config, coordinator, natsRenewal, stop);
  log.info({ nats: config.nats.map(withoutLogin) }, 'waiting for NATS');
  const connecting = connect(coordinator, {
    servers: config.nats,
    token: null,
    credsFile: isOurs ? coordinatorCreds(natsFolder(directory)) : config.natsCreds,
    tls,
    storage: 'file',
  });
  connecting.catch(() => undefined); // given up when the coordinator closes, which nobody waits for any more
  await Promise.race([connecting, aborted(stop)]);
  if (!stop.aborted)
    process.stdout.write(
      `ready listen=${coordinator.address} http=${watched.address} store=${coordinator.storeId} state=${directory}\n`,
    );
  await aborted(stop);
  log.info('draining');
}

/** Who may connect, in a sentence. */
function trustOf({ tls, authority }: ServeConfig): string {
  if (authority !== null) return 'only members connect: those whom this coordinator has enrolled';
  if (tls !== null) return 'whoever has a certificate of --tls-ca is taken for agent and operator alike';
  return 'without TLS only loopback is served, unencrypted and open to every local user';
}

/** Runs schedules as children of this process; they come back to it over its own socket. */
async function openSchedules(
  coordinator: Coordinator,
  socket: string,
  warn: (error: unknown, what: string) => void,
): Promise<AsyncDisposable> {
  const programs = new Programs(socket);
  const book = coordinator.scheduleBook;
  const telling = new Telling(machine, { warn });
  const hear = (schedule: Schedule, run: ScheduleRun) => telling.hear(schedule, run);
  const scheduler = await Scheduler.open(book, programs, machine, { warn, hear });
  coordinator.offer((server) =>
    serveSchedules(server, {
      ...{ scheduler, book, programs, socket },
      record: (act) => coordinator.books.commit([{ write: 'act', act }]),
    }),
  );
  return {
    // On a full disk the last words wait for room; nobody else does.
    [Symbol.asyncDispose]: async () => {
      await coordinator.books.pause.unlessFull(scheduler[Symbol.asyncDispose]());
      await telling[Symbol.asyncDispose]();
    },
  };
}

async function connect(coordinator: Coordinator, nats: NatsOptions): Promise<void> {
  try {
    await coordinator.connect(nats);
  } catch (error) {
    throw error instanceof OpenToAll ? new Unreachable(error.message, { cause: error }) : error;
  }
}

/** Who gives agents their users of our own NATS. */
async function openAuthority(
  servers: string[],
  tls: TlsFiles | null,
  directory: string,
  warn: (error: unknown, what: string) => void,
): Promise<NatsAuthority> {
  const { NatsAuthority } = await import('./identity/natsauthority.js');
  return NatsAuthority.open({ directory, servers, tls, warn });
}

function keepCertificates(
  { authority, nats: servers }: ServeConfig,
  tls: TlsFiles | null,
  directory: string,
  warn: (error: unknown, what: string) => void,
): NatsRenewal | null {
  return authority && NatsRenewal.open({ directory, authority, servers, tls, host: machine, warn });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What somebody else holds is no bug of ours. */
async function open(options: CoordinatorOptions): Promise<Coordinator> {
  try {
    return await Coordinator.open(options);
  } catch (error) {
    if (error instanceof StoreRefused) throw new InputError([{ at: null, message: error.message }]);
    const expected = [StateInUse, StoreDamaged, CannotListen];
    if (!(error instanceof Error) || !expected.some((kind) => error instanceof kind)) throw error;
    throw new Unreachable(error.message, { cause: error });
  }
}

/** Those who watch over it may come from now on. */
async function watchedOver(
  { http }: ServeConfig,
  coordinator: Coordinator,
  natsRenewal: NatsRenewal | null,
  stop: AbortSignal,
): Promise<AsyncDisposable & { address: string }> {
  const looking = new ProcessMetrics(version());
  const { seen } = coordinator;
  const isEnding = () => stop.aborted || seen.isEnding();
  const natsShown = () => natsRenewal?.shown ?? [];
  try {
    const watched = new WatchedCoordinator({ ...seen, isEnding, natsShown }, looking);
    const endpoint = await openEndpoint(http, watched);
    return {
      address: endpoint.address,
      [Symbol.asyncDispose]: async () => {
        looking[Symbol.dispose]();
        await endpoint[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    looking[Symbol.dispose]();
    throw new Unreachable(
      `can't listen on ${http} (taken, or not of this machine; --http HOST:PORT names another)`,
      { cause: error },
    );
  }
}

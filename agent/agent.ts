// The agent from start to stop. Resources open top to bottom and close bottom to top, so whatever is in flight
// still has somewhere to go while it drains: workers first, then results, then NATS, then the coordinator.
import { setMaxListeners } from 'node:events';
import type { Machine } from '../proto/gen/netsweep/v1/model.js';
import type { IdentityDirectory } from '../proto/identity/identitydirectory.js';
import type { VaultSettings } from '../proto/vaultsettings.js';
import type { AgentLog } from './agentlog.js';
import { Carrier } from './carrier.js';
import { openChannel, type TlsFiles } from './channel.js';
import { deadline, type Host, machine, pause } from './host.js';
import { Renewal } from './identity/renewal.js';
import { directOffer, offers, Shards } from './lease.js';
import type { NatsOptions } from './natslink.js';
import { Counted } from './operation/counted.js';
import { openWatched } from './operation/open.js';
import type { Seen } from './operation/watched.js';
import { Pool } from './pool.js';
import { Secrets } from './secrets.js';
import { Spool } from './spool.js';
import type { Targets } from './targets.js';
import { Trust } from './trust.js';
import { Uplink, type UplinkClient } from './uplink.js';

/** How long a drain may take before open sessions are cut, in ms. */
const DRAIN_MS = 30_000;
/** How often the agent shows itself in the presence bucket, in ms. */
const PRESENT_EVERY_MS = 3_000;
/** How often it tells the coordinator of its clock and its load, in ms. */
const STATUS_EVERY_MS = 5_000;

export interface AgentConfig {
  name: string;
  segments: string[];
  coordinator: string;
  nats: Omit<NatsOptions, 'name' | 'tls'>;
  tls: TlsFiles | null;
  /** What `netsweep-agent join` has kept, whose certificate `tls` is; null: it is somebody else's. */
  identity: IdentityDirectory | null;
  workers: number;
  forks: number;
  /** Most bytes of results in memory while the coordinator does not take them. */
  memoryBytes: number;
  /** Most bytes of results on disk while the coordinator does not take them; 0: none. */
  spoolBytes: number;
  /** Public key of the coordinator that it was enrolled with, 32 bytes; null: that of the first welcome. */
  signedBy: Uint8Array | null;
  /** How it rehearses, as the user wrote it; null: it does not, its devices are real. */
  rehearsal: string | null;
  /** Its own; null: none. */
  vault: VaultSettings | null;
  /** Whom its host lets it connect to. */
  targets: Targets;
  /** Sessions that share workers are on their way: the first worker starts at once. */
  isAwaited: boolean;
  /** HOST:PORT for those who watch over it; null: nobody does. */
  http: string | null;
  machine: Machine | undefined;
  version: string;
}

/** Its coordinator will never have this agent, or the agent will not have this coordinator. */
export class Unwanted extends Error {}

/** A pool that was opened before it was known what for. */
export interface Prepared {
  pool: Pool;
  counted: Counted;
}

export const SPOOL_BYTES = 256 * 1024 * 1024;

/** What an agent is made of beside its own loops. */
export interface AgentParts {
  host: Host;
  /** Aborts when nobody can wait for the drain: open sessions are cut and handed back. */
  hurry?: AbortSignal;
  openPool(): Promise<Pick<Pool, 'run' | 'renewed' | 'abandon' | 'hold' | 'load'> & AsyncDisposable>;
  openChannel(): UplinkClient;
  /** Keeps the identity valid; `renewed` is told of each new certificate. */
  keepIdentity?(renewed: () => void): Disposable;
  openSpool(): Spool | null;
  openShards(
    stop: AbortSignal,
  ): Promise<Pick<Shards, 'pull' | 'present' | 'server' | 'up'> & AsyncDisposable>;
  counted?: Counted;
  /** Lets those come who watch over it, at an address. */
  openEndpoint?(seen: Seen): Promise<(AsyncDisposable & { address: string }) | null>;
}

export function realParts(config: AgentConfig, log: AgentLog, prepared: Prepared | null = null): AgentParts {
  const { nats, tls, identity, name, workers, coordinator, spoolBytes, rehearsal, isAwaited, targets } =
    config;
  const counted = prepared?.counted ?? new Counted();
  return {
    host: machine,
    counted,
    openPool: async () => {
      if (prepared?.pool.resize(workers)) return prepared.pool;
      void prepared?.pool[Symbol.asyncDispose]();
      const pool = await Pool.open(
        workers,
        (what, about) => log.warn(what, about),
        { rehearsal, targets },
        counted,
      );
      if (isAwaited) pool.warm();
      return pool;
    },
    openChannel: () => openChannel(coordinator, tls),
    ...(identity === null
      ? {}
      : {
          keepIdentity: (renewed) => new Renewal(identity, coordinator, machine, { renewed, warn: log.warn }),
        }),
    openSpool: () => (spoolBytes === 0 ? null : new Spool(spoolBytes, machine, (what) => log.warn(what))),
    // Whoever has no user in NATS from its coordinator has one of this host, without certificates.
    openShards: () =>
      Shards.open({ ...nats, tls: identity !== null && nats.credsFile === null ? null : tls, name }, (what) =>
        log.warn(what),
      ),
    openEndpoint: (seen) => openWatched(config, seen),
  };
}

/** Works until `stopped` aborts, then drains; resolves when everything is closed. Throws Unwanted. */
export async function runAgent(
  config: AgentConfig,
  stopped: AbortSignal,
  log: AgentLog,
  parts: AgentParts = realParts(config, log),
): Promise<void> {
  const { host, counted = new Counted() } = parts;
  const unwanted = new AbortController();
  const stop = AbortSignal.any([stopped, unwanted.signal]);
  // Every loop waits on it; that is many listeners, and no leak.
  setMaxListeners(0, stop);
  const instance = host.id();
  const { name, segments, forks, workers, version, rehearsal, machine } = config;
  // Everything below works until the drain is over; `stop` only ends the taking of new work.
  const end = new AbortController();
  await using pool = await parts.openPool();
  using secrets = new Secrets(config.vault, undefined, (result) => counted.secrets.add(result));
  await using spool = parts.openSpool();
  const trust = new Trust(config.signedBy, segments, instance, (what) => log.warn(what));
  let storeId: string | null = null;
  let carrier: Carrier | null = null;
  const sayStatus = () => {
    const { sessions, workers: processes } = pool.load;
    const clockJumps = counted.clockJumps.get('');
    const about = { clockMs: host.wallMs(), sessions, workers: processes, clockJumps };
    uplink.say({ $case: 'status', value: about });
  };
  /** Pull loops that wait for the coordinator's welcome. */
  const waiting: (() => void)[] = [];
  await using uplink = Uplink.open(
    parts.openChannel(),
    host,
    {
      name,
      instance,
      segments,
      forks,
      workers,
      version,
      rehearses: rehearsal !== null,
      verifies: true,
      hasVault: config.vault !== null,
      paces: true,
      machine,
    },
    {
      welcome: (welcome) => {
        const stranger = trust.welcomed(welcome);
        if (stranger !== null)
          return unwanted.abort(new Unwanted(`the coordinator is not trusted: ${stranger}`));
        if (storeId !== null && storeId !== welcome.storeId) carrier?.abandonAll();
        storeId = welcome.storeId;
        counted.links.add('');
        carrier?.welcomed();
        sayStatus();
        for (const resolve of waiting.splice(0)) resolve();
      },
      cancel: (sweep) => carrier?.cancel(sweep),
      offer: (shard) => {
        const offer = directOffer(shard);
        if (offer !== null) track(carrier?.carry(offer));
      },
      drain: (drained) => {
        log.warn(drained ? 'told to drain: nothing new is taken' : 'told to take work again');
        carrier?.rest(drained);
      },
      full: (full) => {
        log.warn(full ? 'results wait for the coordinator: devices are not read' : 'devices are read again');
        pool.hold(full);
      },
      unwanted: (reason) => unwanted.abort(new Unwanted(`the coordinator will not have it: ${reason}`)),
      warn: (what) => log.warn(what),
    },
    { memoryBytes: config.memoryBytes, spool },
  );
  using _identity = parts.keepIdentity?.(() => uplink.reopen());
  const carrying = new Set<Promise<void>>();
  const track = (work: Promise<void> | undefined) => {
    if (work === undefined) return;
    const tracked = work.finally(() => carrying.delete(tracked));
    carrying.add(tracked);
  };
  const held = new Carrier(instance, forks, pool, uplink, host, { trust, secrets }, log, counted);
  carrier = held;
  await using shards = await parts.openShards(stop);
  const { coordinator } = config;
  const isDraining = () => stop.aborted || held.isDrained;
  const seen: Seen = { counted, pool, carrier: held, uplink, shards, coordinator, isDraining };
  await using endpoint = (await parts.openEndpoint?.(seen)) ?? null;

  const welcomed = async (): Promise<string | null> => {
    await held.room(stop);
    if (storeId !== null && uplink.connected) return storeId;
    const welcome = new Promise<void>((resolve) => waiting.push(resolve));
    await Promise.race([pause(host, 50, stop), welcome]);
    return null;
  };
  const connectedToBoth = () => (shards.server === '' ? null : storeId);
  const announce = whenever(connectedToBoth, host, stop).then((store) => {
    const http = endpoint?.address ?? '';
    if (store !== null) log.ready({ coordinator, nats: shards.server, store, http });
  });
  const status = statusLoop(sayStatus, host, end.signal);
  const present = presenceLoop(shards, () => storeId, config, instance, host, stop);
  const renewals = held.renewLoop(end.signal);
  const pulls = segments.map(async (segment) => {
    const events = {
      empty: (where: string, pulledMs: number) => {
        counted.pulls.add('empty');
        uplink.say({ $case: 'pullEmpty', value: { segment: where, pulledMs, unanswered: false } });
      },
      unanswered: (where: string, pulledMs: number) => {
        counted.pulls.add('failed');
        uplink.say({ $case: 'pullEmpty', value: { segment: where, pulledMs, unanswered: true } });
      },
      warn: (what: string) => log.warn(what),
    };
    for await (const offer of offers(shards, segment, welcomed, events, host, stop)) {
      counted.pulls.add('offer');
      track(held.carry(offer));
    }
  });

  await Promise.all([...pulls, announce, present]);
  uplink.say({ $case: 'draining', value: {} });
  held.drain();
  // Who is not wanted delivers nothing any more.
  const rush = parts.hurry === undefined ? [unwanted.signal] : [unwanted.signal, parts.hurry];
  await held.idle(AbortSignal.any([deadline(host, DRAIN_MS), ...rush]));
  held.abandonAll();
  await uplink.delivered(AbortSignal.any([deadline(host, 3_000), unwanted.signal]));
  end.abort();
  await Promise.all([renewals, status]);
  await Promise.race([Promise.all(carrying), pause(host, 1_000)]);
  if (unwanted.signal.aborted) throw unwanted.signal.reason;
}

async function statusLoop(say: () => void, host: Host, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await pause(host, STATUS_EVERY_MS, stop);
    if (!stop.aborted) say();
  }
}

async function presenceLoop(
  shards: Pick<Shards, 'present'>,
  storeId: () => string | null,
  { name, segments, forks, version }: AgentConfig,
  instance: string,
  host: Host,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const store = storeId();
    if (store !== null) await shards.present(store, name, { name, instance, segments, forks, version });
    await pause(host, PRESENT_EVERY_MS, stop);
  }
}

async function whenever(value: () => string | null, host: Host, stop: AbortSignal): Promise<string | null> {
  while (value() === null && !stop.aborted) await pause(host, 10, stop);
  return value();
}

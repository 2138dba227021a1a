// Makes all that a NATS of our own needs: keys, our own users, and a configuration for each server. It may be made
// again, for other hosts: keys and agents stay.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createUser, type KeyPair } from '@nats-io/nkeys';
import { makeDirectory } from '../../proto/directory.js';
import {
  accountClaims,
  coordinatorUserClaims,
  operatorClaims,
  systemClaims,
  systemUserClaims,
} from './natsclaims.js';
import { serverConf, TLS_FILES } from './natsconf.js';
import { credentials, readPrivate, writeWhole } from './natskeys.js';
import { type Pairs, withPairs } from './natspairs.js';
import { accountsFolder, coordinatorCreds, natsFolder, serversFolder, systemCreds } from './natsplaces.js';

const PORT = 4222;
const CLUSTER_PORT = 6222;
const MONITOR_PORT = 8222;

/** A host that a nats-server runs on, by the name or address that agents and other servers know it by. */
export interface NatsHost {
  host: string;
  /** Default 4222. */
  port?: number;
  /** Default 6222. */
  clusterPort?: number;
  /** On loopback; default 8222. */
  monitorPort?: number;
}

export interface NatsPlan {
  /** The coordinator's state directory. */
  directory: string;
  storeId: string;
  /** One, or three and more, which are a cluster. */
  hosts: NatsHost[];
  /**
   * Where a server's folder lies on its own host. null: where it is made, and of several, which go to hosts of their
   * own, wherever the server is started.
   */
  place?: string | null;
  /** Where it keeps its data there; null: `data` in its folder. */
  data?: string | null;
}

export interface NatsServerFiles {
  name: string;
  host: string;
  /** nats:// URL of it. */
  url: string;
  /** All it needs; to be copied to its host. */
  folder: string;
  configuration: string;
  /** Where its certificate, for server and client use, its key and the authority's certificate are expected. */
  tls: { ca: string; cert: string; key: string };
}

export async function initNats(plan: NatsPlan): Promise<{ creds: string; servers: NatsServerFiles[] }> {
  const folder = natsFolder(plan.directory);
  for (const path of [folder, accountsFolder(folder), serversFolder(plan.directory)]) makeDirectory(path);
  return withPairs(folder, true, async (pairs) => {
    await makeUser(systemCreds(folder), (user) => systemUserClaims(user, pairs.system));
    await makeUser(coordinatorCreds(folder), (user) =>
      coordinatorUserClaims(user, pairs.account, plan.storeId),
    );
    const common = await commonClaims(pairs, plan.storeId);
    const password = routePassword(folder);
    const servers = plan.hosts.map((_, at) => server(plan, folder, at, common, password));
    return { creds: coordinatorCreds(folder), servers };
  });
}

type Common = Awaited<ReturnType<typeof commonClaims>>;

async function commonClaims({ operator, publics }: Pairs, storeId: string) {
  const { system, account } = publics;
  return {
    operator: await operatorClaims(operator, publics),
    system,
    preload: {
      [system]: await systemClaims(operator, publics),
      [account]: await accountClaims(operator, publics, storeId),
    },
  };
}

function server(
  { hosts, place = null, data = null }: NatsPlan,
  folder: string,
  at: number,
  common: Common,
  password: string,
): NatsServerFiles {
  const name = `nats-${at + 1}`;
  const made = join(folder, 'servers', name);
  makeDirectory(made);
  const there = place ?? (hosts.length === 1 ? made : '.');
  const {
    host,
    port = PORT,
    clusterPort = CLUSTER_PORT,
    monitorPort = MONITOR_PORT,
  } = hosts[at] ?? { host: '' };
  const configuration = join(made, 'nats-server.conf');
  const routes = hosts.map((one) => `${bracketed(one.host)}:${one.clusterPort ?? CLUSTER_PORT}`);
  const text = serverConf({
    ...common,
    name,
    listen: `${listening(host)}:${port}`,
    monitor: `127.0.0.1:${monitorPort}`,
    files: there,
    data: data ?? join(there, 'data'),
    cluster: hosts.length === 1 ? null : { listen: `${listening(host)}:${clusterPort}`, routes, password },
  });
  writeWhole(configuration, text, 0o600);
  return {
    name,
    host,
    url: `nats://${bracketed(host)}:${port}`,
    folder: made,
    configuration,
    tls: {
      ca: join(made, TLS_FILES.ca),
      cert: join(made, TLS_FILES.cert),
      key: join(made, TLS_FILES.key),
    },
  };
}

/** A name may mean several of a host's addresses. */
function listening(host: string): string {
  if (host === 'localhost') return '127.0.0.1';
  return isIP(host) === 0 ? '0.0.0.0' : bracketed(host);
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

async function makeUser(file: string, claims: (user: KeyPair) => Promise<string>): Promise<void> {
  const user = createUser();
  const creds = credentials(await claims(user), user);
  writeWhole(file, creds, 0o600);
  creds.fill(0);
  user.clear();
}

/** The same for all servers, and for those that are added later. */
function routePassword(folder: string): string {
  const file = join(folder, 'route.password');
  if (!existsSync(file)) writeWhole(file, randomBytes(24).toString('base64url'), 0o600);
  return readPrivate(file).toString('utf8');
}

// Makes, once, all that a coordinator needs to be reached from other hosts: its state with the key that signs leases, an
// authority with the coordinator's certificate, and NATS servers with configurations and certificates.
import { join } from 'node:path';
import { openSigningKey } from '../signing.js';
import { openStore } from '../store/open.js';
import { Authority } from './authority.js';
import { certifyNats, type Renewed, renewNats } from './natscertificates.js';
import { initNats, type NatsServerFiles } from './natsinit.js';
import { writeWhole } from './natskeys.js';
import { serversFolder } from './natsplaces.js';

export interface InitPlan {
  /** The coordinator's state directory. */
  directory: string;
  keyFile: string | null;
  /** Names and addresses of the coordinator; the first is told to those who join. */
  hosts: string[];
  /** Of the hosts that run nats-server: one, or three and more. */
  natsHosts: string[];
}

export interface Made {
  authority: Authority;
  nats: NatsServerFiles[];
}

export function authorityIn(directory: string): string {
  return join(directory, 'authority');
}

/** Throws what `openStore` throws. */
export async function init({ directory, keyFile, hosts, natsHosts }: InitPlan): Promise<Made> {
  const storeId = await storeOf(directory, keyFile);
  openSigningKey(directory);
  const { servers } = await initNats({ directory, storeId, hosts: natsHosts.map((host) => ({ host })) });
  const authority = await Authority.make(authorityIn(directory), `netsweep ${hosts[0]}`, hosts);
  for (const server of servers) await certifyNats(authority, server);
  writeWhole(urlsFile(directory), servers.map(({ url }) => `${url}\n`).join(''), 0o600);
  return { authority, nats: servers };
}

/** New certificates for what was made here, also while the coordinator runs. `hosts`: other names for it; none: as it was. */
export async function renew(directory: string, authority: Authority, hosts: string[]): Promise<Renewed[]> {
  await authority.renewServer(hosts.length > 0 ? hosts : authority.hosts);
  return renewNats(authority, directory, null);
}

/** Where the NATS servers are that were made here. */
export function urlsFile(directory: string): string {
  return join(serversFolder(directory), 'urls');
}

async function storeOf(directory: string, keyFile: string | null): Promise<string> {
  await using store = await openStore(directory, keyFile);
  return store.id;
}

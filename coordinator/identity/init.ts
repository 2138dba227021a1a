// Makes, once, all that a coordinator needs to be reached from other hosts: its state with the key that signs leases, an
// authority with the coordinator's certificate, and NATS servers with configurations and certificates.
import { join } from 'node:path';
import { openSigningKey } from '../signing.js';
import { openStore } from '../store/open.js';
import { Authority } from './authority.js';
import { initNats, type NatsServerFiles } from './natsinit.js';
import { writeWhole } from './natskeys.js';
import { natsFolder } from './natsplaces.js';

/** Nothing renews what runs on other hosts. */
const NATS_SERVER_MS = 825 * 86_400_000;

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
  const until = Date.now() + NATS_SERVER_MS;
  for (const { name, host, tls } of servers) {
    const names = [...new Set([host, 'localhost', '127.0.0.1', '::1'])];
    const { cert, key } = await authority.serverPair(name, names, until);
    writeWhole(tls.key, key, 0o600);
    writeWhole(tls.cert, cert, 0o600);
    writeWhole(tls.ca, authority.certificate, 0o600);
  }
  writeWhole(urlsFile(directory), servers.map(({ url }) => `${url}\n`).join(''), 0o600);
  return { authority, nats: servers };
}

/** Where the NATS servers are that were made here. */
export function urlsFile(directory: string): string {
  return join(natsFolder(directory), 'servers', 'urls');
}

async function storeOf(directory: string, keyFile: string | null): Promise<string> {
  await using store = await openStore(directory, keyFile);
  return store.id;
}

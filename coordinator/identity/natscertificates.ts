// The certificates of a NATS of our own, in the folders of its servers. Each is made anew for the key that it is for, so
// that one file replaced by a rename is always a pair with the other. A server reads it again when it is told to, and one
// on another host has to be brought it: what counts in the end is what a server shows.
import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, hostsOf, renewFromMs } from './authority.js';
import { TLS_FILES } from './natsconf.js';
import type { NatsServerFiles } from './natsinit.js';
import { readPrivate, writeWhole } from './natskeys.js';
import { serversFolder } from './natsplaces.js';

/** A person has to tell servers of it. */
const LIFE_MS = 825 * 86_400_000;

/** The first of a server, and its key. */
export async function certifyNats(
  authority: Authority,
  { name, host, folder }: Pick<NatsServerFiles, 'name' | 'host' | 'folder'>,
): Promise<void> {
  const hosts = [...new Set([host, 'localhost', '127.0.0.1', '::1'])];
  const { cert, key } = await authority.serverPair(name, hosts, Date.now() + LIFE_MS);
  writeWhole(join(folder, TLS_FILES.key), key, 0o600);
  writeWhole(join(folder, TLS_FILES.cert), cert, 0o600);
  writeWhole(join(folder, TLS_FILES.ca), authority.certificate, 0o600);
}

/** A server whose certificate is new. */
export interface Renewed {
  name: string;
  folder: string;
}

/** Those of the servers of a state directory that are due at `nowMs`; null: all of them. */
export async function renewNats(
  authority: Authority,
  stateDirectory: string,
  nowMs: number | null,
): Promise<Renewed[]> {
  const renewed: Renewed[] = [];
  const servers = serversFolder(stateDirectory);
  for (const name of existsSync(servers) ? readdirSync(servers) : []) {
    const folder = join(servers, name);
    const file = join(folder, TLS_FILES.cert);
    if (!existsSync(file)) continue;
    const old = new X509Certificate(readFileSync(file));
    if (nowMs !== null && nowMs < renewFromMs(old)) continue;
    const key = readPrivate(join(folder, TLS_FILES.key)).toString();
    const { cert } = await authority.serverPair(name, hostsOf(old), (nowMs ?? Date.now()) + LIFE_MS, key);
    writeWhole(file, cert, 0o600);
    renewed.push({ name, folder });
  }
  return renewed;
}

// The key files that a login uses where nobody names them: the certificate beside a key, those of ssh's
// configuration, and the ones with OpenSSH's usual names.
import { join } from 'node:path';
import type { CredentialSource } from './inventory.js';
import type { SshHost } from './sshconfig.js';
import type { SshConfigs } from './sshconfigs.js';

/** Paths of files that are there. */
export interface KeyFiles {
  privateKey: string;
  certificate: string | null;
}

const USUAL = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/** Whether there is anything to log in with. */
export function hasLogin({ password, privateKey, sshAgent }: CredentialSource): boolean {
  return password !== null || privateKey !== null || sshAgent === true;
}

/** The first key of ssh's configuration that is there; null: none. */
export function keyFilesFor(
  ssh: SshConfigs,
  { identityFiles, certificateFiles }: SshHost,
  { written, host, port, username }: { written: string; host: string; port: number; username: string | null },
): KeyFiles | null {
  if (identityFiles.length === 0) return null;
  const tokens = { n: written, h: host, p: String(port), ...(username === null ? {} : { r: username }) };
  const privateKey = ssh.firstFile(identityFiles, tokens);
  if (privateKey === null) return null;
  return { privateKey, certificate: ssh.firstFile(certificateFiles, tokens) ?? besideKey(ssh, privateKey) };
}

/** The first of the keys that ssh would look for by itself; null: none. */
export function usualKeyFiles(ssh: SshConfigs): KeyFiles | null {
  const paths = USUAL.map((name) => join(ssh.home, '.ssh', name));
  const privateKey = ssh.firstFile(paths, {});
  return privateKey === null ? null : { privateKey, certificate: besideKey(ssh, privateKey) };
}

/** Where `ssh-keygen -s` leaves the certificate of a key; null: there is none. */
export function besideKey(ssh: SshConfigs, privateKey: string): string | null {
  const path = `${privateKey.replace(/\.pub$/, '')}-cert.pub`;
  return ssh.has(path) ? path : null;
}

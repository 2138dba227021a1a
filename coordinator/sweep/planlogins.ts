// The part of a plan that says who logs in where: by group and source of the secrets, and through which jump
// hosts. Pure; resolves no secret.
import type { CredentialSource, Entry, Hop, SecretField, SecretReference } from '../inventory/inventory.js';
import { hopText } from '../inventory/jump.js';
import { sourceOf } from '../inventory/secrets.js';
import { count } from '../inventory/wording.js';

export interface LoginRow {
  group: string;
  username: string;
  /** Where each secret comes from, in words. */
  sources: string[];
  devices: number;
  names: string[];
}

export interface WayRow {
  /** In words, the nearest first. */
  hops: string[];
  devices: number;
  names: string[];
}

const OPTIONS: Partial<Record<SecretField, { words: string; file: string; ask: string }>> = {
  password: { words: 'password', file: '--password-file', ask: '-k' },
  enableSecret: { words: 'enable secret', file: '--secret-file', ask: '-K' },
  privateKey: { words: 'private key', file: '--private-key', ask: '' },
};

export function loginsOf(entries: readonly Entry[]): LoginRow[] {
  const rows: LoginRow[] = [];
  /** By login, then by group. */
  const known = new Map<string, Map<string, LoginRow>>();
  for (const entry of entries) {
    const sources = sourcesOf(entry);
    const username = entry.username ?? '';
    const login = JSON.stringify([username, ...sources]);
    const ofLogin = known.get(login) ?? new Map<string, LoginRow>();
    known.set(login, ofLogin);
    for (const group of entry.groups.length > 0 ? entry.groups : ['']) {
      const row = ofLogin.get(group) ?? { group, username, sources, devices: 0, names: [] };
      if (row.devices === 0) rows.push(row);
      ofLogin.set(group, row);
      row.devices += 1;
      row.names.push(entry.name);
    }
  }
  return rows;
}

export function waysOf(entries: readonly Entry[]): WayRow[] {
  const rows = new Map<string, WayRow>();
  for (const { name, via } of entries) {
    if (via.length === 0) continue;
    const hops = via.map(hopInWords);
    const key = JSON.stringify(hops);
    const row = rows.get(key) ?? { hops, devices: 0, names: [] };
    row.devices += 1;
    row.names.push(name);
    rows.set(key, row);
  }
  return Array.from(rows.values());
}

export function printLogin({ group, username, sources, devices }: LoginRow): string {
  const who = username === '' ? 'no user name' : `user ${username}`;
  const how = sources.length === 0 ? 'no password and no key' : sources.join(', ');
  return `login        ${group === '' ? 'no group' : `group ${group}`}: ${who}, ${how} (${count(devices, 'device')})`;
}

export function printWay({ hops, devices }: WayRow): string {
  return `jump         ${hops.join(', then ')} (${count(devices, 'device')})`;
}

/** Counts by what `of` gives, in the order of first appearance; no text of it holds a control character. */
export function tally<Item, Row extends Record<string, string>>(
  items: readonly Item[],
  of: (item: Item) => Row,
): (Row & { devices: number })[] {
  const rows = new Map<string, Row & { devices: number }>();
  for (const item of items) {
    const row = of(item);
    const key = Object.values(row).join('\0');
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { ...row, devices: 1 });
    else known.devices += 1;
  }
  return Array.from(rows.values());
}

function hopInWords({ host, port, username, login }: Hop): string {
  const place = hopText({ host, port, username: login?.username ?? username });
  return login === null
    ? `${place} with the device's login`
    : `${place} with ${sourcesOf(login).join(' and ')}`;
}

function sourcesOf(source: CredentialSource): string[] {
  const { password, enableSecret, privateKey, passphrase, certificate } = source;
  const key = sourceIn('privateKey', privateKey).map((words) =>
    passphrase === null ? words : `${words} with a passphrase from ${sourceOf(passphrase)}`,
  );
  const hasCertificate = certificate !== null && (privateKey !== null || source.sshAgent === true);
  return [
    ...sourceIn('password', password),
    ...key,
    ...(hasCertificate ? [`certificate from ${sourceOf(certificate)}`] : []),
    ...(source.sshAgent === true ? ['ssh-agent'] : []),
    ...sourceIn('enableSecret', enableSecret),
  ];
}

function sourceIn(field: SecretField, reference: SecretReference | null): string[] {
  if (reference === null) return [];
  const option = OPTIONS[field];
  if (reference.at === null && reference.from === 'file' && !reference.found)
    return [`${option?.words} from ${option?.file} ${reference.path}`];
  if (reference.at === null && reference.from === 'ask')
    return [`${option?.words} asked for (${option?.ask})`];
  return [`${option?.words} from ${sourceOf(reference)}`];
}

// `netsweep hostkeys ...`: the ledger of host keys, read and changed by hand, and filled by a sweep that ends
// after the key exchange.
import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { Purpose } from '../../proto/gen/netsweep/v1/model.js';
import type { KnownHost } from '../../proto/gen/netsweep/v1/sweeps.js';
import { isoTime } from '../combine/result.js';
import type { Column } from '../combine/table.js';
import { fallbacks, type Values } from '../config.js';
import { endpointOf, jumpText, type Place, placeKey } from '../sweep/endpoints.js';
import { attend } from './attend.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { openLink } from './link.js';
import { plan, resolve, select } from './prepare.js';
import { printLines, printTable } from './print.js';
import { ask } from './rpc.js';
import { sweepOptions } from './run.js';
import { type CONNECTION, type ENDPOINT, RUN, type SCAN, type TABLE } from './settings.js';
import { harmlessLine } from './terminal.js';

const COLUMNS: Column<KnownHost>[] = [
  { title: 'SEGMENT', cell: ({ segment }) => segment },
  { title: 'JUMP', cell: ({ jump }) => jump || '-' },
  { title: 'HOST', cell: ({ host }) => host },
  { title: 'PORT', cell: ({ port }) => String(port), right: true },
  { title: 'TYPE', cell: ({ type }) => type },
  { title: 'FINGERPRINT', cell: fingerprint },
  { title: 'SINCE', cell: ({ firstSeenMs }) => isoTime(firstSeenMs)?.slice(0, 19).replace('T', ' ') ?? '-' },
  { title: 'SEEN BY', cell: ({ agent }) => (agent === '' ? '(accepted)' : agent) },
];

export async function listHostKeys({
  args,
  values,
  stop,
}: Call<typeof TABLE & typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const { hosts, problems } = await ask(link.sweeps.listHostKeys.bind(link.sweeps), { host: args[0] ?? '' });
  for (const problem of problems) process.stderr.write(`netsweep: left out: ${harmlessLine(problem)}\n`);
  await printTable(hosts, { json: values.json, columns: COLUMNS, object: hostObject });
  return EXIT.ok;
}

export async function acceptHostKey({
  args,
  values,
  stop,
}: Call<typeof ENDPOINT & typeof CONNECTION>): Promise<ExitCode> {
  const [device = '', ...words] = args;
  const keys = parseKeys(words.join(' ') === '-' ? await text(process.stdin) : words.join(' '));
  const [key, ...more] = keys;
  if (key === undefined) throw new UsageError('found no key (expected a line such as ssh-ed25519 AAAA...)');
  if (more.length > 0)
    throw new UsageError(
      `found ${keys.length} keys, expected the one that the device shows: ${keys.map(({ type }) => type).join(', ')}`,
    );
  const endpoint = await placeNamed(device, values);
  await using link = await openLink(values, stop);
  const host = { ...endpoint, ...key, firstSeenMs: 0, agent: '' };
  await ask(link.sweeps.acceptHostKey.bind(link.sweeps), host);
  const through = endpoint.jump === '' ? '' : ` through ${endpoint.jump}`;
  await printLines([
    `${endpoint.host}:${endpoint.port}${through} in ${endpoint.segment}: ${key.type} ${fingerprint(host)} accepted`,
  ]);
  return EXIT.ok;
}

export async function removeHostKeys({
  args,
  values,
  stop,
}: Call<typeof ENDPOINT & typeof CONNECTION>): Promise<ExitCode> {
  const host = args[0] ?? '';
  const match =
    values.inventory.length > 0
      ? await placeNamed(host, values)
      : { segment: values.segment ?? '', host, port: values.port ?? 0, jump: values.jump ?? undefined };
  await using link = await openLink(values, stop);
  const { removed } = await ask(link.sweeps.removeHostKeys.bind(link.sweeps), match);
  if (removed === 0)
    throw new UsageError(`no key is known for "${host}" (netsweep hostkeys list shows them)`);
  await printLines([`${host}: ${removed} ${removed === 1 ? 'key' : 'keys'} forgotten`]);
  return EXIT.ok;
}

/** Learns the keys of a selection: a sweep that ends after the key exchange, without a login at any device. */
export async function scanHostKeys(call: Call<typeof SCAN>): Promise<ExitCode> {
  const { stop, sources } = call;
  const values = { ...fallbacks(RUN), ...call.values };
  const options = { ...sweepOptions(values), purpose: Purpose.HOST_KEYS };
  const selected = await select(values);
  // Nothing of a platform is used before a login, and no command is sent.
  const entries = selected.entries.map((entry) => ({
    ...entry,
    platform: entry.platform ?? 'linux',
    commands: [],
  }));
  const planned = plan({ ...selected, entries }, { commands: [], values, options });
  const { devices } = planned;
  // Devices are not logged in to, the bastions on the way to them are.
  const isBehind = devices.some(({ jump }) => jump.length > 0);
  const credentials = isBehind ? await resolve({ ...selected, entries }, planned, stop) : [];
  await using link = await openLink(values, stop);
  const code = await attend({ values, sources, stop }, link, {
    options,
    devices,
    credentials,
    views: () => [],
    hint: () => 'the devices above showed no key that could be kept',
  });
  const { hosts } = await ask(link.sweeps.listHostKeys.bind(link.sweeps), { host: '' });
  const scanned = new Set(devices.map(endpointOf));
  const found = hosts.filter((host) => scanned.has(placeKey(host)));
  await printTable(found, { json: values.json, columns: COLUMNS, object: hostObject });
  return code;
}

/** A device of the inventory, where one is given and knows the name; else the host itself. */
async function placeNamed(
  device: string,
  { inventory, port, segment, jump, platforms }: Values<typeof ENDPOINT>,
): Promise<Place> {
  const entry =
    inventory.length === 0
      ? undefined
      : (await select({ ...fallbacks(RUN), inventory, platforms })).entries.find(
          ({ name }) => name === device,
        );
  return {
    segment: segment ?? entry?.segment ?? 'default',
    jump: jump ?? jumpText(entry?.via ?? []),
    host: entry?.host ?? device,
    port: port ?? entry?.port ?? 22,
  };
}

/** Lines of `type base64`, also with a host name in front, as ssh-keyscan and known_hosts have them. */
export function parseKeys(lines: string): { type: string; blob: Buffer }[] {
  const keys: { type: string; blob: Buffer }[] = [];
  for (const line of lines.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const match = /(?:^|\s)((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(
      line,
    );
    const [, type = '', base64 = ''] = match ?? [];
    const blob = Buffer.from(base64, 'base64');
    if (match === null || blockText(blob) !== type)
      throw new UsageError(
        `found "${line.trim().slice(0, 60)}", expected a public key such as ssh-ed25519 AAAA...`,
      );
    keys.push({ type, blob });
  }
  return keys;
}

/** The first string of an SSH key blob: its type. */
function blockText(blob: Buffer): string {
  return blob.length < 4 ? '' : blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1');
}

export function fingerprint({ blob }: Pick<KnownHost, 'blob'>): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

function hostObject(host: KnownHost) {
  return {
    segment: host.segment,
    jump: host.jump || null,
    host: host.host,
    port: host.port,
    type: host.type,
    key: host.blob.toString('base64'),
    fingerprint: fingerprint(host),
    firstSeenAt: isoTime(host.firstSeenMs),
    agent: host.agent === '' ? null : host.agent,
  };
}

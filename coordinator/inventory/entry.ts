// A device's layers, the last one counting most, put together into its entry.
import type { Fields } from './fieldnames.js';
import type { Layer } from './fields.js';
import type { Entry, Jump } from './inventory.js';
import { limitsOf } from './timeouts.js';

/**
 * `fields`: of all `layers` together, which stand with the defaults first and the device's own last. Every field is
 * written out: an object that is spread together keeps its properties in a hash table, several times as large.
 */
export function entryOf(
  { name, host, groups, at }: Pick<Entry, 'name' | 'host' | 'groups' | 'at'>,
  fields: Fields,
  layers: readonly Layer[],
): Entry {
  return {
    name,
    host,
    groups,
    at,
    password: fields.password ?? null,
    enableSecret: fields.enableSecret ?? null,
    privateKey: fields.privateKey ?? null,
    passphrase: fields.passphrase ?? null,
    certificate: fields.certificate ?? null,
    port: fields.port ?? null,
    platform: fields.platform ?? null,
    segment: fields.segment ?? 'default',
    site: fields.site ?? '',
    commands: fields.commands ?? [],
    username: fields.username ?? null,
    sshAgent: fields.sshAgent ?? null,
    useKeys: fields.useKeys ?? null,
    sshConfig: fields.sshConfig ?? null,
    jump: jumpOf(layers),
    via: [],
    legacy: fields.legacy ?? false,
    enable: fields.enable ?? null,
    enableCommand: fields.enableCommand ?? '',
    credential: fields.credential ?? null,
    limits: Object.assign({}, ...layers.map((layer) => limitsOf(layer.fields))),
    data: dataOf(layers),
  };
}

/** The same object for devices that add nothing of their own to what they share. */
function dataOf(layers: readonly Layer[]): Record<string, unknown> {
  const given = layers.map(({ data }) => data).filter((data) => !isEmpty(data));
  const [only] = given;
  return only !== undefined && given.length === 1 ? only : Object.assign({}, ...given);
}

function isEmpty(data: Record<string, unknown>): boolean {
  for (const _ in data) return false;
  return true;
}

function jumpOf(layers: readonly Layer[]): Jump | null {
  const index = layers.findLastIndex(({ fields }) => fields.jump !== undefined);
  const hops = layers[index]?.fields.jump;
  return hops === undefined ? null : { hops, shared: index < layers.length - 1 };
}

// A device's own fields over what it shares with others, put together into its entry.
import type { Fields } from './fieldnames.js';
import type { Layer } from './fields.js';
import type { Entry, Jump } from './inventory.js';
import { limitsOf } from './timeouts.js';

/** Defaults and groups as one, made once for all devices that have the same ones. */
export interface Shared {
  fields: Fields;
  limits: Entry['limits'];
  data: Entry['data'];
}

const NO_COMMANDS: Entry['commands'] = [];
const NO_HOPS: Entry['via'] = [];
const NO_DATA: Entry['data'] = {};
const NOTHING: Shared = { fields: {}, limits: {}, data: NO_DATA };

/** `layers`: those that count most last. */
export function sharedOf(layers: readonly Pick<Layer, 'fields' | 'data'>[]): Shared {
  return {
    fields: Object.assign({}, ...layers.map(({ fields }) => fields)),
    limits: Object.assign({}, ...layers.map(({ fields }) => limitsOf(fields))),
    data: together(layers.map(({ data }) => data)),
  };
}

/**
 * `data`: what is only data, over that of the groups and under the device's own, those that count most last. Every
 * field is written out: an object that is spread together keeps its properties in a hash table, several times as large.
 */
export function entryOf(
  { name, host, groups, at }: Pick<Entry, 'name' | 'host' | 'groups' | 'at'>,
  { fields, data: own = NO_DATA }: { fields: Fields; data?: Entry['data'] },
  shared = NOTHING,
  data: readonly Entry['data'][] = [],
): Entry {
  const over = shared.fields;
  const limits = limitsOf(fields);
  return {
    name,
    host,
    groups,
    at,
    password: fields.password ?? over.password ?? null,
    enableSecret: fields.enableSecret ?? over.enableSecret ?? null,
    privateKey: fields.privateKey ?? over.privateKey ?? null,
    passphrase: fields.passphrase ?? over.passphrase ?? null,
    certificate: fields.certificate ?? over.certificate ?? null,
    port: fields.port ?? over.port ?? null,
    platform: fields.platform ?? over.platform ?? null,
    segment: fields.segment ?? over.segment ?? 'default',
    site: fields.site ?? over.site ?? '',
    commands: fields.commands ?? over.commands ?? NO_COMMANDS,
    username: fields.username ?? over.username ?? null,
    sshAgent: fields.sshAgent ?? over.sshAgent ?? null,
    useKeys: fields.useKeys ?? over.useKeys ?? null,
    sshConfig: fields.sshConfig ?? over.sshConfig ?? null,
    jump: jumpOf(fields, over),
    via: NO_HOPS,
    legacy: fields.legacy ?? over.legacy ?? false,
    enable: fields.enable ?? over.enable ?? null,
    enableCommand: fields.enableCommand ?? over.enableCommand ?? '',
    credential: fields.credential ?? over.credential ?? null,
    limits: isEmpty(limits) ? shared.limits : { ...shared.limits, ...limits },
    data: together([shared.data, ...data, own]),
  };
}

/** The same object for devices that add nothing of their own to what they share. */
function together(given: readonly Entry['data'][]): Entry['data'] {
  const filled = given.filter((one) => !isEmpty(one));
  const [only = NO_DATA] = filled;
  return filled.length <= 1 ? only : Object.assign({}, ...filled);
}

function isEmpty(map: object): boolean {
  for (const _ in map) return false;
  return true;
}

function jumpOf(own: Fields, shared: Fields): Jump | null {
  if (own.jump !== undefined) return { hops: own.jump, shared: false };
  return shared.jump === undefined ? null : { hops: shared.jump, shared: true };
}

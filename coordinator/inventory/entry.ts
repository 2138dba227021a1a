// A device's layers, the last one counting most, put together into its entry.
import type { Fields } from './fieldnames.js';
import type { Layer } from './fields.js';
import type { Entry, Jump, SecretField } from './inventory.js';
import { limitsOf } from './timeouts.js';

/** `layers`: the defaults first, the device's own last. */
export function entryOf(
  given: Pick<Entry, 'name' | 'host' | 'groups' | 'at'>,
  layers: readonly Layer[],
): Entry {
  const fields: Fields = Object.assign({}, ...layers.map((layer) => layer.fields));
  return {
    ...given,
    ...secretsOf(fields),
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
    data: Object.assign({}, ...layers.map((layer) => layer.data)),
  };
}

function secretsOf(fields: Fields): Pick<Entry, SecretField> {
  const { password, enableSecret, privateKey, passphrase, certificate } = fields;
  return {
    password: password ?? null,
    enableSecret: enableSecret ?? null,
    privateKey: privateKey ?? null,
    passphrase: passphrase ?? null,
    certificate: certificate ?? null,
  };
}

function jumpOf(layers: readonly Layer[]): Jump | null {
  const index = layers.findLastIndex(({ fields }) => fields.jump !== undefined);
  const hops = layers[index]?.fields.jump;
  return hops === undefined ? null : { hops, shared: index < layers.length - 1 };
}

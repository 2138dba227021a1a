// From hosts and their variables to devices: which of Ansible's variables netsweep uses, and for what. All others are
// data to filter on, but never what a vault holds.
import { isIP } from 'node:net';
import { readHost } from '../address.js';
import { knownField } from '../fieldnames.js';
import { partsOf } from '../jump.js';
import type { Field, InventoryDocument, Located, LocatedDevice, Source } from '../located.js';
import type { Reading } from '../shape.js';
import { describe, quote } from '../wording.js';
import { type AnsibleData, type Group, type Host, membersOf, type Variables } from './data.js';
import { TemplateError } from './expression.js';
import { jumpOfCommand, readSshArguments } from './sshargs.js';
import { resolveValue, type Scope, SealedError } from './template.js';
import { type HostVariables, type VariablesOfHosts, variableOf } from './variables.js';
import { isVault, type VaultOpener } from './vault.js';

/** The variables of a field; the last that is there counts, as in Ansible's plugins. */
const USED: Record<string, readonly string[]> = {
  host: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  username: ['ansible_user', 'ansible_ssh_user'],
  password: ['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'],
  privateKey: ['ansible_private_key_file', 'ansible_ssh_private_key_file'],
  passphrase: ['ansible_private_key_passphrase', 'ansible_ssh_private_key_passphrase'],
  platform: ['ansible_network_os'],
};
const ENABLE_SECRET = ['ansible_become_password', 'ansible_become_pass', 'ansible_enable_pass'];
const SSH_ARGUMENTS = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'];
const PROXY_COMMAND = 'ansible_paramiko_proxy_command';
/** Numbers in these are what was typed: Ansible makes text of them. */
const TEXTS = new Set(['host', 'username', 'password', 'enableSecret', 'passphrase', 'privateKey']);
/** Any field of netsweep's own, in front of which Ansible's variables have nothing. */
const OWN_PREFIX = 'netsweep_';
/** Names that inventories use in the same sense; only where they are text. */
const SHARED_NAMES = ['segment', 'site'];
const NOT_OWN = new Set(['name', 'groups']);

const CONNECTIONS = new Set([
  'ssh',
  'smart',
  'paramiko',
  'paramiko_ssh',
  'network_cli',
  'libssh',
  'persistent',
]);
const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

export interface AnsibleWorld {
  data: AnsibleData;
  variables: VariablesOfHosts;
  vault: VaultOpener;
  /** Texts of files that were in a vault. */
  sealed: ReadonlySet<Source>;
  reading: Reading;
}

export function documentOf(world: AnsibleWorld): InventoryDocument {
  return {
    defaults: null,
    groups: null,
    children: new Map(Array.from(world.data.groups.values(), childrenOf)),
    devices: devicesOf(world),
    members: () => groupMembers(world.data),
  };
}

function* devicesOf(world: AnsibleWorld): Iterable<LocatedDevice> {
  const translator = new Translator(world);
  for (const host of world.data.hosts.values()) yield translator.device(host);
}

function childrenOf({ name, children }: Group): [string, string[]] {
  return [name, Array.from(children, (child) => child.name)];
}

/** Names of all groups in the order that patterns look at them, with their hosts in Ansible's order. */
function groupMembers(data: AnsibleData): Map<string, string[]> {
  return new Map(
    Array.from(data.groups.values(), (group) => [group.name, membersOf(group).map(({ name }) => name)]),
  );
}

class Translator {
  private readonly reported = new Set<Field>();
  private readonly data = new Map<Variables, Variables>();
  private readonly ownNames = new Map<Variables, string[]>();

  constructor(private readonly world: AnsibleWorld) {}

  device(host: Host): LocatedDevice {
    const variables = this.world.variables.of(host);
    if (this.isOwnMachine(variables))
      return {
        at: host.at,
        name: host.name,
        fields: new Map(),
        groups: [],
        leftOut: 'it is this machine (ansible_connection is local)',
      };
    const fields: Variables = new Map();
    for (const [field, names] of Object.entries(USED)) this.use(field, names, variables, fields);
    this.useEnable(variables, fields);
    this.useArguments(variables, fields);
    this.useOwn(variables, fields);
    this.checkConnection(variables);
    const hasHost = Array.from(fields.keys()).some((written) => knownField(written) === 'host');
    if (!hasHost && readHost(host.name) !== null)
      fields.set('ansible_host', { at: host.at, value: { at: host.at, kind: 'text', text: host.name } });
    const groups = variables.groups.filter(({ name }) => name !== 'ungrouped').toReversed();
    return {
      at: host.at,
      name: host.name,
      fields,
      groups: groups.map(({ name }) => name),
      data: [this.dataOf(variables.shared), this.dataOf(variables.own)],
    };
  }

  private use(field: string, names: readonly string[], variables: HostVariables, fields: Variables): void {
    const name = names.findLast((one) => isGiven(variableOf(variables, one)));
    if (name === undefined) return;
    const resolved = this.resolved(name, variables);
    if (resolved === null) return;
    const value = TEXTS.has(field) ? asText(resolved.value) : resolved.value;
    fields.set(name, { at: resolved.at, value });
  }

  /** `enable` where Ansible would become so, with its password. */
  private useEnable(variables: HostVariables, fields: Variables): void {
    const method = this.resolved('ansible_become_method', variables)?.value;
    const isOther = method?.kind === 'text' && !/^(?:ansible\.netcommon\.)?enable$/.test(method.text);
    if (isOther) return;
    this.use('enableSecret', ENABLE_SECRET, variables, fields);
    const become = this.resolved('ansible_become', variables);
    if (become === null || become.value.kind === 'null') return;
    const wanted = truthOf(become.value);
    if (wanted === null)
      this.world.reading.issues.report(
        become.value.at ?? become.at,
        `ansible_become is neither true nor false (found ${describe(become.value)}, expected yes or no)`,
      );
    else if (!wanted || method !== undefined)
      fields.set('enable', {
        at: become.at,
        value: { at: become.value.at, kind: 'boolean', boolean: wanted },
      });
  }

  private useArguments(variables: HostVariables, fields: Variables): void {
    const given = SSH_ARGUMENTS.filter((name) => isGiven(variableOf(variables, name)));
    for (const name of given.toReversed()) {
      const field = this.resolved(name, variables);
      if (field === null || field.value.kind === 'null') continue;
      if (field.value.kind !== 'text') {
        this.report(field, `${name} is not text (found ${describe(field.value)}, expected options of ssh)`);
        continue;
      }
      const read = readSshArguments(field.value.text);
      for (const wrong of read.wrong) this.report(field, `${name}: ${wrong}`);
      for (const unused of read.unused)
        this.world.reading.warnings.report(field.value.at ?? field.at, `${name}: ${unused}`);
      const text = (key: string, value: string | null) => {
        if (value !== null && !fields.has(key))
          fields.set(key, { at: field.at, value: { at: field.value.at, kind: 'text', text: value } });
      };
      this.useJump(name, field, read.jump, fields);
      text('ssh_config_file', read.sshConfig);
      if (!USED.privateKey?.some((one) => fields.has(one))) text('private_key_file', read.privateKey);
      if (read.legacy)
        fields.set('legacy', { at: field.at, value: { at: field.value.at, kind: 'boolean', boolean: true } });
    }
    this.useProxyCommand(variables, fields);
  }

  private useProxyCommand(variables: HostVariables, fields: Variables): void {
    const field = isGiven(variableOf(variables, PROXY_COMMAND))
      ? this.resolved(PROXY_COMMAND, variables)
      : null;
    if (field?.value.kind !== 'text') return;
    const read = jumpOfCommand(field.value.text);
    if ('wrong' in read) this.report(field, `${PROXY_COMMAND}: ${read.wrong}`);
    else this.useJump(PROXY_COMMAND, field, read.jump, fields);
  }

  private useJump(name: string, field: Field, jump: string | null, fields: Variables): void {
    if (jump === null || fields.has('jump')) return;
    const wrong = partsOf(jump).flatMap((part) => ('wrong' in part ? part.wrong : []));
    for (const one of wrong) this.report(field, `${name}: ${one}`);
    if (wrong.length === 0)
      fields.set('jump', { at: field.at, value: { at: field.value.at, kind: 'text', text: jump } });
  }

  /** `netsweep_segment: dc2` and the like, and the two names that mean the same in most inventories. */
  private useOwn(variables: HostVariables, fields: Variables): void {
    for (const name of SHARED_NAMES) {
      const kind = variableOf(variables, name)?.value.kind;
      if (kind !== 'text' && kind !== 'number') continue;
      const field = this.resolved(name, variables);
      if (field !== null) fields.set(name, field);
    }
    const names = [variables.shared, variables.own].flatMap((one) => this.ownNamesIn(one));
    for (const name of new Set(names)) {
      const bare = name.slice(OWN_PREFIX.length);
      const known = knownField(bare);
      if (known === null || NOT_OWN.has(known)) {
        this.report(variableOf(variables, name), `${name} is no field of a device`);
        continue;
      }
      for (const written of fields.keys()) if (knownField(written) === known) fields.delete(written);
      const field = this.resolved(name, variables);
      if (field !== null) fields.set(bare, field);
    }
  }

  /** With its templates and vaults resolved; null: it is not there, or it cannot be, which was reported. */
  private resolved(name: string, variables: HostVariables): Field | null {
    const field = variableOf(variables, name);
    if (field === undefined) return null;
    const { value } = unsealed(field);
    if (value.kind !== 'text' || !/\{[{%#]|^\$ANSIBLE_VAULT/.test(value.text)) return { at: field.at, value };
    try {
      return { at: field.at, value: resolveValue(value, this.scopeOf(variables)) };
    } catch (error) {
      if (error instanceof SealedError) this.report(field, `${name} ${error.message}`);
      else if (error instanceof TemplateError)
        this.report(
          field,
          `${name} is a template that is not resolved (found ${error.message}; for instance of ${quote(variables.host.name)})`,
        );
      else throw error;
      return null;
    }
  }

  private scopeOf(variables: HostVariables): Scope {
    const { world } = this;
    const { host, groups, own, shared } = variables;
    return {
      variable: (name) => {
        const field = variableOf(variables, name);
        return field === undefined ? undefined : unsealed(field).value;
      },
      names: () => new Set([...own.keys(), ...shared.keys(), 'inventory_hostname']),
      special: (name) => {
        if (name === 'inventory_hostname') return host.name;
        if (name === 'inventory_hostname_short') return shortName(host.name);
        if (name === 'group_names') return groups.map((group) => group.name).sort();
        if (name === 'groups') return Object.fromEntries(groupMembers(world.data));
        return undefined;
      },
      hostvars: (name) => {
        const other = world.data.hosts.get(name);
        return other === undefined ? undefined : this.scopeOf(world.variables.of(other));
      },
      env: world.reading.io.env,
      vault: world.vault,
    };
  }

  /** Of Ansible itself, for what playbooks do there. */
  private isOwnMachine(variables: HostVariables): boolean {
    return LOOPBACK.has(variables.host.name) && connectionOf(variables) === 'local';
  }

  private checkConnection(variables: HostVariables): void {
    const connection = connectionOf(variables);
    const field = variableOf(variables, 'ansible_connection');
    if (connection === null || field === undefined || CONNECTIONS.has(connection)) return;
    this.world.reading.warnings.report(
      field.value.at ?? field.at,
      `ansible_connection is ${quote(connection)}; netsweep logs in with SSH, at ansible_port all the same`,
    );
  }

  /** Once for each field, however many hosts it counts for. */
  private report(field: Field | undefined, message: string): void {
    if (field === undefined || this.reported.has(field)) return;
    this.reported.add(field);
    this.world.reading.issues.report(field.value.at ?? field.at, message);
  }

  /** The same map for the same variables. */
  private dataOf(variables: Variables): Variables {
    const known = this.data.get(variables);
    if (known !== undefined) return known;
    const data: Variables = new Map();
    for (const [name, field] of variables)
      if (!isUsed(name) && !isSealed(field, this.world)) data.set(name, field);
    this.data.set(variables, data);
    return data;
  }

  private ownNamesIn(variables: Variables): string[] {
    const known = this.ownNames.get(variables);
    if (known !== undefined) return known;
    const names = Array.from(variables.keys()).filter((name) => name.startsWith(OWN_PREFIX));
    this.ownNames.set(variables, names);
    return names;
  }
}

const USED_NAMES = new Set([
  ...Object.values(USED).flat(),
  ...ENABLE_SECRET,
  ...SSH_ARGUMENTS,
  PROXY_COMMAND,
]);

function isUsed(name: string): boolean {
  return (
    USED_NAMES.has(name) || SHARED_NAMES.includes(name) || name.startsWith(OWN_PREFIX) || name === '__proto__'
  );
}

/** Whether a vault holds it, the value or its whole file. */
function isSealed(field: Field, { sealed }: AnsibleWorld): boolean {
  if (field.at !== null && sealed.has(field.at.source)) return true;
  return holdsVault(field.value);
}

function holdsVault(value: Located): boolean {
  if (value.kind === 'text') return isVault(value.text);
  if (value.kind === 'list') return value.items.some(holdsVault);
  if (value.kind !== 'map') return false;
  return Array.from(value.fields).some(
    ([name, field]) => name === '__ansible_vault' || holdsVault(field.value),
  );
}

/** A value as inventory programs of Ansible's print what a vault holds, or what is no template. */
function unsealed(field: Field): Field {
  if (field.value.kind !== 'map' || field.value.fields.size !== 1) return field;
  const inner = field.value.fields.get('__ansible_vault') ?? field.value.fields.get('__ansible_unsafe');
  return inner === undefined ? field : { at: field.at, value: inner.value };
}

function isGiven(field: Field | undefined): boolean {
  return field !== undefined && field.value.kind !== 'null';
}

/** A number as it was typed, where Ansible takes it for the same text. */
function asText(value: Located): Located {
  const isSame =
    value.kind === 'number' && Number.isSafeInteger(value.number) && String(value.number) === value.text;
  return isSame ? { at: value.at, kind: 'text', text: value.text } : value;
}

function truthOf(value: Located): boolean | null {
  if (value.kind === 'boolean') return value.boolean;
  const word = value.kind === 'text' || value.kind === 'number' ? value.text.toLowerCase() : '';
  if (['y', 'yes', 'on', '1', 'true', 't', '1.0'].includes(word)) return true;
  return ['n', 'no', 'off', '0', 'false', 'f', '0.0'].includes(word) ? false : null;
}

/** Without the collection in front; null: not given, or a template. */
function connectionOf(variables: HostVariables): string | null {
  const value = variableOf(variables, 'ansible_connection')?.value;
  if (value?.kind !== 'text' || value.text.includes('{{')) return null;
  return value.text.slice(value.text.lastIndexOf('.') + 1);
}

function shortName(name: string): string {
  return isIP(name) === 0 ? (name.split('.')[0] ?? name) : name;
}

// From hosts and their variables to devices: which of Ansible's variables are fields, and what they say of a device.
import { readHost } from '../address.js';
import { knownField, typoOf } from '../fieldnames.js';
import { partsOf } from '../jump.js';
import type { Field, InventoryDocument, Located, LocatedDevice } from '../located.js';
import { describe, didYouMean, quote } from '../wording.js';
import type { Group, Host, Variables } from './data.js';
import { FilterData } from './filterdata.js';
import {
  ENABLE_SECRET,
  OWN_PREFIX,
  PROXY_COMMAND,
  partsIn,
  SHARED_NAMES,
  SSH_ARGUMENTS,
  TEXTS,
  USED,
} from './names.js';
import { type AnsibleWorld, groupMembers, Resolver } from './resolver.js';
import { jumpOfCommand, readSshArguments } from './sshargs.js';
import { type HostVariables, variableOf } from './variables.js';

const CONNECTIONS = new Set([
  'ssh',
  'smart',
  'paramiko',
  'paramiko_ssh',
  'network_cli',
  'libssh',
  'persistent',
]);
const FIELDS = Object.entries(USED);
/** A device's own are given by its host. */
const NOT_OWN = new Set(['name', 'groups']);
const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

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

/** Of variables that many hosts share. */
interface Shared {
  parts: string[];
  /** Those of netsweep's own. */
  names: string[];
}

class Translator {
  private readonly known = new Map<Variables, Shared>();
  private readonly data: FilterData;
  private readonly resolver: Resolver;

  constructor(private readonly world: AnsibleWorld) {
    this.data = new FilterData(world);
    this.resolver = new Resolver(world);
  }

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
    const { parts } = this.shared(variables);
    const own = partsIn(variables.own.keys());
    // Most hosts have two or three of the thirty variables that are asked for.
    const says = (part: string) => own.includes(part) || parts.includes(part);
    for (const [field, names] of FIELDS) if (says(field)) this.use(field, names, variables, fields);
    if (says('enable')) this.useEnable(variables, fields);
    if (says('arguments')) this.useArguments(variables, fields);
    if (says('own')) this.useOwn(variables, fields);
    if (says('connection')) this.checkConnection(variables);
    const hasHost = Array.from(fields.keys()).some((written) => knownField(written) === 'host');
    if (!hasHost && readHost(host.name) !== null)
      fields.set('ansible_host', { at: host.at, value: { at: host.at, kind: 'text', text: host.name } });
    const groups = variables.groups.filter(({ name }) => name !== 'ungrouped').toReversed();
    return {
      at: host.at,
      name: host.name,
      fields,
      groups: groups.map(({ name }) => name),
      data: [this.data.shared(variables.shared), this.data.own(variables.own)],
    };
  }

  private use(field: string, names: readonly string[], variables: HostVariables, fields: Variables): void {
    const name = names.findLast((one) => isGiven(variableOf(variables, one)));
    if (name === undefined) return;
    const resolved = this.resolver.resolved(name, variables);
    if (resolved === null) return;
    const value = TEXTS.has(field) ? asText(resolved.value) : resolved.value;
    fields.set(name, { at: resolved.at, value });
  }

  /** `enable` where Ansible would become so, with its password. */
  private useEnable(variables: HostVariables, fields: Variables): void {
    const method = this.resolver.resolved('ansible_become_method', variables)?.value;
    const isOther = method?.kind === 'text' && !/^(?:ansible\.netcommon\.)?enable$/.test(method.text);
    if (isOther) return;
    this.use('enableSecret', ENABLE_SECRET, variables, fields);
    const become = this.resolver.resolved('ansible_become', variables);
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
      const field = this.resolver.resolved(name, variables);
      if (field === null || field.value.kind === 'null') continue;
      if (field.value.kind !== 'text') {
        this.resolver.report(
          field,
          `${name} is not text (found ${describe(field.value)}, expected options of ssh)`,
        );
        continue;
      }
      const read = readSshArguments(field.value.text);
      for (const wrong of read.wrong) this.resolver.report(field, `${name}: ${wrong}`);
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
      ? this.resolver.resolved(PROXY_COMMAND, variables)
      : null;
    if (field?.value.kind !== 'text') return;
    const read = jumpOfCommand(field.value.text);
    if ('wrong' in read) this.resolver.report(field, `${PROXY_COMMAND}: ${read.wrong}`);
    else this.useJump(PROXY_COMMAND, field, read.jump, fields);
  }

  private useJump(name: string, field: Field, jump: string | null, fields: Variables): void {
    if (jump === null || fields.has('jump')) return;
    const wrong = partsOf(jump).flatMap((part) => ('wrong' in part ? part.wrong : []));
    for (const one of wrong) this.resolver.report(field, `${name}: ${one}`);
    if (wrong.length === 0)
      fields.set('jump', { at: field.at, value: { at: field.value.at, kind: 'text', text: jump } });
  }

  /** `netsweep_segment: dc2` and the like, and the two names that mean the same in most inventories. */
  private useOwn(variables: HostVariables, fields: Variables): void {
    for (const name of SHARED_NAMES) {
      const kind = variableOf(variables, name)?.value.kind;
      if (kind !== 'text' && kind !== 'number') continue;
      const field = this.resolver.resolved(name, variables);
      if (field !== null) fields.set(name, field);
    }
    const names = [...this.shared(variables).names, ...ownNamesIn(variables.own)];
    for (const name of new Set(names)) {
      const bare = name.slice(OWN_PREFIX.length);
      const known = knownField(bare);
      if (known === null || NOT_OWN.has(known)) {
        this.resolver.report(
          variableOf(variables, name),
          `${name} is no field of a device${didYouMean(typoOf(bare))}`,
        );
        continue;
      }
      for (const written of fields.keys()) if (knownField(written) === known) fields.delete(written);
      const field = this.resolver.resolved(name, variables);
      if (field !== null) fields.set(bare, field);
    }
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

  private shared({ shared }: HostVariables): Shared {
    const known = this.known.get(shared) ?? { parts: partsIn(shared.keys()), names: ownNamesIn(shared) };
    this.known.set(shared, known);
    return known;
  }
}

/** Names of netsweep's own. */
function ownNamesIn(variables: Variables): string[] {
  const names: string[] = [];
  for (const name of variables.keys()) if (name.startsWith(OWN_PREFIX)) names.push(name);
  return names;
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

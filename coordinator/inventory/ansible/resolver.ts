// The value of a variable for one host, its templates and vaults resolved. What cannot be resolved is reported once,
// at the place where it is written, however many hosts it counts for.
import { isIP } from 'node:net';
import { type Field, type Located, Source } from '../located.js';
import type { Reading } from '../shape.js';
import { quote } from '../wording.js';
import { type AnsibleData, membersOf } from './data.js';
import { TemplateError } from './expression.js';
import { SECRETS } from './names.js';
import { lastNamed, resolveValue, SealedError } from './template.js';
import type { Scope } from './templatevalue.js';
import { type HostVariables, type VariablesOfHosts, variableOf } from './variables.js';
import { isVault, type VaultOpener } from './vault.js';

export interface AnsibleWorld {
  data: AnsibleData;
  variables: VariablesOfHosts;
  vault: VaultOpener;
  /** A file stayed in its vault, so variables may seem to be missing. */
  hasClosed: boolean;
  reading: Reading;
}

/** Names of all groups in the order that patterns look at them, with their hosts in Ansible's order. */
export function groupMembers(data: AnsibleData): Map<string, string[]> {
  return new Map(
    Array.from(data.groups.values(), (group) => [group.name, membersOf(group).map(({ name }) => name)]),
  );
}

export class Resolver {
  private readonly reported = new Set<Field>();
  private readonly twins = new Map<Source, Source>();
  /** Something that a vault holds went into the value that is worked out. */
  private meetsSecret = false;
  private members: Record<string, string[]> | undefined;

  constructor(private readonly world: AnsibleWorld) {}

  /** With its templates and vaults resolved; null: it is not there, or it cannot be, which was reported. */
  resolved(name: string, variables: HostVariables): Field | null {
    const field = variableOf(variables, name);
    if (field === undefined) return null;
    const { value } = unsealed(field);
    if (value.kind !== 'text' || !/\{[{%#]|^\$ANSIBLE_VAULT/.test(value.text)) return { at: field.at, value };
    try {
      const scope = this.scopeOf(variables);
      const sealed = SECRETS.has(name) ? this.sealed(lastNamed(value, scope)) : null;
      this.meetsSecret = false;
      const resolved = sealed ?? resolveValue(value, scope);
      return { at: field.at, value: this.meetsSecret ? this.hidden(resolved) : resolved };
    } catch (error) {
      if (error instanceof SealedError) this.report(field, `${name} ${error.message}`);
      else if (error instanceof TemplateError && this.world.hasClosed) return null;
      else if (error instanceof TemplateError)
        this.report(
          field,
          `${name} is a template that is not resolved (found ${error.message}; for instance of ${quote(variables.host.name)})`,
        );
      else throw error;
      return null;
    }
  }

  /** A vault that is opened when a sweep needs it; null: it is none, or it is opened now. */
  private sealed(value: Located): Located | null {
    const { vault } = this.world;
    if (value.kind !== 'text' || !isVault(value.text) || !vault.isForLater(value.text)) return null;
    return { ...value, sealed: { open: (text) => vault.openLater(text) } };
  }

  /** The same value at the same place, which no message repeats. */
  private hidden(value: Located): Located {
    if (value.at === null) return value;
    const { source, offset } = value.at;
    const { file, text, directory, trusted } = source;
    const twin = this.twins.get(source) ?? new Source(file, text, directory, trusted, true);
    this.twins.set(source, twin);
    return { ...value, at: { source: twin, offset } };
  }

  private scopeOf(variables: HostVariables): Scope {
    const { world } = this;
    const { host, groups, own, shared } = variables;
    return {
      variable: (name) => {
        const field = variableOf(variables, name);
        this.meetsSecret ||= field?.at?.source.isSealed === true;
        return field === undefined ? undefined : unsealed(field).value;
      },
      names: () => new Set([...own.keys(), ...shared.keys(), 'inventory_hostname']),
      special: (name) => {
        if (name === 'inventory_hostname') return host.name;
        if (name === 'inventory_hostname_short') return shortName(host.name);
        if (name === 'group_names') return groups.map((group) => group.name).sort();
        if (name !== 'groups') return undefined;
        this.members ??= Object.fromEntries(groupMembers(world.data));
        return this.members;
      },
      hostvars: (name) => {
        const other = world.data.hosts.get(name);
        return other === undefined ? undefined : this.scopeOf(world.variables.of(other));
      },
      env: world.reading.io.env,
      open: (vault) => {
        this.meetsSecret = true;
        return world.vault.open(vault);
      },
    };
  }

  /** Once for each field, however many hosts it counts for. */
  report(field: Field | undefined, message: string): void {
    if (field === undefined || this.reported.has(field)) return;
    this.reported.add(field);
    this.world.reading.issues.report(field.value.at ?? field.at, message);
  }
}

/** A value as inventory programs of Ansible's print what a vault holds, or what is no template. */
function unsealed(field: Field): Field {
  if (field.value.kind !== 'map' || field.value.fields.size !== 1) return field;
  const inner = field.value.fields.get('__ansible_vault') ?? field.value.fields.get('__ansible_unsafe');
  return inner === undefined ? field : { at: field.at, value: inner.value };
}

function shortName(name: string): string {
  return isIP(name) === 0 ? (name.split('.')[0] ?? name) : name;
}

// What of a host's variables filters may ask for and lists may show: everything that is no field, and nothing that is
// or holds a secret.
import { bareValue, type Field, type Located } from '../located.js';
import { didYouMean } from '../wording.js';
import type { Variables } from './data.js';
import { isUsed, SECRETS, typoOfUsed } from './names.js';
import type { AnsibleWorld } from './resolver.js';
import { isCalledSecret, secretNames } from './secretnames.js';
import { isVault } from './vault.js';

type Data = Record<string, unknown>;

export class FilterData {
  private readonly known = new Map<Variables, Data>();
  private readonly secrets: ReadonlySet<string>;
  /** A few names are those of most hosts: whether one is no data, and what it is a typo of. */
  private readonly names = new Map<string, boolean>();
  private readonly typos = new Map<string, string | null>();

  constructor(private readonly world: AnsibleWorld) {
    this.secrets = secretNames(world.variables.maps(), SECRETS);
  }

  /** Variables that many hosts share are looked through once, and are one object. */
  shared(variables: Variables): Data {
    const known = this.known.get(variables) ?? this.own(variables);
    this.known.set(variables, known);
    return known;
  }

  own(variables: Variables): Data {
    const data: Data = {};
    for (const [name, field] of variables) {
      const bare = this.isData(name, field) ? bareValue(field.value) : undefined;
      if (bare !== undefined) data[name] = bare;
    }
    return data;
  }

  private isData(name: string, field: Field): boolean {
    if (this.isNone(name) || isSealed(field)) return false;
    const typo = this.typoOf(name);
    if (typo !== null) this.world.reading.warnings.report(field.at, `${name} is not used${didYouMean(typo)}`);
    return typo === null || !SECRETS.has(typo);
  }

  private isNone(name: string): boolean {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    const isNone = isUsed(name) || isCalledSecret(name) || this.secrets.has(name);
    this.names.set(name, isNone);
    return isNone;
  }

  private typoOf(name: string): string | null {
    const known = this.typos.get(name);
    if (known !== undefined) return known;
    const typo = typoOfUsed(name);
    this.typos.set(name, typo);
    return typo;
  }
}

/** Whether a vault holds it, the value or its whole file. */
function isSealed(field: Field): boolean {
  return field.at?.source.isSealed === true || holdsVault(field.value);
}

function holdsVault(value: Located): boolean {
  if (value.kind === 'text') return isVault(value.text);
  if (value.kind === 'list') return value.items.some(holdsVault);
  if (value.kind !== 'map') return false;
  return Array.from(value.fields).some(
    ([name, field]) => name === '__ansible_vault' || holdsVault(field.value),
  );
}

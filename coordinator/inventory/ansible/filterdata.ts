// What of a host's variables filters may ask for and lists may show: everything that is no field, and nothing that is
// or holds a secret.
import type { Field, Located } from '../located.js';
import { didYouMean } from '../wording.js';
import type { Variables } from './data.js';
import { isUsed, SECRETS, typoOfUsed } from './names.js';
import type { AnsibleWorld } from './resolver.js';
import { isCalledSecret, secretNames } from './secretnames.js';
import { isVault } from './vault.js';

export class FilterData {
  private readonly known = new Map<Variables, Variables>();
  private readonly secrets: ReadonlySet<string>;

  constructor(private readonly world: AnsibleWorld) {
    this.secrets = secretNames(world.variables.maps(), SECRETS);
  }

  /** The same map for the same variables. */
  of(variables: Variables): Variables {
    const known = this.known.get(variables);
    if (known !== undefined) return known;
    const data: Variables = new Map();
    for (const [name, field] of variables) if (this.isData(name, field)) data.set(name, field);
    this.known.set(variables, data);
    return data;
  }

  private isData(name: string, field: Field): boolean {
    if (isUsed(name) || isCalledSecret(name) || this.secrets.has(name) || isSealed(field)) return false;
    const typo = typoOfUsed(name);
    if (typo !== null) this.world.reading.warnings.report(field.at, `${name} is not used${didYouMean(typo)}`);
    return typo === null || !SECRETS.has(typo);
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

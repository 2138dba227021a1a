// What the expressions of templates come to, and what they may ask for.
import type { Located } from '../located.js';
import { TemplateError } from './expression.js';
import type { Opened } from './vault.js';

/** The variables of one host, and what else its templates may name. */
export interface Scope {
  variable(name: string): Located | undefined;
  names(): Iterable<string>;
  /** Ansible's own: inventory_hostname, group_names, groups. */
  special(name: string): Value | undefined;
  /** `hostvars[NAME]`. */
  hostvars(name: string): Scope | undefined;
  env: Readonly<Record<string, string | undefined>>;
  /** What a vault holds. */
  open(vault: string): Opened;
}

/** A variable that is not there; an error only when nothing catches it. */
export class Missing {
  constructor(readonly words: string) {}
}

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value } | Missing | Scope;

/** As Python prints it. Throws a TemplateError where that is no text. */
export function printed(value: Value): string {
  if (value instanceof Missing) throw new TemplateError(value.words);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return 'None';
  throw new TemplateError(Array.isArray(value) ? 'a list inside a text' : 'a map inside a text');
}

export function isTrue(value: Value): boolean {
  if (value instanceof Missing) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isScope(value)) return true;
  return value !== null && typeof value === 'object' ? Object.keys(value).length > 0 : Boolean(value);
}

export function isScope(value: Value): value is Scope {
  return (
    value !== null &&
    typeof value === 'object' &&
    !Array.isArray(value) &&
    'hostvars' in value &&
    typeof value.hostvars === 'function'
  );
}

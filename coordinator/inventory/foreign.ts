// What another tool keeps beside its own fields: an inventory's data, custom fields, variables. A few names mean here
// what they mean there; everything else stays data under its own name, so that -l finds it.
import { knownField } from './fieldnames.js';
import type { Field } from './located.js';

/** Ours, and never anything else in other tools' data. */
const MEANT_HERE = new Set(['site', 'segment', 'jump', 'credential']);

/** Adds data to a device's or group's fields. A name that is a field of ours, or in `others`, gets `data.` in front. */
export function addData(
  fields: Map<string, Field>,
  data: Iterable<readonly [string, Field]>,
  others: object = {},
): void {
  for (const [name, { at, value }] of data) {
    const isTaken = knownField(name) !== null || fields.has(name) || Object.hasOwn(others, name);
    if (MEANT_HERE.has(name) && !fields.has(name)) fields.set(name, { at, value });
    else fields.set(isTaken ? `data.${name}` : name, { at, value, data: true });
  }
}

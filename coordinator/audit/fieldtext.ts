// `{{ field }}` in the texts of a policy: found, and filled in with what the inventory says of a device.

const FIELD = /\{\{ *([^{}]*?) *\}\}/g;
const NAME = /^[A-Za-z_][\w.-]*$/;

/** The inventory's word on one device, as plain data without secrets. */
export type FieldValues = Readonly<Record<string, unknown>>;

/** A text that can't be filled in, and why. */
export class FieldMissing extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FieldMissing';
  }
}

/** Stands among the fields where the inventory was not read: what is missing there may be in it. */
export const NO_INVENTORY = '(no inventory)';

export function fieldsIn(text: string): string[] {
  return Array.from(text.matchAll(FIELD), ([, name = '']) => name);
}

export function isFieldName(name: string): boolean {
  return NAME.test(name);
}

/** Throws FieldMissing. `literally`: what is filled in must not be read as a pattern. */
export function fill(text: string, fields: FieldValues, literally = false): string {
  if (!text.includes('{{')) return text;
  return text.replace(FIELD, (_, name: string) => {
    const value = fieldText(name, fields);
    return literally ? escaped(value) : value;
  });
}

/** Throws FieldMissing where nobody knows. */
export function hasField(name: string, fields: FieldValues): boolean {
  if (given(name, fields) !== null) return true;
  if (Object.hasOwn(fields, NO_INVENTORY)) lookUp(name, fields);
  return false;
}

/** Throws FieldMissing where the device has no such field. */
export function fieldValues(name: string, fields: FieldValues): string[] {
  const value = lookUp(name, fields);
  const values = Array.isArray(value) ? value : [value];
  return values.map((one) => {
    if (typeof one === 'object') throw new FieldMissing(`the device's field ${name} is not a list of texts`);
    return String(one);
  });
}

function fieldText(name: string, fields: FieldValues): string {
  const value = lookUp(name, fields);
  if (typeof value === 'object') throw new FieldMissing(`the device's field ${name} is not one text`);
  return String(value);
}

function lookUp(name: string, fields: FieldValues): unknown {
  const value = given(name, fields);
  if (value === null && Object.hasOwn(fields, NO_INVENTORY))
    throw new FieldMissing(`whether the device has a field ${name} is not known without the inventory (-i)`);
  if (value === null) throw new FieldMissing(`the device has no field ${name}`);
  return value;
}

/** A dot leads into a map; null: there is nothing. */
function given(name: string, fields: FieldValues): unknown {
  let value: unknown = fields;
  for (const key of Object.hasOwn(fields, name) ? [name] : name.split('.'))
    value = isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value === undefined || value === '' ? null : value;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

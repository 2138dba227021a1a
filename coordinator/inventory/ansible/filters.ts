// Jinja's and Ansible's filters that inventories are mostly written with.
import { isIP } from 'node:net';
import { quote } from '../wording.js';
import { TemplateError } from './expression.js';
import { isTrue, Missing, printed, type Value } from './templatevalue.js';

/** Filters that give texts from texts; with the names that collections give them in front or without. */
const TEXT_FILTERS: Record<string, (text: string, args: string[]) => string> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  trim: (text) => text.trim(),
  string: (text) => text,
  replace: (text, [from = '', to = '']) => text.replaceAll(from, to),
  basename: (text) => text.slice(text.lastIndexOf('/') + 1),
  ipaddr: addressOf,
  ipv4: addressOf,
  ipv6: addressOf,
};

/** Throws a TemplateError where the filter is not known. */
export function filtered(written: string, value: Value, args: Value[]): Value {
  const name = written.slice(written.lastIndexOf('.') + 1);
  if (name === 'default' || name === 'd') {
    const isLacking =
      value instanceof Missing || (args.length > 1 && isTrue(args[1] ?? null) && !isTrue(value));
    return isLacking ? (args[0] ?? '') : value;
  }
  if (value instanceof Missing) return value;
  if (name === 'mandatory') return value;
  if (name === 'int') return Number.parseInt(printed(value), 10) || 0;
  if (name === 'bool') return ['true', 'yes', 'on', '1'].includes(printed(value).toLowerCase());
  if (name === 'length' || name === 'count')
    return Array.isArray(value) ? value.length : printed(value).length;
  if (Array.isArray(value)) {
    if (name === 'first') return value[0] ?? new Missing('the first of an empty list');
    if (name === 'last') return value.at(-1) ?? new Missing('the last of an empty list');
    if (name === 'join') return value.map(printed).join(printed(args[0] ?? ''));
  }
  if (name === 'split') return printed(value).split(args.length === 0 ? /\s+/ : printed(args[0] ?? ''));
  const filter = Object.hasOwn(TEXT_FILTERS, name) ? TEXT_FILTERS[name] : undefined;
  if (filter === undefined) throw new TemplateError(`the filter ${written}`);
  return filter(printed(value), args.map(printed));
}

/** `10.0.0.1/24 | ipaddr('address')`. */
function addressOf(text: string, [query]: string[]): string {
  if (query !== 'address' && query !== undefined) throw new TemplateError(`ipaddr(${quote(query)})`);
  const address = query === undefined ? text : text.replace(/\/\d+$/, '');
  if (isIP(address.replace(/\/\d+$/, '')) === 0) throw new TemplateError('ipaddr of what is no address');
  return address;
}

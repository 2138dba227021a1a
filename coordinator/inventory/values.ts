// One value each: what may stand in a field, and what a message says when something else does.
import { AUTO, isAuto, type Platforms } from '../../proto/platform.js';
import { meantHost, readHost } from './address.js';
import type { Located } from './located.js';
import { describe, didYouMean, type Issues, nearest } from './wording.js';

/** One value on its way to becoming a field. */
export interface Given {
  /** The field's name as it was written. */
  written: string;
  value: Located;
  world: FieldWorld;
  /** Reports what is wrong with the value, at its place. */
  wrong: (message: string) => void;
}

export interface FieldWorld {
  platforms: Platforms;
  /** Replaces `~`; empty: unknown. */
  home: string;
  issues: Issues;
  warnings: Issues;
  /** Where relative paths on the command line start. */
  cwd: string;
}

/** Text that is used: no number or boolean in disguise, no template, nothing from a vault. */
export function readText({ written, value, wrong }: Given, label = false): string | undefined {
  if (value.kind === 'number' && label) return value.text;
  if (value.kind !== 'text') {
    const hint = value.kind === 'number' || value.kind === 'boolean' ? 'text in quotes' : 'text';
    wrong(`${written} is not text (found ${describe(value)}, expected ${hint}${meantBy(value)})`);
    return undefined;
  }
  if (refuseUnresolved(written, value.text, wrong)) return undefined;
  if (/[\0-\x1f\x7f-\x9f]/.test(value.text)) {
    wrong(`${written} holds a control character (found ${describe(value)}, expected one line of text)`);
    return undefined;
  }
  return value.text;
}

/** `; did you mean X?` for an expression that has an equal here. */
export function meantBy(value: Located): string {
  return value.kind === 'opaque' ? didYouMean(value.meant ?? null) : '';
}

/** A text that another tool would have to fill in first; true when it was refused. */
export function refuseUnresolved(written: string, text: string, wrong: (message: string) => void): boolean {
  const found = text.startsWith('$ANSIBLE_VAULT')
    ? 'text from an Ansible vault'
    : /\{\{|\{%/.test(text)
      ? 'a template'
      : null;
  if (found !== null)
    wrong(
      `${written} is not resolved (found ${found}, expected the value itself or a reference such as env:VAR)`,
    );
  return found !== null;
}

/** A name that stands in lists and patterns: no white space, nothing that a pattern starts with. */
export function readLabel(given: Given, numbers: boolean): string | undefined {
  const text = readTitle(given, numbers);
  if (text === undefined) return undefined;
  const { written, wrong } = given;
  if (/\s/.test(text))
    wrong(`${written} holds white space (found ${describe(given.value)}, expected a name without)`);
  else if (/^[-=+@!&~]/.test(text))
    wrong(
      `${written} cannot start with ${text[0]} (found ${describe(given.value)}, expected a letter or a digit first)`,
    );
  else return text;
  return undefined;
}

/** A name for people, like a site's. */
export function readTitle(given: Given, numbers: boolean): string | undefined {
  const text = readText(given, numbers);
  if (text === undefined) return undefined;
  if (text.trim() === '') given.wrong(`${given.written} is empty (expected a name)`);
  else if (text.length > 255)
    given.wrong(`${given.written} is too long (found ${text.length} characters, expected at most 255)`);
  else return text;
  return undefined;
}

export function readAddress(given: Given): string | undefined {
  const text = readText(given);
  if (text === undefined) return undefined;
  const host = readHost(text);
  if (host === null) {
    const meant = meantHost(text);
    given.wrong(
      `${given.written} is not an address (found ${describe(given.value)}, expected an IPv4 or IPv6 address or a DNS name${didYouMean(meant)})`,
    );
  }
  return host ?? undefined;
}

export function readPort({ written, value, wrong }: Given): number | undefined {
  const text = value.kind === 'number' || value.kind === 'text' ? value.text : '';
  const port = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 1 && port <= 65_535) return port;
  wrong(
    `${written} is not a port number (found ${describe(value)}, expected a whole number from 1 to 65535)`,
  );
  return undefined;
}

export function readPlatform(given: Given): string | undefined {
  const text = readText(given);
  if (text === undefined) return undefined;
  if (isAuto(text)) return AUTO;
  const { platforms } = given.world;
  const platform = platforms.canonical(text);
  if (platform === undefined) {
    const meant = nearest(text, Array.from(platforms.aliases.keys()));
    given.wrong(
      `unknown platform (found ${describe(given.value)}, expected a name that netsweep platforms list shows${didYouMean(meant)})`,
    );
  }
  return platform;
}

export function readBoolean({ written, value, wrong }: Given): boolean | undefined {
  if (value.kind === 'boolean') return value.boolean;
  const word = value.kind === 'text' || value.kind === 'number' ? value.text.toLowerCase() : '';
  if (['true', 'yes', 'on', '1'].includes(word)) return true;
  if (['false', 'no', 'off', '0'].includes(word)) return false;
  wrong(`${written} is neither true nor false (found ${describe(value)}, expected true or false)`);
  return undefined;
}

export function readCommand(given: Given, value: Located): string | undefined {
  const text = readText({ ...given, value });
  if (text === undefined) return undefined;
  const command = text.trim();
  if (command !== '' && command.length <= 1000) return command;
  const found = command === '' ? 'nothing' : `${command.length} characters`;
  given.wrong(`a command cannot be sent (found ${found}, expected 1 to 1000 characters)`);
  return undefined;
}

/** A list, or one item in place of it; in CSV and on the command line items are separated by `;`. */
export function readList(
  given: Given,
  readItem: (item: Located) => string | undefined,
): string[] | undefined {
  const { value, wrong, written } = given;
  if (value.kind === 'map' || value.kind === 'boolean' || value.kind === 'opaque') {
    wrong(`${written} is not a list (found ${describe(value)}, expected a list of texts)`);
    return undefined;
  }
  const items = value.kind === 'list' ? value.items : [value];
  const read = items.map(readItem);
  return read.every((item) => item !== undefined) ? Array.from(new Set(read)) : undefined;
}

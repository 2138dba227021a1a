// Names as people write them down: one a line, `user@host:port`, nodesets, an address with a name behind it as in
// /etc/hosts, comments; and -w without an inventory, which is one such line.
import { isIP } from 'node:net';
import { expandNodeset, isNodeset, NodesetError } from '../nodeset/expand.js';
import { type Field, type InventoryDocument, type LocatedDevice, Source } from './located.js';
import type { ShapeReader } from './shape.js';
import { withoutComment } from './signs.js';
import { type Issues, quote } from './wording.js';

interface Written {
  host: string;
  name: string | null;
  port: string | null;
  username: string | null;
  source: Source;
  offset: number;
}

/** An address of IPv6 in brackets. */
const ADDRESS = /^\[[\da-fA-F:.]*:[\da-fA-F:.]*(?:%\w+)?\]/;
const NAMES = /^[\w.-]+$/;

export const readList: ShapeReader = ({ source }, { issues }) =>
  source === null ? [] : [documentOf(source, issues)];

/** The devices of a nodeset that is an inventory by itself. */
export const readNodeset: ShapeReader = ({ place }, { io, issues }) => [
  documentOf(new Source('nodeset', place, io.cwd, true), issues),
];

function documentOf(source: Source, issues: Issues): InventoryDocument {
  const written: Written[] = [];
  let offset = 0;
  for (const line of source.text.split('\n')) {
    const bare = withoutComment(line);
    const start = offset + (bare.length - bare.trimStart().length);
    if (bare.trim() !== '') written.push(...lineOf(bare.trim(), source, start, issues));
    offset += line.length + 1;
  }
  const hosts = new Map<string, number>();
  for (const { host } of written) hosts.set(host, (hosts.get(host) ?? 0) + 1);
  const devices = written.map((one) => deviceOf(one, (hosts.get(one.host) ?? 0) > 1));
  return { defaults: null, groups: null, devices };
}

function lineOf(line: string, source: Source, offset: number, issues: Issues): Written[] {
  const words = line.split(/\s+/);
  const [first = '', second] = words;
  // An address with names behind it, as in /etc/hosts.
  if (isIP(first) !== 0 && second !== undefined && isIP(second) === 0 && NAMES.test(second)) {
    const other = words.findIndex((word, index) => index > 0 && isIP(word) !== 0);
    if (other > 0)
      issues.report(
        { source, offset: offset + positionOf(line, words, other) },
        `a second address stands in this line (found ${quote(words[other] ?? '')}, expected one address and its names on each line)`,
      );
    return [{ host: first, name: second, port: null, username: null, source, offset }];
  }
  return line.split(/\s+/).flatMap((word, index, words) => {
    const at = offset + positionOf(line, words, index);
    return wordOf(word, source, at, issues);
  });
}

function positionOf(line: string, words: readonly string[], index: number): number {
  let at = 0;
  for (const word of words.slice(0, index)) at = line.indexOf(word, at) + word.length;
  return line.indexOf(words[index] ?? '', at);
}

/** `user@host:port` and nodesets with commas between; with another operator all of it is one nodeset. */
function wordOf(word: string, source: Source, offset: number, issues: Issues): Written[] {
  const [, user] = /^([^@:,[\]]+):[^@]*@/.exec(word) ?? [];
  if (user !== undefined) {
    // What was found may be a secret.
    issues.report(
      { source, offset: offset + user.length },
      'a password stands in a list of names (expected USER@HOST, and the password by -k or --password-file)',
    );
    return [];
  }
  if (/[!&^]/.test(word)) return expanded(word, source, offset, issues);
  let at = offset;
  return word.split(/,(?![^[]*\])/).flatMap((part) => {
    const start = at;
    at += part.length + 1;
    if (part === '') return [];
    return isNodeset(part.replace(/^[^@[]+@/, '').replace(ADDRESS, ''))
      ? expanded(part, source, start, issues)
      : [endpoint(part, source, start)];
  });
}

function endpoint(text: string, source: Source, offset: number): Written {
  const [, username = null, rest = ''] = /^(?:([^@]+)@)?(.*)$/.exec(text) ?? [];
  const [, bracketed, after] = /^\[([^\]]*)\](?::(\d+))?$/.exec(rest) ?? [];
  const [, host, port] = isIP(rest) !== 0 ? [] : (/^([^:]*):(\d+)$/.exec(rest) ?? []);
  return {
    host: bracketed ?? host ?? rest,
    name: null,
    port: after ?? port ?? null,
    username,
    source,
    offset,
  };
}

/** `user@sw[1-9]:2222` is a nodeset between both. */
function expanded(word: string, source: Source, offset: number, issues: Issues): Written[] {
  const [, user, bare = '', port = null] = /^(?:([^@,[\]]+)@)?(.*?)(?::(\d+))?$/.exec(word) ?? [];
  const start = user === undefined ? 0 : user.length + 1;
  try {
    const names = expandNodeset(bare);
    if (names.length === 0) issues.report({ source, offset }, `this names no device (found ${quote(word)})`);
    return names.map((host) => ({
      host,
      name: null,
      port,
      username: user ?? null,
      source,
      offset: offset + start,
    }));
  } catch (error) {
    if (!(error instanceof NodesetError)) throw error;
    issues.report({ source, offset: offset + start + error.column - 1 }, error.message);
    return [];
  }
}

/** A host that is there several times is known by its port too. */
function deviceOf(
  { host, name, port, username, source, offset }: Written,
  isOneOfSeveral: boolean,
): LocatedDevice {
  const at = { source, offset };
  const text = (value: string): Field => ({ at, value: { at, kind: 'text', text: value } });
  const fields = new Map<string, Field>([['host', text(host)]]);
  if (port !== null) fields.set('port', text(port));
  if (username !== null) fields.set('username', text(username));
  const shown = isOneOfSeveral && port !== null ? `${host}:${port}` : host;
  return { at, name: name ?? shown, fields, groups: [] };
}

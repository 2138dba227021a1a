// The fields of a device, a group or the defaults, read from a map: each value is judged where it stands.
// Everything that is not a known field is data, unless it is plainly a typo of one.
import { type Fields, fieldNames, knownField, MEANT, OBJECTS, typoOf } from './fieldnames.js';
import { readJump } from './jump.js';
import { bareValue, type Field, type Located, type LocatedMap, type Place } from './located.js';
import { readKeyReference, readPath, readSecretReference } from './references.js';
import { readTimeout, readTimeouts } from './timeouts.js';
import {
  type FieldWorld,
  type Given,
  readAddress,
  readBoolean,
  readCommand,
  readLabel,
  readList,
  readPlatform,
  readPort,
  readText,
  readTitle,
} from './values.js';
import { didYouMean, quote } from './wording.js';

export interface Layer {
  fields: Fields;
  data: Record<string, unknown>;
  /** Where the known fields of this layer stand, refused ones too. */
  places: Map<keyof Fields, Place>;
}

export type Owner = 'device' | 'group' | 'defaults';

type Reader<T> = (given: Given) => T | undefined;

const READERS: { [F in keyof Fields]-?: Reader<NonNullable<Fields[F]> | null> } = {
  name: (given) => readLabel(given, false),
  host: readAddress,
  port: readPort,
  platform: readPlatform,
  username: (given) => readText(given),
  password: (given) => readSecretReference(given, 'Password'),
  enableSecret: (given) => readSecretReference(given, 'Enable secret'),
  privateKey: (given) => readKeyReference(given, KEY),
  passphrase: (given) => readSecretReference(given, 'Passphrase'),
  certificate: (given) => readKeyReference(given, CERTIFICATE),
  sshAgent: readBoolean,
  useKeys: readBoolean,
  sshConfig: readPath,
  enable: readBoolean,
  enableCommand: (given) => readCommand(given, given.value),
  segment: (given) => readLabel(given, true),
  site: (given) => readTitle(given, true),
  groups: (given) => readList(given, (item) => readLabel({ ...given, value: item }, true)),
  commands: (given) => readList(given, (item) => readCommand(given, item)),
  credential: (given) => readTitle(given, true),
  limits: readTimeouts,
  connectLimit: readTimeout,
  loginLimit: readTimeout,
  commandLimit: readTimeout,
  jump: readJump,
  legacy: readBoolean,
};

const KEY = /^(-----BEGIN |PuTTY-User-Key-File-)/;
/** How the text of a certificate starts, as its type with a blank behind it. */
const CERTIFICATE = /^(ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+-cert-v01@openssh\.com /;
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);
const LISTS = new Set<keyof Fields>(['groups', 'commands', 'limits', 'jump']);
const NOT_SHARED = new Set<keyof Fields>(['name', 'host', 'groups']);
const EMPTY_MEANS_ABSENT = new Set<keyof Fields>([
  ...(['username', 'password', 'enableSecret', 'privateKey', 'enableCommand'] as const),
  ...(['passphrase', 'certificate', 'sshConfig'] as const),
  ...(['segment', 'site', 'credential', 'groups', 'commands'] as const),
]);

/** Reads every field of a map; what is wrong is reported, what is left is usable. */
export function readFields(map: LocatedMap['fields'], owner: Owner, world: FieldWorld, named = false): Layer {
  const layer: Layer = { fields: {}, data: {}, places: new Map() };
  for (const [written, field] of map) {
    const known = field.data === true ? null : meaningOf(written, map, named);
    if (known !== null) readKnown(layer, known, written, field, owner, world);
    else if (FORBIDDEN.has(written)) world.issues.report(field.at, `a field cannot be called ${written}`);
    else readData(layer, written, field, owner, world);
  }
  return layer;
}

function meaningOf(written: string, map: LocatedMap['fields'], named: boolean): keyof Fields | null {
  return written === 'hostname' ? hostnameMeaning(map, named) : knownField(written);
}

/** A device's name that is not the value of a field: a key, a variable, its address. */
export function readName(text: string, at: Place, world: FieldWorld): string | null {
  const value: Located = { at, kind: 'text', text };
  const wrong = (message: string) => world.issues.report(at, message);
  return readLabel({ written: 'name', value, world, wrong }, false) ?? null;
}

/** A text as a field's value where only text can be written: `;` separates the items of a list. */
export function flatValue(written: string, text: string, at: Place): Located {
  const known = knownField(written);
  if (known === null || !LISTS.has(known)) return { at, kind: 'text', text };
  const items = text.split(';').map((item) => item.trim());
  return {
    at,
    kind: 'list',
    items: items.filter((item) => item !== '').map((item) => ({ at, kind: 'text', text: item })),
  };
}

/** `hostname` is the address; the name where nothing else names a device whose address is given; else data. */
function hostnameMeaning(map: LocatedMap['fields'], named: boolean): keyof Fields | null {
  if (!['host', 'ip', 'ansible_host'].some((name) => given(map, name))) return 'host';
  return named || given(map, 'name') ? null : 'name';
}

function given(map: LocatedMap['fields'], name: string): boolean {
  const value = map.get(name)?.value;
  return value !== undefined && value.kind !== 'null' && !(value.kind === 'text' && value.text === '');
}

function readKnown(
  layer: Layer,
  known: keyof Fields,
  written: string,
  { at, value }: Field,
  owner: Owner,
  world: FieldWorld,
): void {
  if (value.kind === 'null') return;
  if (value.kind === 'text' && value.text === '' && EMPTY_MEANS_ABSENT.has(known)) return;
  if (owner !== 'device' && NOT_SHARED.has(known)) {
    world.issues.report(
      at,
      `${written} belongs to one device (found in ${owner === 'group' ? 'a group' : owner})`,
    );
    return;
  }
  const isSecond = layer.places.has(known);
  layer.places.set(known, at);
  const wrong = (message: string) => world.issues.report(value.at ?? at, message);
  const read = READERS[known]({ written, value, world, wrong });
  if (read === undefined || read === null) return;
  const before = layer.fields[known];
  if (isSecond && before !== undefined && !isSame(before, read)) {
    const others = fieldNames().filter((name) => knownField(name) === known && name !== written);
    world.issues.report(
      at,
      `${written} is given twice, with different values (expected one of ${written}, ${others.join(', ')})`,
    );
    return;
  }
  put(layer.fields, known, read);
}

function put<F extends keyof Fields>(fields: Fields, known: F, value: NonNullable<Fields[F]>): void {
  fields[known] = value;
}

function isSame(a: unknown, b: unknown): boolean {
  const withoutPlace = (key: string, value: unknown) => (key === 'at' ? undefined : value);
  return JSON.stringify(a, withoutPlace) === JSON.stringify(b, withoutPlace);
}

function readData(
  layer: Layer,
  written: string,
  { at, value, data }: Field,
  owner: Owner,
  world: FieldWorld,
): void {
  if (owner === 'group' && written === 'children') return;
  if (data !== true && !isData(written, at, value, world)) return;
  const bare = bareValue(value);
  if (bare !== undefined) layer.data[written] = bare;
}

/** A field of nobody's may be meant for one of ours; false: it cannot be data, which was reported. */
function isData(written: string, at: Place, value: Located, world: FieldWorld): boolean {
  const instead = OBJECTS.get(written);
  if (instead !== undefined && value.kind !== 'null') {
    world.issues.report(at, `${written} is an object of a program (expected ${instead} in its place)`);
    return false;
  }
  const typo = typoOf(written);
  if (typo !== null) {
    world.issues.report(at, `unknown field (found ${quote(written)}${didYouMean(typo)})`);
    return false;
  }
  const meant = MEANT.get(written);
  if (meant !== undefined)
    world.warnings.report(at, `${written} is kept as data and not used to log in (did you mean ${meant}?)`);
  return true;
}

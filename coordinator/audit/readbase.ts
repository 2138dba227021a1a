// What a policy takes over from others, those that ship or files beside it: their rules, some left out (`except`), some
// changed in parts (`change`). Rules stay what they were written as, so that a mistake is told where it stands.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Located, LocatedMap, Place } from '../inventory/located.js';
import { describe, didYouMean, nearest, quote } from '../inventory/wording.js';
import { Keys, orList } from './keys.js';
import { POLICY_KEYS, readPolicyMap } from './policymap.js';
import { CHECKS } from './readcheck.js';
import { LOOK_KEYS } from './readlook.js';
import type { PolicyWorld } from './world.js';

/** Of one policy that is extended; relative paths in it start in its own directory. */
export interface Inherited {
  rules: LocatedMap[];
  waivers: LocatedMap[];
  tests: LocatedMap[];
  world: PolicyWorld;
}

/** What a rule says, in other words than its title; its tests were made for this. */
const MEANING = ['command', 'when', 'unless', ...LOOK_KEYS];

export function readBases(keys: Keys, world: PolicyWorld): Inherited[] {
  const value = keys.value('extends');
  if (value === null) {
    for (const name of ['except', 'change'])
      if (keys.has(name)) world.issues.report(keys.at(name), `${name} goes with extends (found no extends)`);
    return [];
  }
  const bases = keys.texts('extends', value).flatMap(({ text, at }) => readBase(text, at, world));
  const left = new Set(readExcept(keys, bases, world));
  const changes = readChanges(keys, bases, world);
  return bases.map(({ rules, tests, ...rest }) => ({
    ...rest,
    rules: rules.filter((rule) => !left.has(idOf(rule))).map((rule) => changed(rule, changes)),
    tests: tests.filter((test) => {
      const rule = textOf(test, 'rule');
      const fields = changes.get(rule)?.fields;
      return !left.has(rule) && !MEANING.some((name) => fields?.has(name));
    }),
  }));
}

function readBase(name: string, at: Place, world: PolicyWorld): Inherited[] {
  const { issues, shipped, extending = [] } = world;
  const isPath = /[/\\]|\.ya?ml$/.test(name);
  const path = isPath ? resolve(world.directory, name) : shipped.get(name);
  const refuse = (message: string) => {
    issues.report(at, message);
    return [];
  };
  if (path === undefined)
    return refuse(
      `no policy of this name ships (found ${quote(name)}, expected ${orList([...shipped.keys()])}, or the path of a file${didYouMean(nearest(name, shipped.keys()))})`,
    );
  if (extending.includes(path)) return refuse(`a policy extends itself (found ${quote(name)} again)`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return refuse(`the policy cannot be read (found ${quote(name)}: ${reason})`);
  }
  const inner = { ...world, directory: dirname(path), extending: [...extending, path] };
  // Told like the file it stands beside, as the user named that.
  const file = isPath ? join(dirname(at?.source.file ?? ''), name) : path;
  const map = readPolicyMap(file, bytes, inner);
  return map === null ? [] : partsOf(new Keys(map, 'a policy', POLICY_KEYS, issues), inner);
}

function partsOf(keys: Keys, world: PolicyWorld): Inherited[] {
  const devices = keys.map.fields.get('devices');
  const own = keys.maps('rules', 'rules, such as {id: SSH-1, ...}').map((rule) => {
    const narrowed = rule.fields.get('devices');
    if (devices === undefined) return rule;
    const value = narrowed === undefined ? devices.value : merged(devices.value, narrowed.value);
    return { ...rule, fields: new Map([...rule.fields, ['devices', { ...(narrowed ?? devices), value }]]) };
  });
  const waivers = keys.maps('waivers', 'waivers, such as {rule: SSH-1, ...}');
  const tests = keys.maps('tests', 'tests, such as {rule: SSH-1, ...}');
  return [...readBases(keys, world), { rules: own, waivers, tests, world }];
}

/** What a rule says of its devices, over what its policy says. */
function merged(policy: Located, rule: Located): Located {
  if (policy.kind !== 'map' || rule.kind !== 'map') return rule;
  return { ...rule, fields: new Map([...policy.fields, ...rule.fields]) };
}

function readExcept(keys: Keys, bases: readonly Inherited[], world: PolicyWorld): string[] {
  const value = keys.value('except');
  if (value === null) return [];
  return keys
    .texts('except', value)
    .filter(({ text, at }) => isKnown('except', text, at, { bases, world }))
    .map(({ text }) => text);
}

function readChanges(
  keys: Keys,
  bases: readonly Inherited[],
  world: PolicyWorld,
): ReadonlyMap<string, LocatedMap> {
  const value = keys.value('change');
  if (value === null) return new Map();
  if (value.kind !== 'map') {
    world.issues.report(
      value.at,
      `change is no map (found ${describe(value)}, expected {ID: {severity: low}})`,
    );
    return new Map();
  }
  const changes = new Map<string, LocatedMap>();
  for (const [id, { at, value: change }] of value.fields) {
    if (!isKnown('change', id, at, { bases, world })) continue;
    if (change.kind === 'map') changes.set(id, change);
    else
      world.issues.report(
        change.at ?? at,
        `what is changed is no map (found ${describe(change)}, expected keys of a rule, such as {severity: low})`,
      );
    if (change.kind === 'map' && change.fields.has('id'))
      world.issues.report(change.fields.get('id')?.at ?? at, 'the id of a rule stays (expected no id here)');
  }
  return changes;
}

function isKnown(
  name: string,
  id: string,
  at: Place,
  { bases, world }: { bases: readonly Inherited[]; world: PolicyWorld },
): boolean {
  const ids = bases.flatMap(({ rules }) => rules.map(idOf));
  if (ids.includes(id)) return true;
  // Without the policies that it extends, nothing can be said of it.
  if (ids.length > 0)
    world.issues.report(
      at,
      `${name} names no rule of what is extended (found ${quote(id)}${didYouMean(nearest(id, ids))})`,
    );
  return false;
}

function changed(rule: LocatedMap, changes: ReadonlyMap<string, LocatedMap>): LocatedMap {
  const change = changes.get(idOf(rule));
  if (change === undefined) return rule;
  const fields = new Map(rule.fields);
  // Another check brings all that goes with it.
  if (CHECKS.some((name) => change.fields.has(name))) for (const name of LOOK_KEYS) fields.delete(name);
  return { ...rule, fields: new Map([...fields, ...change.fields]) };
}

function idOf(rule: LocatedMap): string {
  return textOf(rule, 'id');
}

function textOf({ fields }: LocatedMap, name: string): string {
  const value = fields.get(name)?.value;
  return value?.kind === 'text' || value?.kind === 'number' ? value.text : '';
}

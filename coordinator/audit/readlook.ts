// Where a rule looks and for what: in all of an output or in blocks of it, by one check; or one of several such looks.
import type { Located } from '../inventory/located.js';
import { Keys } from './keys.js';
import type { Check, Look, Scope } from './policy.js';
import { CHECKS, COMPANIONS, readCheck } from './readcheck.js';
import { readPattern } from './readpattern.js';
import type { PolicyWorld } from './world.js';

export const LOOK_KEYS: readonly string[] = [
  ...['blocks', 'with', 'without', 'which'],
  ...CHECKS,
  ...Object.keys(COMPANIONS).filter((name) => name !== 'blocks'),
];
/** What one of several looks may be: of the output alone. */
const WITHIN_ANY = LOOK_KEYS.filter(
  (name) => !['any', 'golden', 'unchanged_since', 'same_as'].includes(name),
);

export interface LookUse {
  platforms: readonly string[];
  world: PolicyWorld;
}

/** Null: something in it was refused. */
export function readLook(keys: Keys, { platforms, world }: LookUse): Look | null {
  const scope = readScope(keys, world);
  const any = (value: Located) => readAny(value, { platforms, world });
  const check = readCheck(keys, { platforms, inBlock: keys.has('blocks'), world, any });
  const none = keys.has('none')
    ? keys.choice('none', ['error', 'fail', 'pass', 'not-applicable'], 'error')
    : null;
  if (none !== null && scope === null && ['present', 'absent', 'count'].some((kind) => keys.has(kind)))
    world.issues.report(keys.at('none'), 'none goes with blocks, capture or rows (found none of them)');
  return check === null ? null : { scope, check, none };
}

function readAny(value: Located, use: LookUse): Check | null {
  const { issues } = use.world;
  const maps = value.kind === 'list' ? value.items.filter((item) => item.kind === 'map') : [];
  if (value.kind !== 'list' || maps.length < value.items.length || maps.length < 2) {
    issues.report(value.at, "any is no list of checks (expected two at least, such as {present: '^copp '})");
    return null;
  }
  const looks = maps.map((map) => readLook(new Keys(map, 'a check of any', WITHIN_ANY, issues), use));
  const of = looks.filter((look) => look !== null);
  return of.length < looks.length ? null : { kind: 'any', of };
}

function readScope(keys: Keys, world: PolicyWorld): Scope | null {
  const value = keys.value('blocks');
  if (value === null) {
    for (const name of ['with', 'without', 'which'])
      if (keys.has(name)) world.issues.report(keys.at(name), `${name} goes with blocks (found no blocks)`);
    return null;
  }
  const path = keys
    .texts('blocks', value)
    .map(({ text, at }, depth) => readPattern(text, at, { name: 'blocks', inBlock: depth > 0 }, world))
    .filter((pattern) => pattern !== null);
  return {
    path,
    having: patternAt(keys, 'with', world, true),
    lacking: patternAt(keys, 'without', world, true),
    which: keys.choice('which', ['all', 'any'], 'all'),
  };
}

export function patternAt(keys: Keys, name: string, world: PolicyWorld, inBlock = false): string | null {
  const value = keys.value(name);
  const text = value === null ? null : keys.text(name, value);
  return text === null ? null : readPattern(text, value?.at ?? null, { name, inBlock }, world);
}

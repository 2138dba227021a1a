// One test of a policy file: a text, as a device would print it, and what the rule has to say of it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bareValue, type Located, type LocatedMap } from '../inventory/located.js';
import { describe, quote } from '../inventory/wording.js';
import { readDate } from './date.js';
import { Keys } from './keys.js';
import type { RuleTest } from './policy.js';
import { readPlatform, unknownPlatform } from './readdevices.js';
import { type PolicyWorld, placed } from './world.js';

const KEYS = ['rule', 'text', 'file', 'expect', 'platform', 'fields', 'others', 'changed', 'title'];
const EXPECTED = ['pass', 'fail', 'error', 'unknown', 'not-applicable'] as const;

/** Null: something in it was refused. */
export function readTest(map: LocatedMap, world: PolicyWorld): RuleTest | null {
  const keys = new Keys(map, 'a test', KEYS, world.issues);
  const rule = keys.label('rule', 'the id of a rule');
  const text = readText(keys, world);
  const expect = keys.needed('expect', EXPECTED.join(', '));
  const verdict = expect === null ? null : keys.choice('expect', EXPECTED, 'pass');
  const platform = keys.optional('platform');
  const canonical = platform === null ? null : readPlatform(platform, world);
  if (platform !== null && canonical === null)
    world.issues.report(keys.value('platform')?.at ?? null, unknownPlatform(platform, world));
  const changed = keys.value('changed');
  const date = changed === null ? null : readDate(keys, 'changed', changed, world);
  if (rule === null || text === null || verdict === null) return null;
  return {
    rule,
    text,
    expect: verdict,
    platform: canonical,
    fields: readFields(keys, world),
    others: readOthers(keys),
    changed: date,
    at: placed(map.at),
  };
}

function readText(keys: Keys, world: PolicyWorld): string | null {
  if (keys.has('text') === keys.has('file')) {
    const found = keys.has('text') ? 'both text and file' : 'neither text nor file';
    world.issues.report(
      keys.has('file') ? keys.at('file') : keys.map.at,
      `a test has ${found} (expected one of them)`,
    );
    return null;
  }
  const file = keys.optional('file');
  if (file !== null) return readOf(file, keys, world);
  const value = keys.map.fields.get('text')?.value;
  // An empty output is a text, too.
  if (value?.kind === 'null') return '';
  return value?.kind === 'text' ? value.text : value === undefined ? null : keys.text('text', value);
}

function readOf(file: string, keys: Keys, { issues, directory }: PolicyWorld): string | null {
  try {
    return readFileSync(resolve(directory, file), 'utf8').replace(/\r\n?/g, '\n');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    issues.report(keys.value('file')?.at ?? null, `file cannot be read (found ${quote(file)}: ${reason})`);
    return null;
  }
}

function readFields(keys: Keys, { issues }: PolicyWorld): Record<string, unknown> {
  const value = keys.value('fields');
  if (value === null) return {};
  if (value.kind === 'map') return bareValue(value) as Record<string, unknown>; // a map's bare value is one
  issues.report(
    value.at,
    `fields is no map (found ${describe(value)}, expected inventory fields, such as {site: dc1})`,
  );
  return {};
}

function readOthers(keys: Keys): string[] {
  const value: Located | null = keys.value('others');
  if (value === null) return [];
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => keys.text('others', item) ?? []);
}

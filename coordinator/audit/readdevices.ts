// Which devices a policy, a rule or a waiver is for: a limit expression as `-l` takes it, and platforms.
import type { Located, LocatedMap } from '../inventory/located.js';
import { limitMistakes } from '../inventory/select.js';
import { describe, didYouMean, nearest, quote } from '../inventory/wording.js';
import { Keys } from './keys.js';
import type { DeviceFilter } from './policy.js';
import type { PolicyWorld } from './world.js';

export const ALL_DEVICES: DeviceFilter = { limit: null, directory: '', platforms: [] };

/** `value`: a map of limit and platform, or a limit alone. */
export function readDevices(value: Located | null, owner: Keys, world: PolicyWorld): DeviceFilter {
  if (value === null) return ALL_DEVICES;
  if (value.kind !== 'map')
    return { ...ALL_DEVICES, limit: readLimit('devices', value, owner, world), directory: world.directory };
  const keys = new Keys(value, 'devices', ['limit', 'platform'], world.issues);
  if (value.fields.size === 0)
    world.issues.report(value.at, 'devices is empty (expected limit or platform, or no devices for all)');
  const limit = keys.value('limit');
  const platform = keys.value('platform');
  return {
    limit: limit === null ? null : readLimit('limit', limit, keys, world),
    directory: world.directory,
    platforms: platform === null ? [] : readPlatforms(platform, keys, world),
  };
}

function readLimit(name: string, value: Located, keys: Keys, world: PolicyWorld): string | null {
  const text = keys.line(name, value, true);
  if (text === null) return null;
  for (const wrong of limitMistakes(text, world.directory))
    world.issues.report(value.at, `${name}: ${wrong}`);
  return text;
}

function readPlatforms(value: Located, keys: Keys, world: PolicyWorld): string[] {
  const named = keys.texts('platform', value).flatMap(({ text, at }) => {
    const name = readPlatform(text, world);
    if (name === null) world.issues.report(at, unknownPlatform(text, world));
    return name === null ? [] : [{ name, text, at }];
  });
  return named.flatMap(({ name, text, at }, place) => {
    const other = named.slice(0, place).find((one) => one.name === name);
    if (other === undefined) return [name];
    world.issues.report(
      at,
      `platform names one twice (found ${quote(text)}, which is ${quote(other.text)} again)`,
    );
    return [];
  });
}

/** A platform's canonical name. */
export function readPlatform(text: string, { platforms }: PolicyWorld): string | null {
  return platforms.canonical(text) ?? null;
}

export function unknownPlatform(text: string, { platforms }: PolicyWorld): string {
  const meant = nearest(text, platforms.aliases.keys());
  return `unknown platform (found ${quote(text)}, expected a name that netsweep platforms list shows${didYouMean(meant)})`;
}

/** The maps in which values stand by platform: every key a platform, each once. */
export function readByPlatform<T>(
  name: string,
  value: LocatedMap,
  world: PolicyWorld,
  read: (value: Located, platform: string) => T | null,
): Record<string, T> {
  const found: Record<string, T> = {};
  if (value.fields.size === 0)
    world.issues.report(
      value.at,
      `${name} is empty (found ${describe(value)}, expected a value by platform)`,
    );
  for (const [key, field] of value.fields) {
    const platform = readPlatform(key, world);
    if (platform === null) {
      world.issues.report(field.at, unknownPlatform(key, world));
      continue;
    }
    if (Object.hasOwn(found, platform))
      world.issues.report(field.at, `${name} names ${platform} twice (found ${quote(key)} again)`);
    const one = read(field.value, platform);
    if (one !== null) found[platform] = one;
  }
  return found;
}

/** Platforms that a rule is for and that such a map says nothing of. */
export function reportUncovered(
  name: string,
  value: LocatedMap,
  { platforms, world }: { platforms: readonly string[]; world: PolicyWorld },
): void {
  const named = Array.from(value.fields.keys(), (key) => readPlatform(key, world));
  const missing = platforms.filter((platform) => !named.includes(platform));
  if (missing.length > 0 && named.some((name) => name !== null))
    world.issues.report(
      value.at,
      `${name} says nothing for ${missing.join(', ')} (expected a value for each platform of the rule)`,
    );
}

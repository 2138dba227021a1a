// All rules and waivers of an audit under numbers, and what of a platform's data they need: made once, and read by
// every thread from the same memory.
import type { Platforms } from '../../proto/platform.js';
import { isOver } from './date.js';
import type { PlatformData } from './judge.js';
import type { Policy, Rule, Waiver } from './policy.js';
import type { Templates } from './rows.js';

export interface NumberedWaiver extends Waiver {
  expired: boolean;
}

export interface Book {
  policies: string[];
  rules: Rule[];
  waivers: NumberedWaiver[];
  /** Of each rule the platforms that it is for; null: all. */
  platforms: (readonly string[] | null)[];
}

/** What threads have of it. */
export interface BookPages {
  rules: Rule[];
  /** By canonical name. */
  platforms: Record<string, PlatformData>;
  templates: Templates | null;
  /** Of each waiver, whether it still waives. */
  waives: boolean[];
}

export function bookOf(policies: readonly Policy[], nowMs: number): Book {
  return {
    policies: policies.map(({ name }) => name),
    rules: policies.flatMap(({ rules }) => rules),
    waivers: policies
      .flatMap(({ waivers }) => waivers)
      .map((waiver) => ({ ...waiver, expired: isOver(waiver.expires, nowMs) })),
    platforms: policies.flatMap(({ devices, rules }) =>
      rules.map((rule) => bothOf(devices.platforms, rule.devices.platforms)),
    ),
  };
}

/** Whether a rule speaks of devices of a platform; of one that nobody knows it may. */
export function isFor({ platforms }: Pick<Book, 'platforms'>, rule: number, platform: string): boolean {
  const names = platforms[rule] ?? null;
  return platform === '' || names === null || names.includes(platform);
}

function bothOf(one: readonly string[], other: readonly string[]): readonly string[] | null {
  if (one.length === 0 || other.length === 0)
    return one.length + other.length === 0 ? null : [...one, ...other];
  return one.filter((name) => other.includes(name));
}

export interface PagesParts {
  /** Canonical names of platforms that devices may have. */
  names: Iterable<string>;
  platforms: Platforms;
  /** A directory of templates; null: there is none. */
  templates: string | null;
}

export function pagesOf({ rules, waivers }: Book, { names, platforms, templates }: PagesParts): BookPages {
  const data = [...new Set(names)].flatMap((name) => {
    const platform = platforms.get(name);
    if (platform === undefined) return [];
    const { errors, volatile, secrets } = platform;
    return [[name, { name, errors, volatile, secrets }] as const];
  });
  return {
    rules,
    platforms: Object.fromEntries(data),
    waives: waivers.map(({ expired }) => !expired),
    templates:
      templates === null
        ? null
        : templatesFor(
            templates,
            data.map(([name]) => name),
            platforms,
          ),
  };
}

/** The index may know a platform by another name than ours. */
export function templatesFor(directory: string, names: readonly string[], platforms: Platforms): Templates {
  const known = names.map((name) => [name, [...new Set([name, ...platforms.namesOf(name)])]] as const);
  return { directory, names: Object.fromEntries(known) };
}

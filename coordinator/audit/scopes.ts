// Which rules are for which devices, what has to be asked of each, and which waivers it has. Pure.
import type { PlatformCommands } from '../../proto/gen/netsweep/v1/model.js';
import { isAuto } from '../../proto/platform.js';
import type { Entry } from '../inventory/inventory.js';
import { matchLimit } from '../inventory/select.js';
import { type Book, isFor } from './book.js';
import type { FieldValues } from './fieldtext.js';
import { commandFor } from './judge.js';
import type { DeviceFilter, Policy } from './policy.js';

/** One device of an audit. */
export interface Audited {
  name: string;
  /** Empty: it is yet to be found out. */
  platform: string;
  fields: FieldValues;
  /** Numbers of the book's rules, in order. */
  rules: number[];
  /** Number of a rule to the number of its waiver. */
  waivers: Record<number, number>;
  /** In the order of their first use; of a platform that is yet to be found out none. */
  commands: string[];
  /** What is asked of each platform that may be found. */
  found: PlatformCommands[];
}

/** Something has to be asked of the device. */
export function isAsked({ commands, found }: Pick<Audited, 'commands' | 'found'>): boolean {
  return commands.length > 0 || found.some((one) => one.commands.length > 0);
}

/** Of each entry what the audit has to do with it; no rules: nothing. */
export function auditedOf(policies: readonly Policy[], book: Book, entries: readonly Entry[]): Audited[] {
  const matcher = new Matcher(entries);
  const ofRule = policies.flatMap((policy) =>
    policy.rules.map((rule) => both(matcher.matching(policy.devices), matcher.matching(rule.devices))),
  );
  const ofWaiver = book.waivers.map(({ devices }) => matcher.matching(devices, true));
  const named = platformsIn(book);
  return entries.map((entry) => {
    const rules = Array.from(book.rules.keys()).filter((number) => ofRule[number]?.has(entry));
    const platform = platformOf(entry);
    return {
      name: entry.name,
      platform,
      fields: fieldsOf(entry),
      rules,
      waivers: waiversOf(entry, rules, book, ofWaiver),
      commands: platform === '' ? [] : commandsOf(book, rules, platform),
      found:
        platform === ''
          ? ['', ...named].map((one) => ({ platform: one, commands: commandsOf(book, rules, one) }))
          : [],
    };
  });
}

/** What `{{ field }}` and `field:` may name. */
export function fieldsOf({ name, host, port, segment, site, groups, platform, data }: Entry): FieldValues {
  return { ...data, name, host, port: port ?? 22, segment, site, groups, platform };
}

function platformOf({ platform }: Entry): string {
  return platform === null || isAuto(platform) ? '' : platform;
}

function commandsOf(book: Book, rules: readonly number[], platform: string): string[] {
  // Those that no rule speaks of have the rules for all.
  const meant = rules.filter((number) =>
    platform === '' ? book.platforms[number] === null : isFor(book, number, platform),
  );
  return [
    ...new Set(
      meant.flatMap((number) => {
        const rule = book.rules[number];
        return rule === undefined ? [] : (commandFor(rule, platform) ?? []);
      }),
    ),
  ];
}

/** Every platform that a rule speaks of. */
function platformsIn({ rules, platforms }: Book): string[] {
  const commands = rules.flatMap(({ command }) =>
    command.of === 'platform' ? Object.keys(command.commands) : [],
  );
  return [...new Set([...platforms.flatMap((names) => names ?? []), ...commands])];
}

/** One that still waives before one that has expired. */
function waiversOf(
  entry: Entry,
  rules: readonly number[],
  { rules: all, waivers }: Book,
  ofWaiver: readonly ReadonlySet<Entry>[],
): Record<number, number> {
  const found: Record<number, number> = {};
  for (const number of rules) {
    const own = Array.from(waivers.keys()).filter(
      (waiver) => waivers[waiver]?.rule === all[number]?.id && ofWaiver[waiver]?.has(entry),
    );
    const chosen = own.find((waiver) => waivers[waiver]?.expired === false) ?? own[0];
    if (chosen !== undefined) found[number] = chosen;
  }
  return found;
}

/** The same limits stand in many rules. */
class Matcher {
  readonly #known = new Map<string, ReadonlySet<Entry>>();

  constructor(private readonly entries: readonly Entry[]) {}

  /** `surely`: not those whose platform is yet to be found out. */
  matching({ limit, directory, platforms }: DeviceFilter, surely = false): ReadonlySet<Entry> {
    const key = JSON.stringify([limit, directory, platforms, surely]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const limited = limit === null ? this.entries : [...matchLimit(this.entries, limit, directory)];
    const matching = new Set(
      limited.filter((entry) => {
        const platform = platformOf(entry);
        return platforms.length === 0 || platforms.includes(platform) || (platform === '' && !surely);
      }),
    );
    this.#known.set(key, matching);
    return matching;
  }
}

function both<T>(one: ReadonlySet<T>, other: ReadonlySet<T>): ReadonlySet<T> {
  if (one === other) return one;
  return new Set([...one].filter((item) => other.has(item)));
}

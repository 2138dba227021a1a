// A policy as its file states it, everything checked: rules with one check each, waivers, tests. Plain data, so that
// it can be handed to a thread. Patterns and texts may hold `{{ field }}` of a device and are kept as they were written.
import type { Position } from '../inventory/inventory.js';
import type { Severity } from './verdict.js';

export interface Policy {
  name: string;
  title: string | null;
  devices: DeviceFilter;
  rules: Rule[];
  waivers: Waiver[];
  tests: RuleTest[];
  /** Of all rules that the file gives, also of those that were refused. */
  ids: { id: string; at: Position }[];
  at: Position;
}

/** Which devices are meant; null and an empty list: all. */
export interface DeviceFilter {
  /** As `-l` has it. */
  limit: string | null;
  /** Where the path of `@file` starts. */
  directory: string;
  /** Canonical names. */
  platforms: string[];
}

export interface Rule extends Look {
  policy: string;
  id: string;
  severity: Severity;
  title: string;
  remedy: string | null;
  reference: string | null;
  /** Of the rule alone, within its policy's. */
  devices: DeviceFilter;
  command: Command;
  /** The rule speaks of a device only if a line of the output matches this, and none that. */
  when: string | null;
  unless: string | null;
  at: Position;
}

/** One for all, or by canonical platform. */
export type Command = { of: 'all'; command: string } | { of: 'platform'; commands: Record<string, string> };

/** What is looked for, and where. */
export interface Look {
  scope: Scope | null;
  check: Check;
  /** Null: as each check has it by itself. */
  none: None | null;
}

/** The verdict where no such block is there, or nothing was captured. */
export type None = 'error' | 'fail' | 'pass' | 'not-applicable';

/** The check looks into blocks of a configuration instead of the whole output. */
export interface Scope {
  /** Heads from the outside in; a block's lines are seen without its indentation. */
  path: string[];
  /** Only blocks that hold a line like this, or none. */
  having: string | null;
  lacking: string | null;
  which: 'all' | 'any';
}

export type Check =
  | { kind: 'present'; wanted: Wanted }
  | { kind: 'absent'; wanted: Wanted }
  /** Lines; where the pattern has a group, the different values in it. */
  | { kind: 'count'; pattern: string; compare: Comparison[] }
  | { kind: 'capture'; pattern: string; pick: Pick; as: As; compare: Comparison[] }
  /** Without a comparison the expression itself has to be true. */
  | { kind: 'rows'; expression: string; pick: Pick; as: As; compare: Comparison[] }
  | { kind: 'golden'; text: string; ignore: string[] }
  | { kind: 'unchanged_since'; date: string }
  | { kind: 'same_as'; ignore: string[] }
  /** One of several has to hold. */
  | { kind: 'any'; of: Look[] };

export type CheckKind = Check['kind'];
export type Pick = 'all' | 'first' | 'last';
/** `auto`: numbers where the expected value is one, else versions of the platform. */
export type As = 'auto' | 'number' | 'version';

export type Wanted =
  | { kind: 'patterns'; patterns: string[]; every: boolean; ordered: boolean }
  /** Whole lines, indentation aside. */
  | { kind: 'lines'; lines: string[]; every: boolean; ordered: boolean }
  /** A head with lines below it, as a configuration shows them. `exact`: with no others. */
  | { kind: 'block'; text: string; ordered: boolean; exact: boolean };

export type How = 'equals' | 'includes' | 'among' | 'at_least' | 'at_most';

export interface Comparison {
  how: How;
  expected: Expected;
}

/** Values as they were written; `number`: an unquoted one. */
export type Expected =
  | { from: 'values'; values: string[]; number: boolean }
  | { from: 'field'; field: string; missing: 'error' | 'not-applicable' }
  /** What another pattern captures in the same place. */
  | { from: 'capture'; pattern: string }
  | { from: 'platform'; of: Record<string, string[]> };

export interface Waiver {
  rule: string;
  devices: DeviceFilter;
  owner: string;
  reason: string;
  /** The last day, `YYYY-MM-DD`. */
  expires: string;
  at: Position;
}

/** A text and what the rule has to say of it. */
export interface RuleTest {
  rule: string;
  text: string;
  expect: 'pass' | 'fail' | 'error' | 'unknown' | 'not-applicable';
  /** Canonical; null: the first that the rule is for. */
  platform: string | null;
  /** The device's inventory fields. */
  fields: Record<string, unknown>;
  /** What the other devices show, for `same_as`. */
  others: string[];
  /** When the output last changed, for `unchanged_since`. */
  changed: string | null;
  at: Position;
}

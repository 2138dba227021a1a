// A platform's data made ready for a session: patterns compiled once per process. It stands between the
// YAML files and the reader and the session; nothing here knows a device.
import type { PlatformFile } from '../../proto/gen/netsweep/v1/model.js';
import { type Platform, Platforms, readPlatform } from '../../proto/platform.js';

/** A question on the last line, and what is typed in answer. */
export interface Question {
  asks: RegExp;
  keys: string;
}

/** A question before the first prompt: answered with keys, with the login's own, or not at all. */
export type Entry =
  | ({ what: 'keys' } & Question)
  | { what: 'username' | 'password'; asks: RegExp }
  | { what: 'fails'; asks: RegExp; fails: string };

export interface Rules {
  platform: Platform;
  /** Matches the last line when the device waits for a command. */
  prompt: RegExp;
  /** What is taken out of a prompt before it is compared with another. */
  moving: RegExp | null;
  /** Matches a line right above the prompt that belongs to it. */
  above: RegExp | null;
  /** Each matches a line that ends in a pager's text. */
  pager: { text: RegExp; key: string }[];
  entry: Entry[];
  questions: Question[];
  leaving: Question[];
  enable: { command: string; username: RegExp | null; password: RegExp; unprivileged: RegExp } | null;
  errors: RegExp[];
  endMarks: { command: RegExp; last: RegExp }[];
  /** Each matches a secret in a line of an output: its first group, or all of it. */
  secrets: RegExp[];
  /** What the platform is known by; null: by nothing of that sort. */
  detect: { banner: RegExp | null; prompt: RegExp | null; probe: RegExp | null };
}

export function compileRules(platform: Platform): Rules {
  const { enable } = platform;
  return {
    platform,
    prompt: new RegExp(platform.prompt),
    moving: platform.moving === undefined ? null : new RegExp(platform.moving, 'g'),
    above: platform.above === undefined ? null : new RegExp(platform.above),
    // A pager waits with the cursor after its text.
    pager: platform.pager.map(({ text, key }) => ({ text: new RegExp(`(?:${text})\\s*$`), key })),
    entry: [...platform.entry.map(compileEntry), ...noChange(platform.return)],
    questions: platform.questions.map(compileQuestion),
    leaving: platform.leaving.map(compileQuestion),
    enable: enable
      ? {
          command: enable.command,
          username: enable.username === undefined ? null : new RegExp(enable.username),
          password: new RegExp(enable.password),
          unprivileged: new RegExp(enable.unprivileged),
        }
      : null,
    errors: platform.errors.map((error) => new RegExp(error)),
    secrets: platform.secrets.map((secret) => new RegExp(secret, 'g')),
    endMarks: platform.end_marks.map((mark) => ({
      command: new RegExp(mark.command, 'i'),
      last: new RegExp(mark.last),
    })),
    detect: {
      banner: optional(platform.detect.banner),
      prompt: optional(platform.detect.prompt),
      probe: optional(platform.detect.probe, 'm'),
    },
  };
}

function optional(pattern: string | undefined, flags = ''): RegExp | null {
  return pattern === undefined ? null : new RegExp(pattern, flags);
}

/** Kept for the next session; of users' own data, which may change with every sweep, no more than this. */
const OWN_KEPT = 64;
const compiled = new Map<string, Rules>();
const compiledOwn = new Map<string, Rules>();
let shipped: Platforms | null = null;

/**
 * The rules of a platform: one of `own`, the sweep's, before one that ships with netsweep; undefined for a name
 * that this agent does not know. Throws PlatformError for data that is not valid.
 */
export function rulesOf(name: string, own: readonly PlatformFile[] = []): Rules | undefined {
  const file = own.find((one) => one.name === name);
  const kept = file ? compiledOwn : compiled;
  const key = file?.json ?? name;
  const known = kept.get(key);
  if (known) return known;
  shipped ??= new Platforms();
  const platform = file ? readPlatform(file.json) : shipped.get(name);
  if (!platform) return undefined;
  const rules = compileRules(platform);
  if (kept === compiledOwn && kept.size >= OWN_KEPT) kept.clear();
  kept.set(key, rules);
  return rules;
}

/** All that this agent knows, with `own` over what ships. The first call reads every file. */
export function allRules(own: readonly PlatformFile[] = []): Rules[] {
  shipped ??= new Platforms();
  const names = new Set([...shipped.names, ...own.map(({ name }) => name)]);
  return [...names].flatMap((name) => rulesOf(name, own) ?? []);
}

function compileEntry(entry: Platform['entry'][number]): Entry {
  const asks = new RegExp(entry.asks);
  if ('keys' in entry) return { what: 'keys', asks, keys: entry.keys };
  if ('fails' in entry) return { what: 'fails', asks, fails: entry.fails };
  return { what: entry.login, asks };
}

/** On any platform: nobody is here to change a password that is about to expire. */
function noChange(end: string): Entry[] {
  const asked = (answers: string) =>
    new RegExp(`\\bchange\\b[^\\r\\n]{0,80}[[(] ?${answers} ?[\\])](\\[[yn]\\])? ?[:?]? ?$`, 'i');
  return [
    { what: 'keys', asks: asked('y/n'), keys: `N${end}` },
    { what: 'keys', asks: asked('yes/no'), keys: `no${end}` },
  ];
}

function compileQuestion({ asks, keys }: { asks: string; keys: string }): Question {
  return { asks: new RegExp(asks), keys };
}

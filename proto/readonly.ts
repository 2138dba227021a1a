// The read-only gate's grammar: whether a platform's data vouches for a command that it only reads. A command is a
// reading verb with its words, then pipes into filters; whatever the data does not name is refused. Both sides ask:
// the coordinator before anything is touched, the agent before it sends, which is the one that decides. Pure.
//
// An abbreviation is a device's to read, and it may read it as any word that begins so. So one is taken only where the
// data also says what else there is (`acts`, `sinks`), and none of that begins so.
import type { Platform } from './platform.js';

/** Longer ones are cut by devices, who knows where. */
const MOST_CHARACTERS = 1000;
/** C0, DEL, C1 and the line ends of Unicode: keys, or a second line, whatever else is allowed. */
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;
/** What a shell acts on, wherever it stands. */
const SHELL = /[;&|<>$`(){}[\]*?!\\"'~#]/;
/** Shorter ones are taken only where the data states them: no list of what else there is, is complete. */
const LEAST_LETTERS = 3;
/** Words that a reason names. */
const MOST_NAMED = 12;

/** A sweep sends the same commands to every device. */
const MOST_REMEMBERED = 1000;
const judged = new WeakMap<Platform, Map<string, string | null>>();

/** Whether the platform's data says that a command only reads. */
export function readsOnly(platform: Platform, command: string): boolean {
  return whyRefused(platform, command) === null;
}

/** Whether a text holds keys or a second line; such a one is never sent, whatever is allowed. */
export function holdsControl(text: string): boolean {
  return CONTROL.test(text) || /\p{Surrogate}/u.test(text);
}

/** Whether a command that is typed to gain privileges is one: the platform's own word, with a level or a name. */
export function onlyEnables({ enable }: Platform, command: string): boolean {
  if (enable === undefined) return true; // never typed
  if (!/^[\w .@/-]{1,80}$/.test(command)) return false;
  const [word = ''] = command.trim().toLowerCase().split(' ');
  return word === 'enable' || word === enable.command.toLowerCase().split(' ', 1)[0];
}

/** What keeps a command from being a reading one, as a clause; null: nothing does. */
export function whyRefused(platform: Platform, command: string): string | null {
  const known = judged.get(platform) ?? new Map<string, string | null>();
  const before = known.get(command);
  if (before !== undefined) return before;
  if (known.size >= MOST_REMEMBERED) known.clear();
  const why = judge(platform, command);
  judged.set(platform, known.set(command, why));
  return why;
}

function judge(platform: Platform, command: string): string | null {
  if (command.length > MOST_CHARACTERS) return `it has more than ${MOST_CHARACTERS} characters`;
  if (holdsControl(command)) return 'it holds a control character';
  // Blanks of ASCII alone: what JavaScript trims besides is still sent.
  const line = command.replace(/ +/g, ' ').replace(/^ | $/g, '');
  if (line === '') return 'it is empty';
  if (platform.reads_exactly.includes(line)) return null;
  return (
    whyUnreadable(platform, line) ??
    whyUnread(platform, line) ??
    (platform.writes !== undefined && new RegExp(platform.writes, 'im').test(line)
      ? 'it has a form that may write'
      : null)
  );
}

/** Signs that mean more than themselves. */
function whyUnreadable({ mode, quotes }: Platform, line: string): string | null {
  // A line of seven bits takes the U+010D of a name for a D and a return.
  const foreign = /[^\x20-\x7e]/u.exec(line)?.[0];
  if (foreign !== undefined) return `${describe(foreign)} is not ASCII`;
  const sign = (mode === 'exec' ? SHELL : /`|\$[({]/).exec(line)?.[0];
  if (sign !== undefined) return `a shell acts on ${JSON.stringify(sign)}`;
  if (mode === 'exec') return null;
  if (line.includes('?')) return '"?" asks for help as soon as it is typed';
  if (line.endsWith('\\')) return 'it ends in a backslash, which goes on in the next line';
  const bare = quotes ? withoutQuoted(line) : line;
  if (bare === null) return 'its quotes do not pair';
  const joint = /[;&<>]/.exec(bare)?.[0];
  return joint === undefined ? null : `${JSON.stringify(joint)} joins or redirects`;
}

/** The words: a verb and what belongs to it, then filters. */
function whyUnread(platform: Platform, line: string): string | null {
  const [first = [], ...later] = partsOf(platform, line);
  const [verb = ''] = first;
  if (!isVerb(platform, first)) return whyNoVerb(platform, verb);
  return whyActs(platform, first) ?? whyUnbounded(platform, first) ?? whyUnfiltered(platform, later);
}

function isVerb({ reads, acts }: Platform, words: readonly string[]): boolean {
  const [verb = ''] = words;
  if (reads.some((read) => startsWith(words, read.toLowerCase().split(' ')))) return true;
  return (
    acts.length > 0 &&
    verb.length >= LEAST_LETTERS &&
    reads.some((read) => mayBe(verb, read)) &&
    !acts.some((act) => mayBe(verb, act))
  );
}

function whyNoVerb({ reads, acts }: Platform, verb: string): string {
  if (verb === '') return 'it begins with a pipe';
  if (acts.includes(verb)) return `${JSON.stringify(verb)} does more than read`;
  const meant = acts.filter((act) => mayBe(verb, act)).slice(0, 3);
  if (meant.length > 0) return `${JSON.stringify(verb)} may be ${meant.join(' or ')}`;
  if (reads.length === 0) return 'only whole commands are known to read';
  return `${JSON.stringify(verb)} is not known to read`;
}

/** A reading verb that acts with these words behind it. */
function whyActs({ refuses }: Platform, words: readonly string[]): string | null {
  const found = refuses.find((form) => mayBegin(words, form.toLowerCase().split(' ')));
  return found === undefined ? null : `it may be ${JSON.stringify(found)}, which does more than read`;
}

/** Options that are a matter of how much: a ping that floods is no reading. */
function whyUnbounded({ bounds }: Platform, words: readonly string[]): string | null {
  for (const { command, most, needs } of bounds) {
    if (!mayBegin(words, command.split(' '))) continue;
    let given = needs === undefined;
    for (const [at, word] of words.entries())
      for (const [option, limit] of Object.entries(most)) {
        const number = numberOf(option, word, words[at + 1]);
        if (number === null) continue;
        if (number > limit) return `${option} is at most ${limit}`;
        given ||= option === needs;
      }
    if (!given) return `without ${needs} it does not end`;
  }
  return null;
}

/** What `option 5`, `option=5` or `-o5` says. */
function numberOf(option: string, word: string, next: string | undefined): number | null {
  const [name = '', joined] = word.split('=', 2);
  const attached = option.startsWith('-') && word.startsWith(option) ? word.slice(option.length) : '';
  const text = attached !== '' ? attached : mayBe(name, option) ? (joined ?? next ?? '') : '';
  return /^(\d+|0x[\da-f]+)$/.test(text) ? Number(text) : null;
}

/** Each pipe leads into a filter. */
function whyUnfiltered(platform: Platform, parts: readonly string[][]): string | null {
  const { filters, sinks } = platform;
  for (const words of parts) {
    const [name = ''] = words;
    if (name === '') return 'a pipe leads nowhere';
    if (filters.some((filter) => startsWith(words, filter.split(' ')))) continue;
    const sink = sinks.find((one) => mayBe(name, one));
    if (sink !== undefined)
      return `behind a pipe ${JSON.stringify(name)} ${sink === name ? 'is not a filter' : `may be ${sink}, which is not a filter`}`;
    if (sinks.length > 0 && filters.some((filter) => mayBegin(words, filter.split(' ')))) continue;
    return `behind a pipe ${JSON.stringify(name)} is not known to filter only (${list(filters)})`;
  }
  return null;
}

/**
 * The words between pipes, in lower case. With `alternation` a pipe inside a word belongs to an expression once the
 * first pipe has been passed, unless what follows could be where an output is sent.
 */
function partsOf({ quotes, alternation, sinks, filters }: Platform, line: string): string[][] {
  // What needs another word to be a filter may also be none.
  const places = [...sinks, ...filters.flatMap((filter) => /^(\S+) /.exec(filter)?.[1] ?? [])];
  const parts: string[] = [''];
  let quoted = false;
  for (const [at, sign] of Array.from(line).entries()) {
    if (sign === '"' && quotes) quoted = !quoted;
    const inside = alternation && parts.length > 1 && line[at - 1] !== ' ';
    if (sign === '|' && !quoted && !(inside && !mayBeSink(places, line.slice(at + 1)))) parts.push('');
    else parts[parts.length - 1] += sign;
  }
  return parts.map((part) => part.trim().toLowerCase().split(' '));
}

/** A letter at the end of an expression is no sink: a sink is told where to. */
function mayBeSink(sinks: readonly string[], rest: string): boolean {
  const [, name = '', behind = ''] = /^ *([^ |]*)([^|]*)/.exec(rest.toLowerCase()) ?? [];
  return (
    name === '' || ((name.length > 1 || behind.trim() !== '') && sinks.some((sink) => mayBe(name, sink)))
  );
}

/** A line without what stands in quotes; null where they do not pair. */
function withoutQuoted(line: string): string | null {
  if (/\\["|]/.test(line)) return null;
  const bare = line.replace(/"[^"]*"/g, '');
  return bare.includes('"') ? null : bare;
}

/** Whether a device may take a word for a name: as its beginning. */
function mayBe(word: string, name: string): boolean {
  return word !== '' && name.toLowerCase().startsWith(word);
}

function startsWith(words: readonly string[], names: readonly string[]): boolean {
  return names.every((name, at) => words[at] === name);
}

/** Whether words may be the beginning of a form, in which `*` is any number of words, and `+` is one. */
function mayBegin(words: readonly string[], form: readonly string[]): boolean {
  const [name, ...rest] = form;
  if (name === undefined) return true;
  if (name === '*') return words.some((_, at) => mayBegin(words.slice(at), rest));
  const [word, ...others] = words;
  if (word === undefined || !(name === '+' || mayBe(word, name))) return false;
  return mayBegin(others, rest);
}

/** A sign that may not be seen, or look like another one. */
function describe(sign: string): string {
  const code = `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(sign) ? `"${sign}" (${code})` : code;
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'this platform has no filters';
  const more = names.length > MOST_NAMED ? ' ...' : '';
  return `expected ${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}

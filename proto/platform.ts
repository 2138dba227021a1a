// Platforms as data: proto/platforms/*.yaml, one file each, validated on load and read by both sides.
// The agent takes prompts, pagers and entry steps from it, the coordinator names, default commands and
// reading verbs. Adding a platform is adding a file. A file may build on another one with `extends`; what
// leaves here states everything.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { LineCounter, parse, parseDocument } from 'yaml';
import { fieldProblem, isUnknownField, near, type Problem, problemOf, unknownFields } from './problem.js';

/** What stands for a platform in an inventory when the agent is to find it out. */
export const AUTO = 'auto';

/** Ours, and netmiko's word for the same. */
export function isAuto(name: string): boolean {
  return /^auto(detect)?$/i.test(name);
}

const pattern = v.pipe(v.string(), v.check(isPattern, 'a regular expression'));
const texts = v.optional(v.array(v.string()), []);
const patterns = v.optional(v.array(pattern), []);

/** A question, matched on the last line, and the keys typed in answer, line end included where one is wanted. */
const question = v.strictObject({ asks: pattern, keys: v.string() });

const entries = {
  /** Canonical name, also the file's name. */
  name: v.string(),
  title: v.string(),
  /** Names of other tools that mean this platform, without netmiko's `_ssh` suffix. */
  aliases: texts,
  /** `shell`: an interactive command line. `exec`: a channel for each command, with an exit status. */
  mode: v.picklist(['shell', 'exec']),
  /** What is run when neither the command line nor the device names a command. */
  default_commands: v.pipe(v.array(v.string()), v.minLength(1)),
  // What may be sent without leave to write; proto/readonly.ts reads commands by it.
  /** First words that only read, or several. */
  reads: texts,
  /**
   * All other first words there are. With them an abbreviation of three letters and more is taken where it stands for
   * reading words alone; without them only what `reads` states is.
   */
  acts: texts,
  /** Whole commands that only read; for shells, where a first word says nothing. */
  reads_exactly: texts,
  /** Commands that act although their first word reads, by how they begin: `*` is any number of words, `+` is one. */
  refuses: texts,
  /** Options that are numbers, with the most that each may be; `needs` names one without which it never ends. */
  bounds: v.optional(
    v.array(
      v.strictObject({
        command: v.string(),
        most: v.record(v.string(), v.number()),
        needs: v.optional(v.string()),
      }),
    ),
    [],
  ),
  /** What a pipe may lead into: names that only filter. */
  filters: texts,
  /** What else a pipe may lead into; with it a filter may be abbreviated, as commands are with `acts`. */
  sinks: texts,
  /** Double quotes keep what is between them together, pipes as well. */
  quotes: v.optional(v.boolean(), false),
  /** A pipe inside a word belongs to a filter's expression, as in `| include ^interface|address`. */
  alternation: v.optional(v.boolean(), false),
  /** A command that matches is refused, whatever the rest says. */
  writes: v.optional(pattern),
  /** Added to the login name: how some devices are told what terminal they talk to. */
  username_suffix: v.optional(v.string(), ''),
  /** Given to SSH in place of the login name, where the true login is asked for inside. */
  ssh_username: v.optional(v.string()),
  /** The last line when the device waits for a command, ANSI removed, trailing spaces kept. */
  prompt: v.optional(pattern, '^[^\\r\\n]{1,200}[>#$%] ?$'),
  /** The prompt is a whole line, with an end of its own: a word that says how the command went. */
  prompt_ends: v.optional(v.boolean(), false),
  /** Parts of a prompt that change by themselves (counters, clocks, unsaved marks, HA state): not compared. */
  moving: v.optional(pattern),
  /** A line right above the prompt that belongs to it, as in `[edit]` or `{master:0}`. */
  above: v.optional(pattern),
  /** What ends a command line. */
  return: v.optional(v.string(), '\r'),
  /** Typed when the device is silent before its first prompt. */
  wake: v.optional(v.string()),
  /**
   * Questions on the way in, before the first prompt, each answered once in a session: either `keys`, or one of
   * the login's own: a second login inside the channel.
   */
  entry: v.optional(
    v.array(
      v.union([
        question,
        v.strictObject({ asks: pattern, login: v.picklist(['username', 'password']) }),
        v.strictObject({ asks: pattern, fails: v.string() }),
      ]),
    ),
    [],
  ),
  /**
   * Lines that change only this session, sent in order before the first command: paging off, width. One that is
   * refused in an unprivileged mode is sent once more in the privileged one. With `beyond` only where the prompt and
   * a command together take more columns than that: what only keeps long command lines whole is a round trip less.
   */
  setup: v.optional(
    v.array(
      v.union([
        v.string(),
        v.strictObject({ line: v.string(), beyond: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
      ]),
    ),
    [],
  ),
  /** What a pager shows while it waits, and the key that brings the next page, or leaves it at the end. */
  pager: v.optional(v.array(v.strictObject({ text: pattern, key: v.string() })), []),
  /** Questions in the middle of a command, answered each time. */
  questions: v.optional(v.array(question), []),
  enable: v.optional(
    v.strictObject({
      command: v.string(),
      /** The question for a user name, where there is one; the login's is given. */
      username: v.optional(pattern),
      /** The question for the secret, at the end of what was received. */
      password: pattern,
      /** A prompt that is not yet privileged. */
      unprivileged: pattern,
    }),
  ),
  /** The parser's own errors, matched at the start of each of an output's first lines. */
  errors: patterns,
  /** An output of a command that matches is whole only when its last line that is not blank matches `last`. */
  end_marks: v.optional(v.array(v.strictObject({ command: pattern, last: pattern })), []),
  /** Sent to leave, one mode after the other. */
  exit: v.optional(v.string(), 'exit'),
  /** Questions on the way out. */
  leaving: v.optional(v.array(question), []),
  /** Lines of outputs that differ from fetch to fetch though nothing has changed. */
  volatile: patterns,
  /** Secrets in outputs: the first group of each, or all that matched, is what must not be shown. */
  secrets: patterns,
  /** How `platform: auto` knows it: by the SSH identification, by the first prompt, by the answer to the probe. */
  detect: v.optional(
    v.strictObject({ banner: v.optional(pattern), prompt: v.optional(pattern), probe: v.optional(pattern) }),
    {},
  ),
};

const platformSchema = v.strictObject(entries);
const fileSchema = v.strictObject({
  ...v.partial(v.strictObject(entries)).entries,
  extends: v.optional(v.string()),
});

/** One platform's data; field meanings stand in the schema above. */
export type Platform = v.InferOutput<typeof platformSchema>;

/** The setup lines for commands of which the longest takes so many columns with its prompt. */
export function setupFor({ setup }: Pick<Platform, 'setup'>, columns: number): string[] {
  return setup.flatMap((step) => {
    if (typeof step === 'string') return step;
    return columns > step.beyond ? step.line : [];
  });
}

/** The fields of a platform, in the order in which a file states them. */
export const FIELDS = Object.keys(entries) as readonly (keyof Platform)[]; // the keys of the object above

/** Not inherited by what extends a platform. */
const OWN_ONLY = ['name', 'title', 'aliases', 'detect'] as const;
type PlatformFields = v.InferOutput<typeof fileSchema>;

/** A file of platform data that is not valid: `file:line:column: what is wrong`, one line for each mistake. */
export class PlatformError extends Error {
  constructor(
    readonly problems: readonly string[],
    options?: ErrorOptions,
  ) {
    super(problems.join('\n'), options);
    this.name = 'PlatformError';
  }
}

/** All platforms that are known, read one by one as they are asked for. */
export class Platforms {
  /** Canonical name to file; a later directory stands over an earlier one. */
  readonly #files = new Map<string, string>();
  readonly #own = new Set<string>();
  readonly #read = new Map<string, Platform>();
  #aliases: Map<string, string> | null = null;

  /** `own`: directories of the user's files, which override or add. */
  constructor(own: readonly string[] = [], shipped = shippedDirectory()) {
    for (const directory of [shipped, ...own])
      for (const file of readdirSync(directory).sort()) {
        if (!file.endsWith('.yaml')) continue;
        const name = basename(file, '.yaml');
        this.#files.set(name, join(directory, file));
        if (directory !== shipped) this.#own.add(name);
      }
  }

  /** Canonical names, sorted. */
  get names(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  /** Canonical names that do not come with netsweep, or not as they are here. */
  get own(): ReadonlySet<string> {
    return this.#own;
  }

  /** Where a platform's data stands; undefined for a name that is not canonical. */
  fileOf(name: string): string | undefined {
    return this.#files.get(name);
  }

  /** Every name that is understood, with the canonical one it stands for. */
  get aliases(): ReadonlyMap<string, string> {
    if (this.#aliases !== null) return this.#aliases;
    this.#aliases = new Map();
    for (const [name, file] of this.#files)
      for (const alias of this.#own.has(name)
        ? (this.#inherited(name, file, []).aliases ?? [])
        : aliasesIn(file))
        this.#aliases.set(alias.toLowerCase(), name);
    for (const name of this.#files.keys()) this.#aliases.set(name, name);
    return this.#aliases;
  }

  /** The canonical name that a name of ours, netmiko's, Ansible's, Oxidized's, NAPALM's or scrapli's stands for. */
  canonical(name: string): string | undefined {
    const wanted = name.toLowerCase();
    if (this.#files.has(wanted)) return wanted;
    return this.aliases.get(wanted) ?? this.aliases.get(wanted.replace(/_ssh$/, ''));
  }

  /** Every name of a platform, the canonical first, then those of what it extends; others may know it by any of them. */
  namesOf(name: string): string[] {
    const names: string[] = [];
    for (let at = this.canonical(name); at !== undefined && !names.includes(at); at = this.#parentOf(at)) {
      const aliases = Array.from(this.aliases).filter(([, canonical]) => canonical === at);
      names.push(at, ...aliases.map(([alias]) => alias).filter((alias) => alias !== at));
    }
    return names;
  }

  #parentOf(name: string): string | undefined {
    const file = this.#files.get(name);
    return file === undefined ? undefined : readFields(file).extends;
  }

  /** The data behind any name; undefined for one that nobody knows. Throws PlatformError. */
  find(name: string): Platform | undefined {
    const canonical = this.canonical(name);
    return canonical === undefined ? undefined : this.get(canonical);
  }

  /** By canonical name. Throws PlatformError. */
  get(name: string): Platform | undefined {
    const file = this.#files.get(name);
    if (file === undefined) return undefined;
    let platform = this.#read.get(name);
    if (platform === undefined) {
      platform = complete(file, this.#inherited(name, file, []));
      this.#read.set(name, platform);
    }
    return platform;
  }

  /** A file's fields over those of the file that it extends. */
  #inherited(name: string, file: string, below: string[]): PlatformFields {
    const fields = readFields(file);
    const parent = fields.extends;
    if (parent === undefined) return fields;
    // A user's file may extend the one that it stands over.
    const over = parent === name ? join(shippedDirectory(), `${name}.yaml`) : this.#files.get(parent);
    if (over === undefined || over === file || below.includes(over) || !existsSync(over))
      refuseParent(file, parent, below, this.names);
    const inherited = { ...this.#inherited(parent, over, [...below, file]) };
    // What stands over a platform is still that platform, by all its names.
    if (parent !== name) for (const field of OWN_ONLY) delete inherited[field];
    return { ...inherited, ...fields };
  }
}

/** A platform from the text that `JSON.stringify` made of one. Throws PlatformError. */
export function readPlatform(json: string): Platform {
  let fields: unknown;
  try {
    fields = JSON.parse(json);
  } catch (cause) {
    throw new PlatformError(['this is not JSON'], { cause });
  }
  const parsed = v.safeParse(platformSchema, fields);
  if (!parsed.success) throw new PlatformError(parsed.issues.map((issue) => problemOf(issue, null).message));
  return parsed.output;
}

/** One file's fields, each valid, with nothing inherited yet. */
function readFields(file: string): PlatformFields {
  const { document, fail } = open(file);
  const unknown = unknownFields(document, Object.keys(fileSchema.entries));
  const parsed = v.safeParse(fileSchema, document.toJS());
  const wrong = parsed.issues?.filter((issue) => !isUnknownField(issue)) ?? [];
  const problems = [...unknown, ...wrong.map((issue) => problemOf(issue, document))];
  if (problems.length > 0 || !parsed.success) return fail(problems);
  const named = parsed.output.name ?? basename(file, '.yaml');
  if (`${named}.yaml` !== basename(file))
    return fail([
      fieldProblem(
        document,
        'name',
        `name differs from the file's (found ${named}, expected ${basename(file, '.yaml')}, or no name)`,
      ),
    ]);
  return { ...parsed.output, name: named };
}

/** A file as YAML, and how to refuse it. */
function open(file: string) {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines, prettyErrors: false });
  const fail = (problems: Problem[]): never => {
    throw new PlatformError(
      problems.map(({ offset, message }) => {
        const { line, col } = lines.linePos(offset);
        return `${file}:${line}:${col}: ${message}`;
      }),
    );
  };
  if (document.errors.length > 0)
    fail(document.errors.map(({ pos, message }) => ({ offset: pos[0], message })));
  return { document, fail };
}

function complete(file: string, { extends: _, ...fields }: PlatformFields): Platform {
  const parsed = v.safeParse(platformSchema, fields);
  if (!parsed.success)
    throw new PlatformError(parsed.issues.map((issue) => `${file}:1:1: ${problemOf(issue, null).message}`));
  return parsed.output;
}

function refuseParent(file: string, parent: string, below: string[], names: readonly string[]): never {
  const { document, fail } = open(file);
  const why = names.includes(parent)
    ? `extends leads back to itself (found ${parent}${below.length > 0 ? `, by way of ${below.map((one) => basename(one, '.yaml')).join(', ')}` : ''})`
    : `extends: there is no such platform (found ${parent}${near(parent, names)})`;
  return fail([fieldProblem(document, 'extends', why)]);
}

/** Read without the rest, as every start needs all names and few platforms: aliases stand on one line. */
function aliasesIn(file: string): string[] {
  const line = /^aliases: *(\[.*\]) *$/m.exec(readFileSync(file, 'utf8'))?.[1];
  return line === undefined ? [] : (parse(line) as string[]); // a list of words; the file's schema says so
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'm');
    return true;
  } catch {
    return false;
  }
}

/** `proto/platforms` lies beside this file in the sources and beside `dist` once built. */
function shippedDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(directory, 'proto', 'platforms');
    if (readdirOrEmpty(candidate).some((file) => file.endsWith('.yaml'))) return candidate;
    const parent = dirname(directory);
    if (parent === directory) throw new Error('proto/platforms is missing from this installation');
    directory = parent;
  }
}

function readdirOrEmpty(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

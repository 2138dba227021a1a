// Platforms as data: proto/platforms/*.yaml, one file each, validated on load and read by both sides.
// The agent takes prompts, pagers and entry steps from it, the coordinator names, default commands and
// reading verbs. Adding a platform is adding a file.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { parse } from 'yaml';

const pattern = v.pipe(v.string(), v.check(isPattern, 'is not a regular expression'));
const texts = v.optional(v.array(v.string()), []);

const platformSchema = v.strictObject({
  /** Canonical name, also the file's name. */
  name: v.string(),
  title: v.string(),
  /** Names of other tools that mean this platform, without netmiko's `_ssh` suffix. */
  aliases: texts,
  /** `shell`: an interactive command line. `exec`: a channel for each command, with an exit status. */
  mode: v.picklist(['shell', 'exec']),
  /** What is run when neither the command line nor the device names a command. */
  default_commands: v.pipe(v.array(v.string()), v.minLength(1)),
  /** First words that only read. */
  reads: texts,
  /** Whole commands that only read; for shells, where a first word says nothing. */
  reads_exactly: texts,
  /** A command that matches is refused although its first word reads: redirections, pipes that write. */
  writes: v.optional(pattern),
  /** The last line when the device waits for a command, ANSI removed, trailing spaces kept. */
  prompt: v.optional(pattern, '^[^\\r\\n]{1,200}[>#$%] ?$'),
  /** What ends a command line. */
  return: v.optional(v.string(), '\r'),
  /** Commands that change only this session, sent in order before the first command. */
  setup: texts,
  /** `end`: what it shows when there is no more and it still waits, and the key that leaves it. */
  pager: v.optional(
    v.strictObject({
      text: pattern,
      key: v.string(),
      end: v.optional(v.strictObject({ text: pattern, key: v.string() })),
    }),
  ),
  enable: v.optional(
    v.strictObject({
      command: v.string(),
      /** The question for the secret, at the end of what was received. */
      password: pattern,
      /** A prompt that is not yet privileged. */
      unprivileged: pattern,
    }),
  ),
  /** The parser's own errors, matched at the start of each of an output's first lines. */
  errors: v.optional(v.array(pattern), []),
  /** An output of a command that matches is whole only when its last line that is not blank matches `last`. */
  end_marks: v.optional(v.array(v.strictObject({ command: pattern, last: pattern })), []),
  /** Sent to leave. */
  exit: v.optional(v.string(), 'exit'),
});

/** One platform's data; field meanings stand in the schema above. */
export type Platform = v.InferOutput<typeof platformSchema>;

/** All platforms that ship with netsweep, by canonical name. Throws on a file that is not valid. */
export function loadPlatforms(directory = shippedDirectory()): ReadonlyMap<string, Platform> {
  const platforms = new Map<string, Platform>();
  for (const file of readdirSync(directory).sort()) {
    if (!file.endsWith('.yaml')) continue;
    const path = join(directory, file);
    const parsed = v.safeParse(platformSchema, parse(readFileSync(path, 'utf8')));
    if (!parsed.success)
      throw new Error(parsed.issues.map((issue) => `${path}: ${inWords(issue)}`).join('\n'));
    if (`${parsed.output.name}.yaml` !== file) throw new Error(`${path}: name differs from the file's`);
    platforms.set(parsed.output.name, parsed.output);
  }
  return platforms;
}

/** The platform that a name of ours, netmiko's, Ansible's, Oxidized's or NAPALM's stands for. */
export function findPlatform(platforms: ReadonlyMap<string, Platform>, name: string): Platform | undefined {
  const wanted = name.toLowerCase().replace(/_ssh$/, '');
  return (
    platforms.get(wanted) ?? [...platforms.values()].find((platform) => platform.aliases.includes(wanted))
  );
}

/**
 * Whether the platform's data says that a command only reads. What the data does not name does not.
 * Both sides ask: the coordinator before anything is touched, the agent before it sends.
 */
export function readsOnly(platform: Platform, command: string): boolean {
  // A line break or control character would make two commands of one, whatever the first is.
  if (command.length > 1000 || /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(command)) return false;
  const words = command.trim().replace(/ +/g, ' ');
  if (words === '') return false;
  if (platform.reads_exactly.includes(words)) return true;
  if (platform.mode === 'exec' && words.includes(';')) return false;
  const first = words.split(' ', 1)[0]?.toLowerCase() ?? '';
  if (!platform.reads.some((verb) => verb.toLowerCase() === first)) return false;
  return platform.writes === undefined || !new RegExp(platform.writes, 'im').test(words);
}

function inWords(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`;
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

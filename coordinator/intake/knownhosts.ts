// OpenSSH's known_hosts, read in full and never written (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain, bracketed and
// hashed names, wildcards and what is excepted from them, revoked keys, and the keys of those who certify hosts. It
// stands beneath the ledger. A line that can't be read is told of and left out.
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { HostKey } from '../../proto/gen/netsweep/v1/session.js';
import { HostMarks } from '../../proto/gen/netsweep/v1/session.js';
import { HashedNames, isHashed } from './hashednames.js';

type Mark = 'known' | 'revoked' | 'authority';

interface Line {
  mark: Mark;
  /** As written: one hashed name, or patterns with commas between them. */
  names: string;
  key: HostKey;
}

const MARKS: Record<string, Mark> = { '@revoked': 'revoked', '@cert-authority': 'authority' };
/** Names that are remembered: of those that are hashed each line costs an HMAC. */
const MOST_REMEMBERED = 200_000;
/** Hashed lines from which on others have their turn between two names: 0.4 us each. */
const DEAR = 500;
/** Files are looked at again for changes. */
const LOOK_MS = 2_000;

/** Lines of one kind, by the names that they are of. */
class Lines {
  /** Whose names are no patterns, by each of them. */
  readonly #plain = new Map<string, Line[]>();
  readonly #patterns: Line[];
  readonly #hashed: HashedNames<Line>;
  readonly #remembered = new Map<string, Line[]>();

  constructor(lines: readonly Line[]) {
    const [hashed, others] = parted(lines, ({ names }) => isHashed(names));
    const namesOf = ({ names }: Line) => names.toLowerCase().split(',');
    const [patterns, plain] = parted(others, (line) => namesOf(line).some((name) => /[*?!]/.test(name)));
    for (const line of plain)
      for (const name of new Set(namesOf(line)))
        this.#plain.set(name, [...(this.#plain.get(name) ?? []), line]);
    this.#patterns = patterns;
    this.#hashed = new HashedNames(hashed);
  }

  get isDear(): boolean {
    return this.#hashed.left > DEAR;
  }

  of(name: string): readonly Line[] {
    const plain = this.#plain.get(name) ?? [];
    if (this.#patterns.length === 0 && this.#hashed.isEmpty) return plain;
    const before = this.#remembered.get(name);
    if (before !== undefined) return before;
    const matched = this.#patterns.filter(({ names }) => isMeant(names, name));
    const lines = [...plain, ...matched, ...this.#hashed.find(name)];
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(name, lines);
    return lines;
  }
}

export class KnownHosts {
  /** What could not be read: `file:line: why`. */
  readonly problems: readonly string[];
  readonly #known: Lines;
  /** Few, so that they are looked at for each host, also for those that the ledger knows. */
  readonly #marked: Lines;

  constructor(lines: readonly Line[], problems: readonly string[] = []) {
    this.problems = problems;
    const [known, marked] = parted(lines, ({ mark }) => mark === 'known');
    this.#known = new Lines(known);
    this.#marked = new Lines(marked);
  }

  static parse(text: string, file = 'known_hosts'): KnownHosts {
    return new KnownHosts(...parseLines(text, file));
  }

  /** A look at a name that nobody has asked for may take a while. */
  get isDear(): boolean {
    return this.#known.isDear;
  }

  /** Keys known for a host. Thousands of hashed lines take milliseconds, the first time. */
  lookUp(host: string, port: number): HostKey[] {
    return this.#known.of(nameOf(host, port)).map(({ key }) => key);
  }

  /** Keys that the host must not have, and those that may certify it; none: nothing is said of either. */
  marks(host: string, port: number): HostMarks | undefined {
    const lines = this.#marked.of(nameOf(host, port));
    if (lines.length === 0) return undefined;
    const [revoked, authorities] = parted(lines, ({ mark }) => mark === 'revoked');
    return HostMarks.create({
      revoked: revoked.map(({ key }) => key.blob),
      authorities: authorities.map(({ key }) => key.blob),
      vouchedFor: authorities.some(({ names }) => names !== '*'),
    });
  }
}

/** The user's files and the machine's, read again when one has changed. */
export class KnownHostsFiles {
  #kept: KnownHosts;
  #state: string;
  #lookedAt: number;

  constructor(
    private readonly files: readonly string[] = usualFiles(),
    private readonly monotonicMs: () => number = () => performance.now(),
  ) {
    this.#lookedAt = monotonicMs();
    this.#state = stateOf(files);
    this.#kept = readFiles(files);
  }

  get now(): KnownHosts {
    const at = this.monotonicMs();
    if (at - this.#lookedAt < LOOK_MS) return this.#kept;
    this.#lookedAt = at;
    const state = stateOf(this.files);
    if (state !== this.#state) {
      this.#state = state;
      this.#kept = readFiles(this.files);
    }
    return this.#kept;
  }
}

function usualFiles(): string[] {
  const own = join(homedir(), '.ssh');
  return [
    join(own, 'known_hosts'),
    join(own, 'known_hosts2'),
    '/etc/ssh/ssh_known_hosts',
    '/etc/ssh/ssh_known_hosts2',
  ];
}

function readFiles(files: readonly string[]): KnownHosts {
  const read = files.map((file) => {
    try {
      return parseLines(readFileSync(file, 'utf8'), file);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [[], []] as const;
      return [[], [`${file}: it can't be read (${codeOf(error)})`]] as const;
    }
  });
  return new KnownHosts(
    read.flatMap(([lines]) => lines),
    read.flatMap(([, problems]) => problems),
  );
}

function stateOf(files: readonly string[]): string {
  return files
    .map((file) => statSync(file, { throwIfNoEntry: false, bigint: true }))
    .map((stat) => (stat === undefined ? '-' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`))
    .join();
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function parseLines(text: string, file: string): [lines: Line[], problems: string[]] {
  const lines: Line[] = [];
  const problems: string[] = [];
  for (const [at, written] of text.split('\n').entries()) {
    const line = written.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') problems.push(`${file}:${at + 1}: ${parsed}`);
    else lines.push(parsed);
  }
  return [lines, problems];
}

/** A line, or what is wrong with it. */
function parseLine(line: string): Line | string {
  const words = line.split(/[ \t]+/);
  const marked = line.startsWith('@') ? words.shift() : undefined;
  const mark = marked === undefined ? 'known' : MARKS[marked];
  if (mark === undefined)
    return `the mark is not known (found ${marked}, expected @revoked or @cert-authority)`;
  const [names = '', type = '', base64 = ''] = words;
  if (/^\d+$/.test(type)) return 'this is a key of SSH 1';
  if (base64 === '') return 'a key is missing (expected names, type and key)';
  if (names.startsWith('|') && !isHashed(names)) return 'the hashed name is damaged';
  const blob = Buffer.from(base64, 'base64');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || typeOf(blob) !== type)
    return `the key is damaged, or not of the type ${JSON.stringify(type.slice(0, 60))}`;
  return { mark, names, key: { type, blob } };
}

/** The first string of a key: its type. */
function typeOf(blob: Buffer): string {
  return blob.length < 4 ? '' : blob.toString('latin1', 4, 4 + blob.readUInt32BE(0));
}

function nameOf(host: string, port: number): string {
  return (port === 22 ? host : `[${host}]:${port}`).toLowerCase();
}

function parted<T>(all: readonly T[], fits: (one: T) => boolean): [those: T[], others: T[]] {
  return [all.filter(fits), all.filter((one) => !fits(one))];
}

/** Whether a line's names mean this one: by a pattern of which no exception matches too. */
function isMeant(names: string, name: string): boolean {
  let meant = false;
  for (const pattern of names.toLowerCase().split(',')) {
    const isException = pattern.startsWith('!');
    if (!matches(isException ? pattern.slice(1) : pattern, name)) continue;
    if (isException) return false;
    meant = true;
  }
  return meant;
}

/** `*` is any number of signs, `?` is one. Without a regular expression: a line may come from anybody. */
function matches(pattern: string, name: string): boolean {
  let [at, from, star, resume] = [0, 0, -1, 0];
  while (from < name.length) {
    if (pattern[at] === '*') [star, resume, at] = [at, from, at + 1];
    else if (pattern[at] === '?' || pattern[at] === name[from]) [at, from] = [at + 1, from + 1];
    else if (star >= 0) [at, resume, from] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

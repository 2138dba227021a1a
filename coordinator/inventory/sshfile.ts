// The files of ssh's configuration, as ssh_config(5) has them, to blocks of settings in their order. Only what
// says where a device is and who logs in is kept; every other keyword is passed over, as is a Match on anything
// but the host, for what it would find is not known here.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { globTest } from './glob.js';
import { Source } from './located.js';
import { type Condition, hostCondition, matchCondition, type Word } from './sshmatch.js';
import { type Issues, quote } from './wording.js';

export interface Setting {
  keyword: Keyword;
  value: Word;
}

/** Settings that hold for a host where all conditions do. */
export interface Block {
  conditions: readonly Condition[];
  settings: Setting[];
}

const KEYWORDS = [
  ...(['hostname', 'port', 'user', 'identityfile', 'certificatefile', 'proxyjump', 'proxycommand'] as const),
];
export type Keyword = (typeof KEYWORDS)[number];

const MOST_DEPTH = 16;

export interface FileOptions {
  home: string;
  /** Where the relative paths of Include start. */
  directory: string;
  /** Refused where others than its owner or root may write. */
  guarded: boolean;
  /** Missing or not readable: nothing said. */
  optional: boolean;
}

/** Adds the blocks of a file and of what it includes; what is wrong is reported. */
export function readSshFile(path: string, options: FileOptions, blocks: Block[], issues: Issues): void {
  new Reader(options, blocks, issues).file(path, [], 0, options.optional);
}

class Reader {
  constructor(
    private readonly options: FileOptions,
    private readonly blocks: Block[],
    private readonly issues: Issues,
  ) {}

  file(path: string, conditions: readonly Condition[], depth: number, optional: boolean): void {
    const refuse = (message: string) => this.issues.reportAt({ file: path, line: 1, column: 1 }, message);
    try {
      const { uid, mode } = statSync(path);
      const isOwn = uid === 0 || uid === process.getuid?.();
      if (this.options.guarded && (!isOwn || (mode & 0o022) !== 0)) {
        refuse('others can write this file of ssh (expected yours alone; chmod go-w helps)');
        return;
      }
      const text = readFileSync(path, 'utf8').replace(/\r\n?/g, '\n');
      this.lines(new Source(path, text, dirname(path), true), conditions, depth);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === undefined) throw error;
      if (!optional) refuse(`cannot be read (${code === 'ENOENT' ? 'no such file' : code})`);
    }
  }

  private lines(source: Source, conditions: readonly Condition[], depth: number): void {
    let block = this.open(conditions);
    let offset = 0;
    for (const line of source.text.split('\n')) {
      const start = offset;
      offset += line.length + 1;
      const match = /^[ \t]*([A-Za-z][A-Za-z0-9]*)(?:[ \t]*=[ \t]*|[ \t]+|$)/.exec(line);
      const keyword = match?.[1]?.toLowerCase() ?? '';
      const isKept = isKeyword(keyword);
      if (match === null || !(isKept || ['host', 'match', 'include'].includes(keyword))) continue;
      const words = this.words({ source, offset: start }, line, match[0].length);
      if (words === null) continue;
      const at = { source, offset: start + line.search(/\S/) };
      if (words.length === 0) this.issues.report(at, `${match[1]} says nothing (expected a value after it)`);
      else if (keyword === 'host') block = this.open([...conditions, hostCondition(words)]);
      else if (keyword === 'match') block = this.open([...conditions, matchCondition(words, this.issues)]);
      else if (keyword === 'include') {
        this.include(words, block.conditions, depth);
        block = this.open(block.conditions);
      } else if (isKept) this.keep(keyword, match[1] ?? '', words, block);
    }
  }

  private open(conditions: readonly Condition[]): Block {
    const block = { conditions, settings: [] };
    this.blocks.push(block);
    return block;
  }

  private keep(keyword: Keyword, written: string, words: Word[], block: Block): void {
    const [value, second] = words;
    if (value === undefined) return;
    const odd = words.find(({ text }) => text === '' || /[\0-\x1f\x7f-\x9f]/.test(text));
    if (odd !== undefined) {
      this.issues.report(odd, `${written} is empty or holds a control character (found ${quote(odd.text)})`);
      return;
    }
    if (keyword === 'proxycommand' || keyword === 'proxyjump')
      block.settings.push({ keyword, value: { ...value, text: words.map(({ text }) => text).join(' ') } });
    else if (second !== undefined)
      this.issues.report(second, `${written} takes one value (found ${quote(second.text)} behind it)`);
    else if (keyword === 'port' && !(/^\d{1,5}$/.test(value.text) && isPort(Number(value.text))))
      this.issues.report(
        value,
        `${written} is not a port number (found ${quote(value.text)}, expected 1 to 65535)`,
      );
    else block.settings.push({ keyword, value });
  }

  private include(words: Word[], conditions: readonly Condition[], depth: number): void {
    for (const word of words) {
      if (depth >= MOST_DEPTH) {
        this.issues.report(
          word,
          `files include one another too deeply (expected at most ${MOST_DEPTH} levels)`,
        );
        return;
      }
      const path = resolve(this.options.directory, word.text.replace(/^~(?=\/|$)/, this.options.home));
      for (const file of filesOf(path)) this.file(file, conditions, depth + 1, false);
    }
  }

  /** The words behind a keyword, with the quotes, backslashes and comments of ssh; null: a quote is open. */
  private words(line: Omit<Word, 'text'>, text: string, from: number): Word[] | null {
    const words: Word[] = [];
    const word =
      /[ \t]+|#.*|((?:[^ \t"'\\]|\\(?:["'\\ ]|)|"(?:[^"\\]|\\["'\\]?)*"|'(?:[^'\\]|\\["'\\]?)*')+)/y;
    word.lastIndex = from;
    while (word.lastIndex < text.length) {
      const offset = line.offset + word.lastIndex;
      const match = word.exec(text);
      if (match === null) {
        this.issues.report({ ...line, offset }, 'a quote is still open at the end of the line');
        return null;
      }
      if (match[0].startsWith('#')) break;
      if (match[1] !== undefined) words.push({ source: line.source, offset, text: unquoted(match[1]) });
    }
    return words;
  }
}

function unquoted(word: string): string {
  const part = /'((?:[^'\\]|\\["'\\]?)*)'|"((?:[^"\\]|\\["'\\]?)*)"|\\(["'\\ ])/g;
  return word.replace(part, (_, single?: string, double?: string, escaped?: string) => {
    const inside = single ?? double;
    return inside === undefined ? (escaped ?? '') : inside.replace(/\\(["'\\])/g, '$1');
  });
}

function isKeyword(keyword: string): keyword is Keyword {
  return (KEYWORDS as readonly string[]).includes(keyword);
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

/** The files that a path with patterns in it names, in the order of their names. */
function filesOf(path: string): string[] {
  let found = ['/'];
  for (const part of path.split('/').filter((one) => one !== '')) {
    const isPattern = /[*?[]/.test(part);
    const test = globTest(part);
    found = found.flatMap((directory) =>
      isPattern
        ? namesIn(directory)
            .filter((name) => test(name) && (part.startsWith('.') || !name.startsWith('.')))
            .map((name) => join(directory, name))
        : [join(directory, part)],
    );
  }
  return found.filter(isFile);
}

/** Whether there is a file that can be asked about. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // a path that leads nowhere, or through somebody else's directory
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return []; // as a pattern that matches nothing
  }
}

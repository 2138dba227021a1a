// A page of the documents, taken apart: its fenced blocks, and the commands in those of `sh` and `console`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process.ts';

export interface Block {
  page: string;
  /** Of its first line in the page. */
  line: number;
  /** Empty: a picture of characters. */
  language: string;
  /** What it is a file of; null: it is none. */
  file: string | null;
  /** Further words: see examples.test.ts. */
  kinds: string[];
  text: string;
}

export interface Command {
  page: string;
  line: number;
  /** As it stands there, without its comment; lines that end in a backslash are joined. */
  text: string;
  /** What the page shows of its output; null: nothing. */
  printed: string | null;
}

/** README.md and the pages of docs/. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const KINDS = new Set(['vault', 'executable', 'there', 'part', 'agent']);

export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  return Array.from(text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm), (match) => {
    const [, info = '', body = ''] = match;
    const [language = '', ...words] = info.split(' ').filter((word) => word !== '');
    return {
      page,
      line: text.slice(0, match.index).split('\n').length + 1,
      language,
      file: words.find((word) => !KINDS.has(word)) ?? null,
      kinds: words.filter((word) => KINDS.has(word)),
      text: body,
    };
  });
}

/** Its lines outside of blocks. */
export function proseOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return text.replace(/^```[\s\S]*?^```$/gm, '').split('\n');
}

export function commandsOf(block: Block): Command[] {
  const found: Command[] = [];
  const lines = block.text.split('\n').slice(0, -1);
  for (let at = 0; at < lines.length; at++) {
    const line = block.line + at;
    let text = lines[at] ?? '';
    const prompted = text.startsWith('$ ');
    if (block.language === 'console' && !prompted) {
      const last = found.at(-1);
      if (last !== undefined) last.printed += `${text}\n`;
      continue;
    }
    while (text.endsWith('\\')) text = text.slice(0, -1) + (lines[++at] ?? '').trim();
    const bare = withoutComment(prompted ? text.slice(2) : text);
    if (bare !== '') found.push({ page: block.page, line, text: bare, printed: prompted ? '' : null });
  }
  return found;
}

function withoutComment(line: string): string {
  const [code = ''] = /^(?:'[^']*'|"[^"]*"|(?<!\s)#|[^'"#])*/.exec(line) ?? [];
  return code.trim();
}

/** The words of a command without anything that only a shell understands, and its files; null: it has such. */
export function plainWords(
  text: string,
): { words: string[]; input: string | null; into: string | null } | null {
  const words: string[] = [];
  let input: string | null = null;
  let into: string | null = null;
  const tokens = text.match(/(?:'[^']*'|"[^"$`\\]*"|[^\s'"])+/g) ?? [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? '';
    if (token === '<') input = tokens[++at] ?? null;
    else if (token === '>') into = tokens[++at] ?? null;
    else if (/^[|&;<>]|[;&`]$|\$\(|^\(/.test(token.replace(/'[^']*'|"[^"]*"/g, ''))) return null;
    else words.push(token.replace(/'([^']*)'|"([^"]*)"/g, (_, one, two) => one ?? two ?? ''));
  }
  return { words, input, into };
}

/** The words after `netsweep`, however it is started; null: it is another program. */
export function netsweepWords(words: string[]): string[] | null {
  const text = words.join('\0');
  for (const [start, first] of [
    ['netsweep\0', []],
    ['npx\0netsweep\0', []],
    ['npm\0start\0--\0', ['run']],
    ['npm\0-s\0start\0--\0', ['run']],
  ] as [string, string[]][])
    if (text.startsWith(start)) return [...first, ...text.slice(start.length).split('\0')];
  return null;
}

// The words of a line as Python's shlex splits them, which is how Ansible reads the hosts of an INI inventory:
// blanks separate, quotes and backslashes hold together, and # starts a comment wherever it stands outside quotes.

export interface Word {
  text: string;
  /** Where it starts in the line. */
  offset: number;
}

export interface Words {
  words: Word[];
  /** Where a comment starts in the middle of a word, which is rarely meant. */
  cut: number | null;
}

/** What is open at the end of the line, and where it was opened. */
export interface Unclosed {
  unclosed: 'quote' | 'backslash';
  offset: number;
}

export function splitWords(line: string): Words | Unclosed {
  const words: Word[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && ' \t\r\n'.includes(line[at] ?? '')) at += 1;
    if (at >= line.length || line[at] === '#') return { words, cut: null };
    const offset = at;
    const plain = match(PLAIN, line, at);
    let text = plain;
    at += plain.length;
    while (at < line.length && !' \t\r\n#'.includes(line[at] ?? '')) {
      const character = line[at] ?? '';
      if (character === '\\') {
        if (at + 1 >= line.length) return { unclosed: 'backslash', offset: at };
        text += line[at + 1];
        at += 2;
      } else if (character === '"' || character === "'") {
        const quoted = readQuoted(line, at);
        if (quoted === null) return { unclosed: 'quote', offset: at };
        text += quoted.text;
        at = quoted.end;
      } else {
        text += character;
        at += 1;
      }
    }
    words.push({ text, offset });
    if (line[at] === '#') return { words, cut: at };
  }
}

/** What needs no look at each of its characters. */
const PLAIN = /[^ \t\r\n#'"\\]*/y;

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Within double quotes a backslash holds only before a quote and another backslash. */
function readQuoted(line: string, start: number): { text: string; end: number } | null {
  const mark = line[start] ?? '';
  let text = '';
  for (let at = start + 1; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (character === mark) return { text, end: at + 1 };
    const next = line[at + 1] ?? '';
    if (character === '\\' && mark === '"' && (next === '"' || next === '\\')) {
      text += next;
      at += 1;
    } else text += character;
  }
  return null;
}

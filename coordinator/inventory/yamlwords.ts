// What is wrong with a YAML text, in words of our own: the library's quote the file, which may hold passwords. Pure.
import type { YAMLError } from 'yaml';

export const MOST_DEPTH = 32;
export const TOO_DEEP = `values are nested too deeply (expected at most ${MOST_DEPTH} levels)`;
const TAB = 'a tab is used as indentation (expected spaces)';

const SENTENCES: Partial<Record<YAMLError['code'], string>> = {
  ALIAS_PROPS: 'an alias cannot have a tag or an anchor of its own',
  BAD_ALIAS: 'this alias or anchor is not valid',
  BAD_DIRECTIVE: 'this % directive is not valid',
  BAD_DQ_ESCAPE: 'this escape in a double-quoted text is not valid (expected \\\\ for a backslash)',
  BAD_INDENT: 'the indentation does not fit the lines above',
  BAD_SCALAR_START: 'a text cannot start with this character (expected quotes around the text)',
  BLOCK_AS_IMPLICIT_KEY:
    'a second "name: value" stands in this value (expected other indentation below, or quotes around a text with ": ")',
  BLOCK_IN_FLOW: 'an indented block cannot stand inside [ ] or { }',
  DUPLICATE_KEY: 'this key stands here for the second time',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters',
  MISSING_CHAR: 'a character is missing here: a closing quote or bracket, a comma, a colon or a space',
  MULTILINE_IMPLICIT_KEY: 'a key reaches over several lines (found no ":" on its line)',
  MULTIPLE_ANCHORS: 'a value has two anchors',
  MULTIPLE_DOCS: 'a second document starts here (expected one document in a file)',
  MULTIPLE_TAGS: 'a value has two tags',
  NON_STRING_KEY: 'a key is not text',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  TAB_AS_INDENT: TAB,
  UNEXPECTED_TOKEN: 'this does not fit here (expected a comma, a bracket or a new line before it)',
};

/** `text`: all of it, in which the error has its place. */
export function syntaxSentence({ code, message, pos }: YAMLError, text: string): string {
  const lineStart = text.lastIndexOf('\n', pos[0] - 1) + 1;
  if (/^ *\t/.test(text.slice(lineStart, pos[0] + 1))) return TAB;
  const quote = /^Missing closing (["'])quote/.exec(message)?.[1];
  if (quote !== undefined) return `a quote is still open here (expected a closing ${quote})`;
  const bracket = /end with a ([\]}])/.exec(message)?.[1];
  if (bracket !== undefined) return `a bracket is still open here (expected a closing ${bracket})`;
  return SENTENCES[code] ?? 'this is not valid YAML';
}

// A Value of a template: its name, its options in the order they are written, and its pattern in parentheses.
import { didYouMean, nearest } from '../inventory/wording.js';
import { FlawError, quoted } from './flaw.js';
import { Pattern } from './pattern.js';
import { PatternError } from './patterntree.js';

export const OPTIONS = ['Filldown', 'Fillup', 'Required', 'List', 'Key'] as const;
export type Option = (typeof OPTIONS)[number];

export interface Value {
  name: string;
  options: Option[];
  /** As it stands in a rule's pattern, with the name at its group. */
  source: string;
  /** Where its parenthesis is. */
  line: number;
  column: number;
  /** Of a List: its own pattern, where that has groups with names. */
  nested: Pattern | null;
}

export const LONGEST_NAME = 48;

/** `line` begins with "Value ". Throws FlawError. */
export function readValue(line: string, before: readonly Value[], number: number): Value {
  const flaw = (column: number, message: string) => new FlawError({ line: number, column, message });
  const [, second = '', third = '', ...rest] = line.split(' ');
  if (line.split(' ').length < 3)
    throw flaw(1, `found ${quoted(line)}, expected Value [OPTION,...] NAME (PATTERN), with single spaces`);
  const plain = third.startsWith('(');
  const name = plain ? second : third;
  const source = (plain ? [third, ...rest] : rest).join(' ');
  const column = line.length - source.length + 1;
  const nameColumn = column - name.length - 1;
  const options = plain ? [] : readOptions(second, (at, message) => flaw('Value '.length + at, message));
  if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name))
    throw flaw(nameColumn, `found ${quoted(name)}, expected the name of a Value: letters, digits and _`);
  if (name.length > LONGEST_NAME) throw flaw(nameColumn, `a name has at most ${LONGEST_NAME} characters`);
  if (before.some((value) => value.name === name)) throw flaw(nameColumn, `Value ${name} is there already`);
  if (!/^\(.*\)$/.test(source))
    throw flaw(column, `found ${quoted(source)}, expected a pattern in parentheses`);
  const nested = options.includes('List') ? nestedPattern(source, number, column) : null;
  return { name, options, source: `(?P<${name}>${source.slice(1)}`, line: number, column, nested };
}

function readOptions(text: string, flaw: (column: number, message: string) => FlawError): Option[] {
  const options: Option[] = [];
  let column = 1;
  for (const word of text.split(',')) {
    const option = OPTIONS.find((one) => one === word);
    if (option === undefined)
      throw flaw(
        column,
        `option ${quoted(word)} (expected ${OPTIONS.join(', ')}${didYouMean(nearest(word, OPTIONS))})`,
      );
    if (options.includes(option)) throw flaw(column, `option ${option} is there already`);
    options.push(option);
    column += word.length + 1;
  }
  return options;
}

function nestedPattern(source: string, line: number, column: number): Pattern | null {
  try {
    const pattern = new Pattern(source);
    return pattern.names.size > 0 ? pattern : null;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new FlawError({ line, column: column + error.offset, message: error.message });
  }
}

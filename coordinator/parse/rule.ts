// A rule of a state: a pattern with Values in it, and what happens when a line matches.
import { didYouMean, nearest } from '../inventory/wording.js';
import { FlawError, quoted } from './flaw.js';
import { Pattern } from './pattern.js';
import { PatternError } from './patterntree.js';
import type { Value } from './value.js';

export const LINE_ACTIONS = ['Continue', 'Next', 'Error'] as const;
export const RECORD_ACTIONS = ['Clear', 'Clearall', 'Record', 'NoRecord'] as const;

export interface Rule {
  /** In its template, from 1. */
  line: number;
  pattern: Pattern;
  /** Which group of the pattern goes to which Value, in the order of the groups. */
  assigns: { value: number; group: number }[];
  lineAction: (typeof LINE_ACTIONS)[number];
  recordAction: (typeof RECORD_ACTIONS)[number];
  /** The state to go to; null: none. With Error what is said, in quotes or a word. */
  target: string | null;
  targetColumn: number;
}

const ACTION =
  /^\s+(?:(?<line>Continue|Next|Error)(?:\.(?<record>Clear|Clearall|Record|NoRecord))?|(?<only>Clear|Clearall|Record|NoRecord))(?:\s+(?<target>[\p{L}\p{N}_]+|".*"))?$/u;
const ONLY_TARGET = /^(?:\s+(?<target>[\p{L}\p{N}_]+|".*"))?$/u;
const EXPECTED = 'expected [Next|Continue|Error][.Record|.NoRecord|.Clear|.Clearall] [STATE]';

/** `text` is a whole line. Throws FlawError. */
export function readRule(text: string, values: readonly Value[], line: number): Rule {
  const start = text.length - text.trimStart().length;
  const [, match = text.trimStart(), action = null] = /^(.*)\s->(.*)$/.exec(text.trimStart()) ?? [];
  const actionColumn = start + match.length + '\t->'.length + 1;
  const matching = readMatch(match, values, { line, column: start + 1 });
  if (action === null)
    return { line, ...matching, lineAction: 'Next', recordAction: 'NoRecord', target: null, targetColumn: 1 };
  return { line, ...matching, ...readAction(action, { line, column: actionColumn }) };
}

/** How much longer a group is for its name: ?P<> */
const NAMING = 4;

type Place = { line: number; column: number };

function readAction(action: string, { line, column }: Place): Omit<Rule, 'line' | 'pattern' | 'assigns'> {
  const flaw = (at: number, message: string) => new FlawError({ line, column: column + at, message });
  const found = (ACTION.exec(action) ?? ONLY_TARGET.exec(action))?.groups;
  const first = action.length - action.trimStart().length;
  if (found === undefined)
    throw flaw(first, `found ${quoted(action.trimStart())}, ${EXPECTED}${wordMeant(action)}`);
  const target = found.target ?? null;
  const targetAt = target === null ? 0 : action.length - target.length;
  // The groups above name nothing else.
  const lineAction = (found.line ?? 'Next') as Rule['lineAction'];
  const recordAction = (found.record ?? found.only ?? 'NoRecord') as Rule['recordAction'];
  if (lineAction === 'Continue' && target !== null)
    throw flaw(targetAt, `Continue stays in its state (found ${quoted(target)} behind it, expected nothing)`);
  if (lineAction !== 'Error' && target?.startsWith('"'))
    throw flaw(targetAt, `a text in quotes goes with Error (found ${target}, expected a state)`);
  return { lineAction, recordAction, target, targetColumn: column + targetAt };
}

function wordMeant(action: string): string {
  const near = action
    .split(/[\s.]+/)
    .flatMap((word) => nearest(word, [...LINE_ACTIONS, ...RECORD_ACTIONS]) ?? []);
  return didYouMean(near.length === 0 ? null : near.join('.'));
}

/** A stretch of a pattern, and where it was taken from. */
interface Piece extends Place {
  text: string;
}

function readMatch(match: string, values: readonly Value[], place: Place): Pick<Rule, 'pattern' | 'assigns'> {
  // A template without Values is taken as it stands, as Python's does.
  const pieces = values.length === 0 ? [{ text: match, ...place }] : substituted(match, values, place);
  try {
    const pattern = new Pattern(pieces.map(({ text }) => text).join(''));
    const numbers = new Map(values.map(({ name }, index) => [name, index]));
    const assigns = Array.from(pattern.names, ([name, group]) => ({ value: numbers.get(name) ?? -1, group }));
    return { pattern, assigns: assigns.filter(({ value }) => value >= 0).sort((a, b) => a.group - b.group) };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new FlawError({ ...placeOf(error.offset, pieces), message: error.message });
  }
}

/** `$NAME` and `${NAME}` are the Value's pattern, `$$` is `$`. */
function substituted(match: string, values: readonly Value[], { line, column }: Place): Piece[] {
  const pieces: Piece[] = [];
  const used = new Set<string>();
  let done = 0;
  for (const found of match.matchAll(/\$(?:(\$)|([a-z_]\w*)|\{([a-z_]\w*)\}|)/gi)) {
    const [all, dollar, bare, braced] = found;
    const here = { line, column: column + found.index };
    pieces.push({ text: match.slice(done, found.index), line, column: column + done });
    done = found.index + all.length;
    if (dollar !== undefined) pieces.push({ text: '$', ...here });
    else pieces.push(valueCalled(bare ?? braced ?? '', values, used, here));
  }
  return [...pieces, { text: match.slice(done), line, column: column + done }];
}

function valueCalled(name: string, values: readonly Value[], used: Set<string>, here: Place): Piece {
  if (name === '')
    throw new FlawError({
      ...here,
      message: 'a single $ (expected $$ for the end of the line, or $ and the name of a Value)',
    });
  const value = values.find((one) => one.name === name);
  if (value === undefined) {
    const near = nearest(
      name,
      values.map((one) => one.name),
    );
    throw new FlawError({ ...here, message: `no Value ${name}${didYouMean(near)}` });
  }
  if (used.has(name)) throw new FlawError({ ...here, message: `Value ${name} stands twice in one rule` });
  used.add(name);
  return { text: value.source, line: value.line, column: value.column - (name.length + NAMING) };
}

/** Where in the template the character is that stands at `offset` of all pieces together. */
function placeOf(offset: number, pieces: readonly Piece[]): Place {
  let from = 0;
  for (const { text, line, column } of pieces) {
    if (offset < from + text.length) return { line, column: column + offset - from };
    from += text.length;
  }
  const last = pieces.at(-1);
  return { line: last?.line ?? 1, column: (last?.column ?? 1) + (last?.text.length ?? 0) };
}

// One output through its templates: the work of a limited thread. What a user wrote wrong, or a text that its template
// does not take, is an answer with words, not an exception.

import { Library, type NamedTemplate, NoTemplate } from './library.js';
import { type Cells, ParseError, parseText } from './machine.js';
import { mergeTables, type Table } from './merge.js';
import { PatternError } from './patterntree.js';
import type { ListItem } from './slot.js';
import type { Question } from './templateindex.js';

/** An output, and where its templates are found. */
export interface ParseTask {
  templates: { directory: string; question: Question } | { file: string };
  text: string;
}

/** Rows as a JSON array of objects, whose keys are the columns in lower case. */
export type Parsed =
  | { ok: true; columns: string[]; rows: string }
  | { ok: false; why: 'no-template' | 'broken-template' | 'no-match' | 'limit'; message: string };

/** Larger ones are refused before they are sent to a thread. */
export const MOST_TEXT = 16_000_000;

const libraries = new Map<string, Library>();

export function parse(task: ParseTask): Parsed {
  try {
    const table = mergeTables(
      templatesOf(task).map((named) => ({ ...named, rows: rowsOf(named, task.text) })),
    );
    return { ok: true, columns: table.columns.map((name) => name.toLowerCase()), rows: rowsJson(table) };
  } catch (error) {
    if (error instanceof NoTemplate)
      return { ok: false, why: error.broken ? 'broken-template' : 'no-template', message: error.message };
    if (error instanceof ParseError) return { ok: false, why: 'no-match', message: error.message };
    if (isTooMuch(error))
      return { ok: false, why: 'limit', message: `more than can be matched: ${error.message}` };
    throw error;
  }
}

/** V8 finds out about some patterns only when it matches: too large a program, too deep a stack. */
function isTooMuch(error: unknown): error is Error {
  return [RangeError, SyntaxError, PatternError].some((kind) => error instanceof kind);
}

function templatesOf({ templates }: ParseTask): NamedTemplate[] {
  const directory = 'directory' in templates ? templates.directory : '';
  const library = libraries.get(directory) ?? new Library(directory);
  libraries.set(directory, library);
  return 'file' in templates ? [library.template(templates.file)] : library.templatesFor(templates.question);
}

function rowsOf({ file, template }: NamedTemplate, text: string): Cells[] {
  try {
    return parseText(template, text);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const { ruleLine, textLine, message } = error;
    const place = ruleLine === null ? `${file}` : `${file}:${ruleLine}`;
    const words =
      ruleLine === null ? message : `a rule says Error at line ${textLine} of the output: ${message}`;
    throw new ParseError(`${place}: ${words}`, ruleLine, textLine);
  }
}

function rowsJson({ columns, rows }: Table): string {
  const keys = columns.map((name) => name.toLowerCase());
  return JSON.stringify(rows.map((row) => Object.fromEntries(keys.map((key, place) => [key, row[place]]))));
}

/** A row as it is read back. */
export type Row = Record<string, string | ListItem[]>;

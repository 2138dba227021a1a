// What is wrong in an input file, and where.
/** A place in an input file; line and column count from 1. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

/** One thing wrong with an input: `file:line:column: message`. */
export interface Issue {
  at: Position | null;
  /** What is wrong, with what was found, what was expected and the nearest match. */
  message: string;
}

/** Bad input: every issue of it at once. The program prints them, starts nothing and exits with 2. */
export class InputError extends Error {
  constructor(readonly issues: Issue[]) {
    super(issues.map(printIssue).join('\n'));
    this.name = 'InputError';
  }
}

export function printIssue({ at, message }: Issue): string {
  const said = harmless(message);
  return at === null ? said : `${harmless(at.file).replaceAll('\n', '\\n')}:${at.line}:${at.column}: ${said}`;
}

/** File names and options are shown as they were given, but for what a terminal would obey. */
function harmless(text: string): string {
  return text.replace(
    /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

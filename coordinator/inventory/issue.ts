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
  return at === null ? message : `${at.file}:${at.line}:${at.column}: ${message}`;
}

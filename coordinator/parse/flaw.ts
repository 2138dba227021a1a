// What is wrong with a template or an index, and where.

/** Line and column count from 1. */
export interface Flaw {
  line: number;
  column: number;
  message: string;
}

/** One thing that is wrong; whoever reads the file goes on behind it. */
export class FlawError extends Error {
  constructor(readonly flaw: Flaw) {
    super(flaw.message);
    this.name = 'FlawError';
  }
}

/** A file can't be used, for all these reasons. */
export class TemplateError extends Error {
  constructor(readonly flaws: readonly Flaw[]) {
    super(flaws.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('\n'));
    this.name = 'TemplateError';
  }
}

const LONGEST_QUOTE = 60;

export function quoted(text: string): string {
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text);
}

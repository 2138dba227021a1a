// JMESPath, the language in which rules ask about parsed rows. The one file that knows its library.
import { compile, search } from '@jmespath-community/jmespath';

/** What is wrong with an expression; null: nothing. */
export function rowsMistake(expression: string): string | null {
  try {
    compile(expression);
  } catch (error) {
    return firstLine(error);
  }
  try {
    search([], expression);
  } catch (error) {
    // Functions are looked up only when they are called; everything else may be the fault of no rows.
    if (/unknown function/i.test(firstLine(error))) return firstLine(error);
  }
  return null;
}

/** Throws where the expression can't be applied to these rows. */
export function askRows(expression: string, rows: readonly unknown[]): unknown {
  return search(rows as Parameters<typeof search>[0], expression); // rows are plain JSON
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

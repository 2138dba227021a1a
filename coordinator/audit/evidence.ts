// Evidence as one line for people.
import type { Evidence } from './verdict.js';

export function evidenceLine({ command, line, expected, found, message }: Evidence): string {
  const where = [command, line === null ? null : `line ${line}`].filter((part) => part !== null).join(', ');
  const compared = [found === '' ? null : `found ${found}`, expected === '' ? null : `expected ${expected}`]
    .filter((part) => part !== null)
    .join(', ');
  return [where, compared, message].filter((part) => part !== null && part !== '').join(': ');
}

// What was typed wrong: one line that says what was found and what helps, and exit 2.
import { type Command, CommanderError } from 'commander';

/** Options that cannot be used. An empty line: help or the version was asked for, and is printed. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly exitCode = 2,
  ) {
    super(message);
    this.name = 'UsageError';
  }
}

/** What helps with a mistake, by commander's name of it. */
const HELP: Record<string, string> = {
  'commander.unknownOption': '(--help shows all)',
  'commander.missingArgument': '(--help shows all)',
  'commander.optionMissingArgument': '(expected a value behind it; --help shows which)',
  'commander.excessArguments': '(expected options, or join TOKEN)',
};

/** Parses the words of the command line, or these. Throws UsageError. */
export function parse(command: Command, words = process.argv.slice(2)): void {
  command
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  try {
    command.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new UsageError('', 0);
    const [first = '', hint] = error.message.trim().split('\n');
    const guess = hint?.replace(/^\(Did/, '(did') ?? HELP[error.code] ?? '';
    throw new UsageError(`${first.replace(/^error: |\.( Expected .*)?$/g, '')} ${guess}`.trimEnd());
  }
}

// What the command lines that descend from Cisco's have in common: abbreviations, a pipe, `do` in configuration
// mode, and a parser that says where it stopped understanding. A platform brings its commands and its words.
import { type Answer, type CliState, type Command, filterLines, readCommand, say, show } from './cli.js';
import type { Fault } from './fault.js';

export interface Dialect {
  commands: readonly Command[];
  prompt(state: CliState): string;
  /** The parser's own words; `column` is of the screen, `text` what it could not read. */
  complain(trouble: 'invalid' | 'incomplete' | 'ambiguous', text: string, column: number): string;
  /** Printed before each output, with its line end; empty: nothing. */
  stamp?(state: CliState): string;
}

/** The answer to a line typed at the prompt of the mode. */
export function answerLine(dialect: Dialect, line: string, state: CliState): Answer {
  const indent = dialect.prompt(state).trimStart().length;
  if (!state.configuring) return execute(dialect, line, state, indent);
  if (/^\s*(end|exit)\s*$/i.test(line)) state.configuring = false;
  const inner = /^(\s*do\s+)(.*)$/i.exec(line);
  return inner?.[2] === undefined ? say() : execute(dialect, inner[2], state, indent);
}

function execute(dialect: Dialect, line: string, state: CliState, indent: number): Answer {
  const [text = '', filter] = line.split('|', 2);
  if (text.trim() === '') return say();
  const reading = readCommand(text, dialect.commands, state);
  if (reading.is !== 'command') {
    const column = reading.is === 'invalid' ? indent + reading.column : indent + text.trimEnd().length;
    return stamped(dialect, parserError(dialect.complain(reading.is, text.trim(), column)), state);
  }
  const answer = reading.command.run(state, reading.args);
  const filtered = filter === undefined ? answer : filterLines(answer, filter);
  const column = indent + text.length + 1;
  return stamped(dialect, filtered ?? parserError(dialect.complain('invalid', line.trim(), column)), state);
}

function stamped(dialect: Dialect, answer: Answer, state: CliState): Answer {
  const stamp = dialect.stamp?.(state) ?? '';
  if (stamp === '' || answer.do !== 'print') return answer;
  return { ...answer, text: () => stamp + answer.text() };
}

function parserError(text: string): Answer {
  return { do: 'print', text: () => text, stderr: '', status: 1, show: true };
}

/** A line with a mark under the column. */
export function caret(column: number): string {
  return `${' '.repeat(column)}^\r\n`;
}

/** The commands that every one of them has. */
export function usualCommands(entersConfiguration: string): Command[] {
  return [
    {
      words: 'terminal length <n>',
      run(state, [rows]) {
        state.rows = Number(rows);
        return say();
      },
    },
    { words: 'terminal width <n>', run: () => say() },
    {
      words: 'configure terminal',
      privileged: true,
      run(state) {
        state.configuring = true;
        return say(entersConfiguration);
      },
    },
    { words: 'exit', run: () => ({ do: 'leave' }) },
  ];
}

/** The commands that show something; a device with the fault `cli-error` knows none of them. */
export function unlessUnknown(fault: Fault | null, commands: Command[]): Command[] {
  if (fault !== 'cli-error') return commands;
  return [{ words: 'show history', run: () => show(() => []) }];
}

// Devices whose outputs or command lines differ from a good one's: what they say is what a sweep must report.
import { type Answer, type Cli, type CliState, promptLine } from './cli.js';
import type { Fault } from './fault.js';

const PAGE_ROWS = 24;
const OTHER_PAGER = { text: () => 'Press any key to continue (Q to quit)', erase: `\r${' '.repeat(38)}\r` };
const LONG_LINE = 1 << 20;

const CONTENTS: Partial<Record<Fault, (text: string, prompt: string) => string>> = {
  'prompt-inside': (text, prompt) => withLines(text, [prompt, `${prompt}show version`, prompt, prompt]),
  'prompt-pause': (text, prompt) => withLines(text, [prompt, prompt]),
  binary: (text) =>
    withLines(text, [
      'ends of a packet dump: \xff\xfe\x80\xc3\x28\xa0\xa1\x01\x02\x1f\x7f',
      'half a character: \xe2\x82',
      'C1 controls: \x9b31m\x85',
    ]),
  'long-line': (text) => withLines(text, [`certificate ${'0123456789ABCDEF'.repeat(LONG_LINE / 16)}`]),
  'no-newline': (text) => text.replace(/[\r\n]+$/, ''),
};

/** The command line as the device with the fault has it. */
export function alter(cli: Cli, fault: Fault | null): Cli {
  if (fault === 'other-pager') return { ...cli, rows: PAGE_ROWS, pager: OTHER_PAGER, answer: paging(cli) };
  if (fault === 'pager-anyway' || fault === 'pager-twice')
    return { ...cli, rows: PAGE_ROWS, answer: paging(cli) };
  if (fault === 'no-paging-off') return { ...cli, rows: PAGE_ROWS, answer: ignorant(cli) };
  const content = fault === null ? undefined : CONTENTS[fault];
  if (content === undefined) return cli;
  return {
    ...cli,
    answer(line, state) {
      const answer = cli.answer(line, state);
      if (answer.do !== 'print' || !answer.show) return answer;
      const prompt = promptLine(cli.prompt(state));
      return { ...answer, text: () => content(answer.text(), prompt) };
    },
  };
}

/** Answers the command that switches paging off, and goes on paging. */
function paging(cli: Cli): (line: string, state: CliState) => Answer {
  return (line, state) => {
    const answer = cli.answer(line, state);
    state.rows = PAGE_ROWS;
    return answer;
  };
}

function ignorant(cli: Cli): (line: string, state: CliState) => Answer {
  return (line, state) => cli.answer(/^(terminal|set cli)\b/.test(line) ? `un${line}` : line, state);
}

/** Spreads lines evenly over a text. */
function withLines(text: string, more: string[]): string {
  const lines = text.split('\r\n');
  const step = lines.length / (more.length + 1);
  for (const [index, line] of [...more.entries()].reverse())
    lines.splice(Math.max(1, Math.floor(step * (index + 1))), 0, line);
  return lines.join('\r\n');
}

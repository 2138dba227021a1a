// A command line as a terminal sees it: a prompt, and an answer to each line typed. Each platform's
// follows this shape; which command a line means is found here for those that accept abbreviations.
import type { FleetDevice } from './plan.js';

/** What a session's earlier lines have changed. */
export interface CliState {
  privileged: boolean;
  configuring: boolean;
  /** Lines of the screen; 0: no paging. */
  rows: number;
}

/** Text is one character per byte, its line ends CR LF, and made only when it is sent. */
export type Answer =
  | { do: 'print'; text: () => string; stderr: string; status: number; show: boolean }
  | { do: 'ask-secret' }
  | { do: 'leave' };

export interface Cli {
  /** Shown before the first prompt; may be empty. */
  greeting: string;
  /** Shown before the login, by SSH itself; empty: none. */
  banner: string;
  /** What the device calls its SSH software. */
  software: string;
  /** `text` is given which part of the output has been shown. */
  pager: { text(part: number): string; erase: string };
  /** Lines of its screen, whatever the client says of its own; absent: the client's. */
  rows?: number;
  /** Shown when the enable secret is wrong, and how often it is asked for before. */
  refusal: { text: string; tries: number };
  prompt(state: CliState): string;
  answer(line: string, state: CliState): Answer;
}

/** What a command line is made from. */
export interface CliOptions {
  device: FleetDevice;
  seed: number;
  /** Lines of the running configuration, about. */
  configLines: number;
}

export interface Command {
  /** Words in full; `<n>` stands for a number, `<rest>` for all that follows. */
  words: string;
  privileged?: boolean;
  run(state: CliState, args: string[]): Answer;
}

export type Reading =
  | { is: 'command'; command: Command; args: string[] }
  | { is: 'invalid'; column: number }
  | { is: 'ambiguous' }
  | { is: 'incomplete' };

/** Output of a command that shows something; lines are joined with CR LF. */
export function show(lines: () => string[]): Answer {
  return { do: 'print', text: () => joinLines(lines()), stderr: '', status: 0, show: true };
}

/** Output of a command that changes the session. */
export function say(text = ''): Answer {
  return { do: 'print', text: () => text, stderr: '', status: 0, show: false };
}

/** The part of a prompt that stands on the line where commands are typed. */
export function promptLine(prompt: string): string {
  return prompt.slice(prompt.lastIndexOf('\n') + 1).trimStart();
}

export function joinLines(lines: string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\r\n')}\r\n`;
}

/** Finds the command that the words of a line abbreviate. */
export function readCommand(line: string, commands: readonly Command[], state: CliState): Reading {
  let candidates = commands
    .filter((command) => state.privileged || command.privileged !== true)
    .map((command) => ({ command, words: splitWords(command.words) }));
  const args: string[] = [];
  let depth = 0;
  for (const match of line.matchAll(/\S+/g)) {
    const typed = match[0].toLowerCase();
    const fitting = candidates.filter(({ words }) => fits(words[depth], typed));
    if (fitting.length === 0) return { is: 'invalid', column: match.index };
    const exact = fitting.filter(({ words }) => words[depth] === typed);
    candidates = exact.length > 0 ? exact : fitting;
    if (new Set(candidates.map(({ words }) => words[depth])).size > 1) return { is: 'ambiguous' };
    const word = candidates[0]?.words[depth];
    if (word === '<n>') args.push(match[0]);
    if (word === '<rest>') args.push(line.slice(match.index).trimEnd());
    depth++;
    if (word === '<rest>') break;
  }
  const whole = candidates.find(({ words }) => words.length === depth);
  return whole === undefined ? { is: 'incomplete' } : { is: 'command', command: whole.command, args };
}

const SPLIT = new Map<string, string[]>();

/** There are a hundred of these, and every session asks for them. */
function splitWords(words: string): string[] {
  let split = SPLIT.get(words);
  if (split === undefined) {
    split = words.split(' ');
    SPLIT.set(words, split);
  }
  return split;
}

function fits(word: string | undefined, typed: string): boolean {
  if (word === undefined) return false;
  if (word === '<rest>') return true;
  return word === '<n>' ? /^\d+$/.test(typed) : word.startsWith(typed);
}

/** `| include TEXT` and its kin, for plain text; null: not a filter. */
export function filterLines(answer: Answer, filter: string): Answer | null {
  const [, verb = '', text = ''] = /^\s*(\S+)\s+(.*?)\s*$/.exec(filter) ?? [];
  const choose = FILTERS.find(({ name }) => verb !== '' && name.startsWith(verb))?.choose;
  if (choose === undefined || answer.do !== 'print') return null;
  return show(() => choose(answer.text().split('\r\n').slice(0, -1), text));
}

const FILTERS: { name: string; choose(lines: string[], text: string): string[] }[] = [
  { name: 'include', choose: (lines, text) => lines.filter((line) => line.includes(text)) },
  { name: 'exclude', choose: (lines, text) => lines.filter((line) => !line.includes(text)) },
  { name: 'begin', choose: (lines, text) => lines.slice(startOf(lines, text)) },
];

function startOf(lines: string[], text: string): number {
  const start = lines.findIndex((line) => line.includes(text));
  return start < 0 ? lines.length : start;
}

// What our programs understand: commands, options and variables, taken from the programs themselves. Command lines of
// manifests and documents are held against it.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from '../../coordinator/cli/program.ts';
import * as tables from '../../coordinator/cli/settings.ts';
import { environmentName, type Settings } from '../../coordinator/config.ts';
import { root } from '../process.ts';

const program = buildProgram({ stop: new AbortController().signal, done: () => undefined });
const agent = helpOf('agent/main.js');
const joining = helpOf('agent/main.js', 'join');
const fleet = helpOf('coordinator/main.js', 'fleet');

function helpOf(file: string, ...words: string[]): string {
  return spawnSync(process.execPath, [join(root, 'dist', file), ...words, '--help'], { encoding: 'utf8' })
    .stdout;
}

/** Why `words` after the program's name can't be a command line of it; null: they can. */
export function wrongIn(name: string, words: string[]): string | null {
  if (name === 'netsweep-agent') {
    const [help, rest] = words[0] === 'join' ? [joining, words.slice(1)] : [agent, words];
    return unknownOption(rest, (option) => optionIn(help, option));
  }
  let command: Command = program;
  let at = 0;
  for (; at < words.length; at++) {
    const [first] = words[at]?.split('|') ?? []; // `members|revoke`
    const inner = command.commands.find((one) => one.name() === first);
    if (inner === undefined) break;
    command = inner;
  }
  const rest = words.slice(at);
  if (command.name() === 'fleet') return unknownOption(rest, (option) => optionIn(fleet, option));
  if (command.commands.length > 0 && rest[0] !== undefined && /^[a-z]/.test(rest[0]))
    return `${command.name()} has no command "${rest[0]}"`;
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  const known = (option: string) =>
    ['--help', '-h'].includes(option) ||
    (command === program && ['--version', '-V'].includes(option)) ||
    command.options.some(({ long, short, description }) =>
      [long, short, /\balso (--[a-z-]+)/.exec(description)?.[1]].includes(option),
    );
  const wrong = unknownOption(own, known);
  if (wrong !== null) return wrong;
  // What a schedule starts is a command line as well.
  return own.length < rest.length ? wrongIn('netsweep', rest.slice(own.length + 1)) : null;
}

function optionIn(help: string, option: string): boolean {
  return help.split(/[\s,]+/).includes(option);
}

function unknownOption(words: string[], known: (option: string) => boolean): string | null {
  const options = words.filter((word) => /^-{1,2}[a-zA-Z]/.test(word)).map((word) => word.replace(/=.*/, ''));
  const unknown = options.find((option) => !known(option) && !known(option.slice(0, 2)));
  return unknown === undefined ? null : `there is no ${unknown}`;
}

/** Every variable that a program reads. */
export const VARIABLES: ReadonlySet<string> = new Set([
  ...(Object.values(tables) as Settings[]).flatMap((table) =>
    Object.values(table)
      .filter((setting) => setting?.flags !== undefined && !setting.once)
      .map(environmentName),
  ),
  ...(agent.match(/NETSWEEP_[A-Z_]+/g) ?? []),
  ...['coordinator', 'agent', 'proto'].flatMap((folder) =>
    namedIn(folder, /\.ts$/, /NETSWEEP_[A-Z_]*[A-Z]/g),
  ),
  ...namedIn('deploy', /\.sh$/, /(?<=\$\{)NETSWEEP_[A-Z_]*[A-Z]/g), // scripts that start our programs
]);

function namedIn(folder: string, files: RegExp, variable: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => files.test(name) && !name.startsWith('gen/'))
    .flatMap((name) => readFileSync(join(root, folder, name), 'utf8').match(variable) ?? []);
}

export interface CommandLine {
  name: string;
  words: string[];
  line: number;
}

/** The command lines of our programs in a file; of a document only those in code. */
export function commandLines(path: string): CommandLine[] {
  const text = readFileSync(join(root, path), 'utf8');
  const code = path.endsWith('.md') ? onlyCode(text) : text;
  const whole = code.replace(/\\\n/g, '  ');
  return whole.split('\n').flatMap((line, at) => linesIn(line).map((found) => ({ ...found, line: at + 1 })));
}

/** Everything else blank, so that lines keep their numbers. */
function onlyCode(text: string): string {
  let isFenced = false;
  return text
    .split('\n')
    .map((line) => {
      if (/^\s*```/.test(line)) {
        isFenced = !isFenced;
        return '';
      }
      if (isFenced || /^ {4}/.test(line)) return line;
      return (line.match(/`[^`]+`/g) ?? []).map((span) => ` ; ${span.slice(1, -1)}`).join('');
    })
    .join('\n');
}

function linesIn(line: string): Omit<CommandLine, 'line'>[] {
  const code = line.replace(/(^|\s)#\s.*/, '');
  // By its name alone, or by a path; `-u netsweep` is a user.
  const name =
    /(?:(?<!-[a-z] )(?<=^|[\s;(&|"'])|(?<=[\s;(&|"'=@-])\/\S*bin\/)(netsweep(?:-agent|-admin)?) +(?=[a-z<-])/g;
  const starts = code.matchAll(name);
  return [...starts].map((start) => ({
    name: (start[1] ?? '').replace('-admin', ''), // which is netsweep as another user
    words: wordsOf(code.slice(start.index + start[0].length)),
  }));
}

/** Up to where a shell would end the command. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/'[^']*'|"[^"]*"|[^\s'"]+/g)) {
    if (/^(#|[|&;<>]|\d?>|&&|\|\|)/.test(word)) break;
    words.push(word.replace(/^["'[]+|["'\]]+$/g, '').replace(/[;)`]+$/, ''));
    if (/[;)`]$/.test(word)) break;
  }
  return words;
}

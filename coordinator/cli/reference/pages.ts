// The program's commands as data, read off the tree that commander runs: what completions, manual pages and the reference
// are made from, so that none can tell anything else than `--help`.
import type { Command, Option } from 'commander';
import { settingOf, specOf } from '../command.js';
import { headingOf } from '../settings/groups.js';

export interface PageOption {
  /** `-i, --inventory <src>`. */
  flags: string;
  /** `--inventory`. */
  long: string;
  /** `-i`; null: it has none. */
  short: string | null;
  /** `src`; null: it takes no value. */
  value: string | null;
  about: string;
  /** The only words that it takes; empty: others too. */
  choices: readonly string[];
  heading: string;
}

export interface Page {
  /** `['netsweep', 'sweeps', 'list']`. */
  words: string[];
  /** `netsweep sweeps show [options] <sweep>`. */
  usage: string;
  about: string;
  options: PageOption[];
  examples: readonly string[];
  /** Commands below it. */
  commands: { name: string; about: string }[];
}

const OTHER = 'Options';

/** The whole program first, then each command under the one it belongs to. */
export function pagesOf(command: Command, above: string[] = []): Page[] {
  const words = [...above, command.name()];
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help');
  const page = {
    words,
    usage: [...words, command.usage()].join(' ').trim(),
    about: command.description(),
    options: command.createHelp().visibleOptions(command).map(optionOf),
    examples: specOf(command)?.examples ?? [],
    commands: visible.map((one) => ({ name: one.name(), about: one.description() })),
  };
  return [page, ...visible.flatMap((one) => pagesOf(one, words))];
}

function optionOf(option: Option): PageOption {
  const setting = settingOf(option);
  return {
    flags: option.flags,
    long: option.long ?? '',
    short: option.short ?? null,
    value: /<([^>]+)>/.exec(option.flags)?.[1] ?? null,
    about: option.description,
    choices: setting?.choices ?? [],
    heading: (setting === null ? null : headingOf(setting)) ?? OTHER,
  };
}

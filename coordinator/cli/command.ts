// One command of the program, made from its settings: commander splits the words, config.ts joins them with
// the environment and netsweep.yaml, and the command's own code gets plain typed values.
import { type Command, Option } from 'commander';
import {
  findConfigFile,
  type Given,
  longName,
  readConfigFile,
  type Setting,
  type Settings,
  type Source,
  settle,
  type Values,
} from '../config.js';
import type { ExitCode } from './exit.js';
import { headingOf } from './settings/groups.js';
import { CONFIG_KEYS } from './settings.js';

/** What a command's code is given. */
export interface Call<S extends Settings> {
  /** Words that are not options, in order. */
  args: string[];
  values: Values<S>;
  sources: Record<keyof S, Source>;
  /** The texts of the options on the command line. */
  given: Given;
  /** Aborted by the first signal, with its name as the reason. */
  stop: AbortSignal;
}

/** Where a command's exit code goes and what ends it early. */
export interface Edge {
  stop: AbortSignal;
  done(code: ExitCode): void;
  /** Takes commands in place of their own code, which is not run then; `words`: the names that led to it. */
  inspect?(words: string[], call: Call<Settings>): void;
}

export interface Spec<S extends Settings> {
  /** `list`, `show <sweep>`. */
  usage: string;
  about: string;
  settings: S;
  examples: string[];
  act(call: Call<S>): Promise<ExitCode>;
}

/** What the commands and options of commander's tree were made from. */
const specs = new WeakMap<Command, Pick<Spec<Settings>, 'examples'>>();
const settings = new WeakMap<Option, Setting<unknown>>();

/** Null: commander's own. */
export function specOf(command: Command): Pick<Spec<Settings>, 'examples'> | null {
  return specs.get(command) ?? null;
}

/** Null: commander's own. */
export function settingOf(option: Option): Setting<unknown> | null {
  return settings.get(option) ?? null;
}

export function addCommand<S extends Settings>(parent: Command, edge: Edge, spec: Spec<S>): void {
  const command = parent.command(spec.usage).description(spec.about).allowExcessArguments(false);
  specs.set(command, spec);
  const given: Given = {};
  for (const [key, setting] of Object.entries(spec.settings)) {
    const option = new Option(setting.flags, describe(setting));
    const heading = headingOf(setting);
    command.addOption(heading === null ? option : option.helpGroup(`${heading}:`));
    settings.set(option, setting);
    command.on(`option:${longName(setting)}`, (text: string | null | undefined) => {
      given[key] = [...(given[key] ?? []), text ?? 'true'];
    });
  }
  command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}`);
  command.action(async () => {
    const { values, sources } = settle(spec.settings, {
      given,
      environment: process.env,
      file: configFor(spec.settings),
    });
    const call = { args: command.args, values, sources, given, stop: edge.stop };
    if (edge.inspect === undefined) edge.done(await spec.act(call));
    else edge.inspect(namesOf(command), call);
  });
}

/** `['sweeps', 'list']`. */
function namesOf(command: Command): string[] {
  return command.parent === null ? [] : [...namesOf(command.parent), command.name()];
}

/** A command whose words all belong to another program. */
export function addPassThrough(
  parent: Command,
  edge: Edge,
  spec: { usage: string; about: string; hidden: boolean; act(args: string[]): Promise<ExitCode> },
): void {
  parent
    .command(`${spec.usage} [args...]`, { hidden: spec.hidden })
    .description(spec.about)
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => edge.done(await spec.act(args)));
}

function configFor(settings: Settings) {
  if (Object.values(settings).every(({ once }) => once)) return new Map();
  const path = findConfigFile(process.env);
  return path === null ? new Map() : readConfigFile(path, CONFIG_KEYS);
}

function describe({ about, shown }: { about: string; shown: string }): string {
  return shown === '' ? about : `${about} (default: ${shown})`;
}

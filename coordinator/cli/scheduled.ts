// Whether a command line could be run by the clock, found out where it will run: taken apart by the commands' own
// definitions, its inventories read and its devices selected, nothing started. A schedule has no terminal, and what is
// kept of it is no place for secrets.
import { CommanderError } from 'commander';
import type { Settings } from '../config.js';
import type { CredentialSource, ReadyEntry } from '../inventory/inventory.js';
import { policiesOf } from './audit.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { destinationsOf } from './notify.js';
import { plan, type Selected, select } from './prepare.js';
import { buildProgram } from './program.js';
import { sweepOptions } from './run.js';
import type { AUDIT_RUN, RUN } from './settings.js';
import { wordsOf } from './words.js';

const COMMANDS = ['run', 'audit run', 'backup'];
/** What makes no sense, or is not ours to say, in a command that starts by itself. */
const REFUSED: Record<string, string> = {
  coordinator: 'a schedule runs on the coordinator that keeps it',
  state: 'a schedule runs on the coordinator that keeps it',
  tlsCa: 'a schedule runs on the coordinator that keeps it',
  tlsCert: 'a schedule runs on the coordinator that keeps it',
  tlsKey: 'a schedule runs on the coordinator that keeps it',
  askPass: 'a schedule has no terminal to ask on (expected --password-file, or a reference in the inventory)',
  askSecret: 'a schedule has no terminal to ask on (expected --secret-file, or a reference in the inventory)',
  check: 'a schedule is there to do it',
  listHosts: 'a schedule is there to do it',
  detach: 'the coordinator waits for the end of what it starts',
  rerun: 'which sweep that is would change',
};
const SECRET = /^(\w*(?:pass|secret)\w*)=(.*)$/is;
const REFERENCE = /^(env|file|cmd|vault):/;

type RunCall = Call<typeof RUN>;

/** Throws what is wrong. */
export async function checkScheduled(words: string[]): Promise<ExitCode> {
  const name = COMMANDS.find((command) => words.slice(0, command.split(' ').length).join(' ') === command);
  if (name === undefined)
    throw new UsageError(
      `found "${words[0] ?? ''}", expected a command line that begins with ${COMMANDS.join(', ')}`,
    );
  const call = await inspected(words);
  for (const [key, why] of Object.entries(REFUSED))
    if (call.given[key] !== undefined) throw new UsageError(`--${longWord(key)}: ${why}`);
  refuseSecrets(call.given.set ?? []);
  if (call.given.inventory?.includes('-')) throw new UsageError('-i -: a schedule has no standard input');
  await destinationsOf((call as unknown as RunCall).values.notify); // all three commands have it
  if (name === 'audit run') checkPolicies(call);
  if (call.given.from === undefined) await checkSelection(name, call);
  return EXIT.ok;
}

async function inspected(words: string[]): Promise<Call<Settings>> {
  let taken: Call<Settings> | null = null;
  const program = buildProgram({
    stop: new AbortController().signal,
    done: () => undefined,
    inspect: (_names, call) => {
      taken = call;
    },
  });
  await program.parseAsync(wordsOf(words), { from: 'user' }).catch((error: unknown) => {
    // Help and version end a command well, and nothing has been done.
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
  });
  if (taken === null) throw new UsageError(`${words.join(' ')}: that starts nothing`);
  return taken;
}

function checkPolicies(call: Call<Settings>): void {
  const { values } = call as unknown as Call<typeof AUDIT_RUN>; // the command of that name
  const names = values.policy.flat();
  if (names.length === 0) throw new UsageError('no policy (expected -p POLICY)');
  policiesOf(names, values);
}

async function checkSelection(name: string, call: Call<Settings>): Promise<void> {
  const { args, values } = call as unknown as RunCall; // whatever selects devices has these settings
  const selected = await select(values);
  for (const entry of selected.entries) refuseAsking(entry);
  if (name === 'run') checkPlan(selected, args, values);
}

function checkPlan(selected: Selected, commands: string[], values: RunCall['values']): void {
  plan(selected, { commands, values, options: sweepOptions(values) });
}

function refuseAsking(entry: ReadyEntry): void {
  for (const login of [entry, ...entry.via.flatMap(({ login }) => login ?? [])] as CredentialSource[])
    for (const secret of [login.password, login.enableSecret, login.privateKey, login.passphrase])
      if (secret?.from === 'ask')
        throw new UsageError(
          `${entry.name}: ${secret.question} is to be asked for, and a schedule has no terminal to ask on`,
        );
}

function refuseSecrets(sets: string[]): void {
  for (const text of sets) {
    const [, field, value = ''] = SECRET.exec(text) ?? [];
    if (field !== undefined && !REFERENCE.test(value))
      throw new UsageError(
        `--set ${field}=...: a schedule keeps no secrets (expected a reference: env:, file: or cmd:)`,
      );
  }
}

/** `askPass` as it stands on the command line. */
function longWord(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

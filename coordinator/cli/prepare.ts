// From the selection options to a plan: inventory, selection, logins, commands. The one place of the command
// line that knows the inventory and the planner; nothing here starts a process or touches a device.
import { availableParallelism } from 'node:os';
import type { Credential, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import type { Agent } from '../../proto/gen/netsweep/v1/sweeps.js';
import { AUTO, isAuto, type Platform, type Platforms } from '../../proto/platform.js';
import type { Values } from '../config.js';
import {
  type CredentialSource,
  type Entry,
  InputError,
  type Inventory,
  printIssue,
  type ReadyEntry,
  type SecretReference,
} from '../inventory/inventory.js';
import { applyLogin } from '../inventory/login.js';
import { readInventory } from '../inventory/read.js';
import { resolveSecrets } from '../inventory/secrets.js';
import { selectEntries } from '../inventory/select.js';
import { ownPlatforms, refusePlatforms } from '../sweep/ownplatforms.js';
import { checkCommandWords, checkReachableOnce, type Plan, planSweep } from '../sweep/plan.js';
import { devicesOf } from '../sweep/stops.js';
import { askHidden } from './asking.js';
import { UsageError } from './exit.js';
import type { LinkValues } from './link.js';
import { findPlatform, openPlatforms } from './platforms.js';
import type { LOGIN, PLATFORM, RUN, SELECTION } from './settings.js';
import { vaultOf } from './vault.js';

type RunValues = Values<typeof RUN>;
type LoginValues = Values<typeof LOGIN>;

type SelectValues = Values<typeof SELECTION> & Values<typeof PLATFORM> & LoginValues & LinkValues;

/** What was selected, logins applied. */
export interface Selected {
  entries: ReadyEntry[];
  platforms: Platforms;
  /** Whose ssh-agent --ssh-agent means: an agent elsewhere has one of its own. */
  sshAgent: 'caller' | 'agent';
  /** Those of the coordinator; none, where it is started for this sweep. */
  agents(stop: AbortSignal): Promise<Agent[]>;
  /** All of it, as it was read. */
  inventory: Inventory;
  /** Of the inventory, for people. */
  warnings: string[];
}

/** Commands of an earlier sweep by device, for --rerun. */
export type Earlier = ReadonlyMap<string, string[]>;

/** Throws InputError or UsageError with what is wrong. */
export async function select(
  values: SelectValues,
  earlier: Earlier | null = null,
  stdin: AsyncIterable<Uint8Array | string> = process.stdin,
): Promise<Selected> {
  // As in clush: names that are swept need not be in a file.
  const isBare = values.inventory.length === 0 && values.hosts.length > 0;
  if (values.inventory.length === 0 && !isBare)
    throw new UsageError('no inventory (expected -i SRC, -w NAMES, or inventory in netsweep.yaml)');
  const platforms = openPlatforms(values);
  const platform = platformNamed(values.platform, platforms);
  const io = {
    cwd: process.cwd(),
    stdin,
    env: process.env,
    platforms,
    columns: values.columns,
    vaultPasswordFiles: values.vaultPasswordFile,
  };
  const sources = isBare ? [`nodeset:${values.hosts.join(',')}`] : values.inventory;
  const inventory = await readInventory(sources, io);
  const listed =
    platform === null
      ? inventory.entries
      : inventory.entries.map((entry) => (entry.platform === null ? { ...entry, platform } : entry));
  const known = earlier === null ? listed : repeated(listed, earlier);
  const selection = {
    limit: values.limit,
    hosts: isBare ? null : joined(values.hosts),
    exclude: joined(values.exclude),
    cwd: io.cwd,
    members: inventory.members,
  };
  const chosen = selectEntries(known, selection);
  const { entries, warnings } = applyLogin(chosen, login(values), io, inventory.entries);
  const all = [...inventory.warnings, ...warnings];
  return {
    entries,
    platforms,
    inventory,
    sshAgent: values.coordinator === null ? 'caller' : 'agent',
    agents: async (stop) =>
      values.coordinator === null ? [] : (await import('./earlier.js')).listAgents(values, stop),
    warnings: all.map((issue) => `warning: ${printIssue(issue)}`),
  };
}

/** `--platform`, which fills gaps as `-u` does. */
function platformNamed(name: string | null, platforms: Platforms): string | null {
  if (name === null) return null;
  return isAuto(name) ? AUTO : findPlatform(name, platforms).name;
}

/** Throws InputError with every device or command that can't be swept. */
export function plan(
  { entries, platforms }: Selected,
  { commands, values, options }: { commands: string[]; values: RunValues; options: SweepOptions },
): Plan {
  checkCommandWords(commands, usedPlatforms(entries, platforms));
  const planned = planSweep({
    entries,
    commands,
    options: { ...options, ...limitsOf(values, entries.length) },
    platforms,
    agents: values.agents,
    cores: availableParallelism(),
  });
  if (values.coordinator === null) checkReachableOnce(planned.devices);
  planned.options.platforms = ownPlatforms(planned.devices, platforms);
  const refusal = refusePlatforms(planned.options.platforms);
  if (refusal !== null) throw new UsageError(refusal);
  return planned;
}

/** A share is of the devices selected here and now. */
function limitsOf({ maxFail, canary, batch }: RunValues, selected: number) {
  return {
    maxFail: devicesOf(maxFail, selected),
    canary: devicesOf(canary, selected),
    batch: devicesOf(batch, selected),
  };
}

/** Asks, reads and runs what the secrets refer to, and tells each device and bastion its credential. */
export async function resolve(
  { entries, sshAgent, agents }: Selected,
  { devices }: Plan,
  stop: AbortSignal,
): Promise<Credential[]> {
  const bastions = new Set(entries.flatMap(({ via }) => via.flatMap(({ login }) => login ?? [])));
  const sources: CredentialSource[] = [...entries, ...bastions];
  const { credentials, of } = await resolveSecrets(sources, {
    env: process.env,
    cwd: process.cwd(),
    ask: askHidden,
    sshAgent,
    vault: await vaultOf(sources, new Set(devices.map(({ segment }) => segment)), () => agents(stop)),
    signal: stop,
  });
  const ids = new Map(sources.map((source, index) => [source, credentials[of[index] ?? -1]?.id ?? '']));
  for (const [index, device] of devices.entries()) {
    const entry = entries[index];
    if (entry === undefined) continue;
    device.credential = ids.get(entry) ?? '';
    for (const [at, hop] of device.jump.entries()) {
      const login = entry.via[at]?.login ?? null;
      if (login !== null) hop.credential = ids.get(login) ?? '';
    }
  }
  return credentials;
}

/** The entries of the earlier sweep's devices, with its commands; their fields as the inventory has them now. */
function repeated(entries: Entry[], earlier: Earlier): Entry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const missing = [...earlier.keys()].filter((name) => !byName.has(name));
  if (missing.length > 0)
    throw new InputError(
      missing.map((name) => ({
        at: null,
        message: `"${name}" of the earlier sweep is not in the inventory`,
      })),
    );
  return [...byName.values()].flatMap((entry) => {
    const commands = earlier.get(entry.name);
    return commands === undefined ? [] : [{ ...entry, commands }];
  });
}

function login({
  user,
  port,
  askPass,
  askSecret,
  passwordFile,
  secretFile,
  privateKey,
  sshAgent,
  jump,
  set,
}: LoginValues & { set: string[]; port: number | null }) {
  return {
    username: user,
    port,
    password: askPass ? asked('Password') : fromFile(passwordFile),
    enableSecret: askSecret ? asked('Enable secret') : fromFile(secretFile),
    privateKey: fromFile(privateKey),
    sshAgent,
    jump,
    set,
  };
}

function asked(question: string): SecretReference {
  return { from: 'ask', question, at: null };
}

function fromFile(path: string | null): SecretReference | null {
  return path === null ? null : { from: 'file', path, at: null };
}

function joined(names: string[]): string | null {
  return names.length === 0 ? null : names.join(',');
}

/** The data of the platforms that are among the devices; what is yet to be found is read as any device. */
function usedPlatforms(entries: readonly Entry[], platforms: Platforms): Platform[] {
  const names = new Set(entries.map(({ platform }) => platform));
  return Array.from(names)
    .map((name) => (name === null ? undefined : platforms.get(name === AUTO ? 'generic' : name)))
    .filter((platform) => platform !== undefined);
}

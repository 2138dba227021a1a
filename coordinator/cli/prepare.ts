// From the selection options to a plan: inventory, selection, logins, commands. The one place of the command
// line that knows the inventory and the planner; nothing here starts a process or touches a device.
import { availableParallelism } from 'node:os';
import { type Credential, Status, type SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { type Platform, Platforms } from '../../proto/platform.js';
import type { Values } from '../config.js';
import type { Connection } from '../connect.js';
import { type Entry, InputError, printIssue, type SecretReference } from '../inventory/inventory.js';
import { applyLogin } from '../inventory/login.js';
import { readInventory } from '../inventory/read.js';
import { resolveSecrets } from '../inventory/secrets.js';
import { selectEntries } from '../inventory/select.js';
import { checkCommandWords, checkReachableOnce, type Plan, planSweep } from '../sweep/plan.js';
import { askHidden } from './asking.js';
import { UsageError } from './exit.js';
import { finished } from './follow.js';
import { findSweep } from './link.js';
import type { LOGIN, RUN, SELECTION } from './settings.js';

type RunValues = Values<typeof RUN>;
type LoginValues = Values<typeof LOGIN>;

/** What was selected, logins applied. */
export interface Selected {
  entries: Entry[];
  platforms: Platforms;
  /** Of the inventory, for people. */
  warnings: string[];
}

/** Commands of an earlier sweep by device, for --rerun. */
export type Earlier = ReadonlyMap<string, string[]>;

/** Throws InputError or UsageError with what is wrong. */
export async function select(
  values: Values<typeof SELECTION> & LoginValues,
  earlier: Earlier | null = null,
): Promise<Selected> {
  if (values.inventory.length === 0)
    throw new UsageError('no inventory (expected -i SRC, or inventory in netsweep.yaml)');
  const platforms = new Platforms();
  const io = { cwd: process.cwd(), stdin: process.stdin, env: process.env, platforms };
  const inventory = await readInventory(values.inventory, io);
  const known = earlier === null ? inventory.entries : repeated(inventory.entries, earlier);
  const selection = {
    limit: values.limit,
    hosts: joined(values.hosts),
    exclude: joined(values.exclude),
    cwd: io.cwd,
  };
  const entries = applyLogin(selectEntries(known, selection), login(values), io);
  return { entries, platforms, warnings: inventory.warnings.map((issue) => `warning: ${printIssue(issue)}`) };
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
    options,
    platforms,
    agents: values.agents,
    cores: availableParallelism(),
  });
  if (values.coordinator === null) checkReachableOnce(planned.devices);
  return planned;
}

/** Asks, reads and runs what the secrets refer to, and tells each device its credential. */
export async function resolve(
  { entries }: Selected,
  { devices }: Plan,
  stop: AbortSignal,
): Promise<Credential[]> {
  const { credentials, of } = await resolveSecrets(entries, {
    env: process.env,
    cwd: process.cwd(),
    ask: askHidden,
    signal: stop,
  });
  for (const [index, device] of devices.entries()) device.credential = credentials[of[index] ?? -1]?.id ?? '';
  return credentials;
}

/** The devices of the sweep that --rerun names, with the commands they ran. */
export async function earlierDevices(
  link: Connection,
  { rerun, failed, kind }: RunValues,
  stop: AbortSignal,
): Promise<Earlier> {
  const { id } = await findSweep(link, rerun ?? '');
  const kinds = new Set(kind.flat());
  const earlier = new Map<string, string[]>();
  for await (const { device, status, failure } of finished(link, { sweep: id, bodies: false }, stop)) {
    const wanted =
      kinds.size === 0 ? !failed || status !== Status.OK : failure !== undefined && kinds.has(failure.kind);
    if (device !== undefined && wanted) earlier.set(device.name, device.commands);
  }
  if (earlier.size > 0) return earlier;
  throw new UsageError(
    `sweep ${id} has no device ${failed || kinds.size > 0 ? 'that ended so' : 'that has ended'}`,
  );
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
  askPass,
  askSecret,
  passwordFile,
  secretFile,
  privateKey,
  set,
}: LoginValues & { set: string[] }) {
  return {
    username: user,
    password: askPass ? asked('Password') : fromFile(passwordFile),
    enableSecret: askSecret ? asked('Enable secret') : fromFile(secretFile),
    privateKey: fromFile(privateKey),
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

/** The data of the platforms that are among the devices. */
function usedPlatforms(entries: readonly Entry[], platforms: Platforms): Platform[] {
  const names = new Set(entries.map(({ platform }) => platform));
  return Array.from(names)
    .map((name) => (name === null ? undefined : platforms.get(name)))
    .filter((platform) => platform !== undefined);
}

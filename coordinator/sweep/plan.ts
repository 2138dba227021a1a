// From the selected entries to what a sweep will do, before anything is started: devices as the wire knows
// them, counts, and everything that would be refused. Pure; resolves no secret.
import { Device, Limits, type SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { AUTO, type Platform, type Platforms } from '../../proto/platform.js';
import { holdsControl, onlyEnables, readsOnly, whyRefused } from '../../proto/readonly.js';
import { addressKey, sameHost } from '../inventory/address.js';
import type { Entry } from '../inventory/inventory.js';
import { count, didYouMean, Issues, nearest, quote } from '../inventory/wording.js';
import { type LoginRow, loginsOf, tally, type WayRow, waysOf } from './planlogins.js';
import { type PlannedPace, planPace } from './planpace.js';
import { Stops } from './stops.js';

export interface PlanInput {
  /** In inventory order; logins applied. */
  entries: readonly Entry[];
  /** The command line's; empty: each device's own, else its platform's. */
  commands: readonly string[];
  options: SweepOptions;
  platforms: Platforms;
  /** Agents asked for; null: one per segment, but no more than the cores carry. */
  agents?: number | null;
  cores?: number;
}

export interface Plan {
  /** Index in inventory order; `credential` stays empty until secrets are resolved. */
  devices: Device[];
  options: SweepOptions;
  /** What runs, and on how many devices, in the order of first use. */
  commands: PlannedCommand[];
  places: { segment: string; site: string; devices: number }[];
  /** Devices of each stage, which ends before the next begins; one where there is neither canary nor batch. */
  stages: { name: string; devices: Device[] }[];
  agents: number;
  /** Most sessions open at once. */
  sessions: number;
  logins: LoginRow[];
  /** The ways through jump hosts, and who logs in to those that have a login of their own. */
  ways: WayRow[];
  pace: PlannedPace;
  /** Very rough. */
  estimateMs: number;
}

export interface PlannedCommand {
  command: string;
  devices: number;
  /** Platforms on which it is more than reading, with what the gate has against it. */
  notReading: { platform: string; why: string }[];
}

/** What a device is taken to need. */
export const DEVICE_MS = 3000;
/** Verbs that a message names. */
const MOST_VERBS = 12;
/** Commands that a device runs at most; a list from an inventory that is longer is a mistake. */
const MOST_COMMANDS = 1000;

/** Throws an InputError with everything that is wrong. */
export function planSweep(input: PlanInput): Plan {
  const { entries, options } = input;
  const issues = new Issues();
  checkCommands(input.commands, issues);
  const devices = entries.map((entry, index) => deviceOf(entry, index, input, issues));
  if (!options.allowWrites) {
    refuseWrites(devices, input.platforms, issues);
    refuseEnabling(devices, input.platforms, issues);
  }
  issues.throwIfAny();
  // What only a plan that is shown needs is worked out when it is asked for: of many devices it takes as long as the rest.
  return {
    devices,
    options,
    sessions: Math.min(mostOf(options), devices.length),
    get commands() {
      return commandsOf(devices, input.platforms);
    },
    get places() {
      return tally(devices, ({ segment, site }) => ({ segment, site }));
    },
    get stages() {
      return stagesOf(devices, options);
    },
    get agents() {
      const segments = new Set(devices.map(({ segment }) => segment)).size;
      return input.agents || Math.min(segments, Math.max(3, input.cores ?? 1));
    },
    get logins() {
      return loginsOf(entries);
    },
    get ways() {
      return waysOf(entries);
    },
    get pace() {
      return planPace(devices, options, DEVICE_MS);
    },
    get estimateMs() {
      return Math.max(roundsOf(options, devices.length) * DEVICE_MS, this.pace.ms);
    },
  };
}

/** The key of a device's endpoint: sessions of one key wait for each other. */
export function endpointKey(device: { segment: string; host: string; port: number }): string {
  return addressKey(device);
}

/** On one host an address is one place: the same one in two segments cannot be told apart, but by its jump hosts. */
export function checkReachableOnce(devices: readonly Device[]): void {
  if (new Set(devices.map(({ segment }) => segment)).size < 2) return;
  const issues = new Issues();
  const first = new Map<string, Device>();
  for (const device of devices) {
    const key = [...device.jump, device].map(({ host, port }) => `${sameHost(host)} ${port}`).join();
    const other = first.get(key);
    if (other === undefined) first.set(key, device);
    else if (other.segment !== device.segment)
      issues.reportAt(
        null,
        `${quote(other.name)} in segment ${other.segment} and ${quote(device.name)} in segment ${device.segment} have one address (found ${device.host} port ${device.port} twice, expected jump hosts of their own, or agents of their own through --coordinator)`,
      );
  }
  issues.throwIfAny();
}

/** `run show version` gives two commands where one was meant. */
export function checkCommandWords(commands: readonly string[], platforms: readonly Platform[]): void {
  const verbs = new Set(platforms.flatMap(({ reads }) => reads));
  const isVerb = (word: string) => verbs.has(word.toLowerCase());
  const start = commands.findIndex((word, index) => {
    const next = commands[index + 1];
    return isVerb(word) && next !== undefined && !/\s/.test(next) && !isVerb(next);
  });
  if (start === -1) return;
  const rest = commands.slice(start);
  const length = rest.findIndex((word, index) => index > 0 && (/\s/.test(word) || isVerb(word)));
  const words = length === -1 ? rest : rest.slice(0, length);
  const issues = new Issues();
  issues.reportAt(
    null,
    `${count(words.length, 'command')} of one word (found ${words.map(quote).join(' ')}; did you mean ${quote(words.join(' '))}?)`,
  );
  issues.throwIfAny();
}

function commandsOf(devices: readonly Device[], platforms: Platforms): PlannedCommand[] {
  const users = new Map<string, { devices: number; names: Set<string> }>();
  for (const { platform, commands } of devices)
    for (const command of commands) {
      const known = users.get(command) ?? { devices: 0, names: new Set() };
      known.devices += 1;
      known.names.add(platform);
      users.set(command, known);
    }
  return Array.from(users, ([command, { devices, names }]) => ({
    command,
    devices,
    notReading: Array.from(names).flatMap((name) => {
      const platform = platforms.get(name);
      const why = platform === undefined ? null : whyRefused(platform, command);
      return why === null ? [] : [{ platform: name, why }];
    }),
  }));
}

function stagesOf(devices: readonly Device[], options: SweepOptions): Plan['stages'] {
  const stops = new Stops(options, devices.length);
  const stages = stops.sizes.map((_, stage) => ({ name: stops.nameOf(stage), devices: [] as Device[] }));
  for (const device of devices) stages[stops.stageOf(device.index)]?.devices.push(device);
  return stages;
}

/** A sweep that may write never has more under way than may fail. */
function mostOf(options: SweepOptions): number {
  return Math.max(1, Math.min(options.forks, new Stops(options, 0).most));
}

/** How often all places are filled anew; a stage that has begun is waited for. */
function roundsOf(options: SweepOptions, selected: number): number {
  const stages = new Stops(options, selected);
  return stages.sizes.reduce((sum, size) => sum + Math.ceil(size / mostOf(options)), 0);
}

function deviceOf(entry: Entry, index: number, { commands, platforms }: PlanInput, issues: Issues): Device {
  const platform = entry.platform === null ? undefined : platforms.get(entry.platform);
  if (platform === undefined && entry.platform !== AUTO)
    issues.reportAt(
      entry.at,
      `device ${quote(entry.name)} has no platform (set platform or device_type, or --platform NAME; auto finds it out)`,
    );
  const own = entry.commands.length > 0 ? entry.commands : (platform?.default_commands ?? []);
  return Device.create({
    index,
    name: entry.name,
    host: entry.host,
    port: entry.port ?? 22,
    platform: platform?.name ?? AUTO,
    segment: entry.segment,
    site: entry.site,
    groups: entry.groups,
    commands: Array.from(commands.length > 0 ? commands : own),
    enable: entry.enable ?? entry.enableSecret !== null,
    enableCommand: entry.enableCommand,
    limits: Limits.create(entry.limits),
    jump: entry.via.map(({ host, port, username, legacy }) => ({
      ...{ host, port, legacy },
      username: username ?? '',
    })),
    legacy: entry.legacy,
    domain: domainOf(entry),
  });
}

/** The field `aaa`, whatever the inventory's shape made of it. */
function domainOf({ data }: Entry): string {
  const { aaa } = data;
  return typeof aaa === 'string' || typeof aaa === 'number' ? String(aaa) : '';
}

function checkCommands(commands: readonly string[], issues: Issues): void {
  if (commands.length > MOST_COMMANDS)
    issues.reportAt(null, `too many commands (found ${commands.length}, expected at most ${MOST_COMMANDS})`);
  for (const command of commands) {
    if (command.trim() === '') issues.reportAt(null, 'a command is empty (expected 1 to 1000 characters)');
    else if (command.length > 1000)
      issues.reportAt(
        null,
        `a command is too long (found ${command.length} characters, expected at most 1000)`,
      );
    else if (holdsControl(command))
      issues.reportAt(
        null,
        `a command holds a control character (found ${quote(command)}, expected one line)`,
      );
  }
}

/** A command that no device of the plan would take. One that some take is refused by the others' agents. */
function refuseWrites(devices: readonly Device[], platforms: Platforms, issues: Issues): void {
  const users = new Map<string, Set<string>>();
  for (const { platform, commands } of devices)
    for (const command of commands) users.set(command, (users.get(command) ?? new Set()).add(platform));
  for (const [command, names] of users) {
    // A platform that is yet to be found may be any.
    const found = names.has(AUTO) ? platforms.names : [...names];
    if (found.some((name) => takes(platforms, name, command))) continue;
    const refusing = found.map((name) => platforms.get(name)).filter((platform) => platform !== undefined);
    const whose = names.has(AUTO) ? 'any platform' : refusing.map(({ name }) => name).join(', ');
    issues.reportAt(
      null,
      `${quote(command)} is not a reading command of ${whose}${reasonOf(command, refusing)} (expected ${expectedOf(refusing)}; --allow-writes lifts this${didYouMean(meantCommand(command, refusing))})`,
    );
  }
}

/** What is typed in place of a platform's own way to gain privileges; its agent would refuse it too. */
function refuseEnabling(devices: readonly Device[], platforms: Platforms, issues: Issues): void {
  const used = devices.filter(({ enable, enableCommand }) => enable && enableCommand !== '');
  for (const { platform, enableCommand } of tally(used, (one) => ({
    platform: one.platform,
    enableCommand: one.enableCommand,
  }))) {
    const found = platforms.get(platform);
    if (found?.enable === undefined || onlyEnables(found, enableCommand)) continue;
    issues.reportAt(
      null,
      `enable_command is more than a way to gain privileges on ${platform} (found ${quote(enableCommand)}, expected one that starts with ${quote(found.enable.command)}; --allow-writes lifts this)`,
    );
  }
}

function takes(platforms: Platforms, name: string, command: string): boolean {
  const platform = platforms.get(name);
  return platform !== undefined && readsOnly(platform, command);
}

/** What all of them have against it. */
function reasonOf(command: string, platforms: readonly Platform[]): string {
  const reasons = new Set(platforms.map((platform) => whyRefused(platform, command)));
  return reasons.size === 1 ? `: ${[...reasons][0]}` : '';
}

function expectedOf(platforms: readonly Platform[]): string {
  const verbs = new Set(platforms.flatMap(({ reads }) => reads));
  const whole = new Set(platforms.flatMap(({ reads_exactly }) => reads_exactly));
  if (verbs.size > 0)
    return `a command that starts with ${Array.from(verbs).slice(0, MOST_VERBS).join(', ')} and writes nowhere`;
  const shown = Array.from(whole).slice(0, 6).map(quote).join(', ');
  return `one of ${shown}${whole.size > 6 ? ` and ${whole.size - 6} more` : ''}`;
}

function meantCommand(command: string, platforms: readonly Platform[]): string | null {
  const [first = '', ...rest] = command.trim().split(/ +/);
  const verb = nearest(
    first,
    platforms.flatMap(({ reads }) => reads).filter((known) => known.length > 3),
  );
  const candidate = verb === null ? null : [verb, ...rest].join(' ');
  if (candidate !== null && platforms.some((platform) => readsOnly(platform, candidate)))
    return quote(candidate);
  const whole = nearest(
    command,
    platforms.flatMap(({ reads_exactly }) => reads_exactly),
  );
  return whole === null ? null : quote(whole);
}

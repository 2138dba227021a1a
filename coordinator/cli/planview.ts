// A plan for people who have to say yes to it, and as JSON: what is done to which devices, by which login, through what,
// in which order, what stops it, what is left alone, and what a sweep that is stopped leaves. Pure; no secret is known here.
import { Isolation } from '../../proto/gen/netsweep/v1/model.js';
import { duration } from '../combine/summary.js';
import type { Values } from '../config.js';
import { count, quote } from '../inventory/wording.js';
import { foldNames } from '../nodeset/fold.js';
import { DEVICE_MS, type Plan, type PlannedCommand } from '../sweep/plan.js';
import { printLogin, printWay, tally } from '../sweep/planlogins.js';
import { printPace } from '../sweep/planpace.js';
import { printLimits } from '../sweep/stops.js';
import { wrapped } from './cells.js';
import type { Selected } from './prepare.js';
import type { RUN } from './settings.js';
import { harmlessLine } from './terminal.js';

type RunValues = Values<typeof RUN>;

export interface PlanFrame {
  selected: Pick<Selected, 'entries' | 'inventory'>;
  values: RunValues;
}

interface Row {
  title: string;
  text: string;
  /** Whom it is about; shown folded, below. */
  names?: readonly string[];
}

const TITLE = 13;
/** Names on a terminal, in lines; --list-hosts and --format json have all. */
const MOST_NAME_LINES = 4;
/** Stages that are told one by one. */
const MOST_STAGES = 12;
/** A sweep's ceiling, in words. */
const CEILING = '24 h';

/** As `--check` prints it on a terminal of so many columns; null: on none. */
export function printPlan(
  plan: Plan,
  frame: PlanFrame,
  format: string | null,
  columns: number | null,
): string[] {
  if (format === 'json') return [JSON.stringify(planObject(plan, frame), null, 2)];
  return planLines(plan, frame, columns);
}

/** `columns`: of a terminal; null: a line for each item, with all names. */
export function planLines(plan: Plan, frame: PlanFrame, columns: number | null): string[] {
  const [all, ...rest] = rowsOf(plan, frame);
  const rows = all === undefined ? [] : [all, ...rest.map((row) => whomElse(row, plan))];
  return rows.flatMap(({ title, text, names }) => {
    const line = harmlessLine(`${title.padEnd(TITLE)}${text}`);
    const head = columns === null ? [line] : wrapped(line, columns, TITLE);
    return names === undefined ? head : [...head, ...nameLines(names, columns)];
  });
}

/** A row that is about every device says so by its number; their names stand at the top. */
function whomElse({ names, ...row }: Row, { devices }: Plan): Row {
  const every = names?.length === devices.length && row.title !== 'left out' && row.title !== 'not selected';
  return names === undefined || every ? row : { ...row, names };
}

function nameLines(names: readonly string[], columns: number | null): string[] {
  const line = harmlessLine(' '.repeat(TITLE) + foldNames(names));
  if (columns === null) return [line];
  const lines = wrapped(line, columns, TITLE);
  return lines.length <= MOST_NAME_LINES
    ? lines
    : [...lines.slice(0, MOST_NAME_LINES), `${' '.repeat(TITLE)}... (all of them: -C --format json)`];
}

function rowsOf(plan: Plan, frame: PlanFrame): Row[] {
  return [
    ...deviceRows(plan, frame),
    ...placeRows(plan, frame.values),
    ...commandRows(plan),
    ...loginRows(plan, frame.values),
    ...limitRows(plan),
    ...orderRows(plan),
    ...stopRows(plan, frame.values),
    ...endRows(plan, frame.values),
  ];
}

function deviceRows({ devices }: Plan, frame: PlanFrame): Row[] {
  const platforms = tally(devices, ({ platform }) => ({ platform }));
  const unselected = unselectedOf(frame);
  return [
    {
      title: 'devices',
      text: `${devices.length} (${platforms.map((one) => `${one.platform} ${one.devices}`).join(', ')})`,
      names: devices.map(({ name }) => name),
    },
    { title: 'no platform', text: '0' },
    ...(unselected.length === 0
      ? []
      : [
          {
            title: 'not selected',
            text: `${count(unselected.length, 'device')} of the inventory${selectionOf(frame.values)}`,
            names: unselected,
          },
        ]),
    ...leftOutOf(frame).map(({ why, devices: names }) => ({
      title: 'left out',
      text: `${count(names.length, 'device')}, ${why}`,
      names,
    })),
  ];
}

function placeRows({ devices, places, agents }: Plan, { coordinator, state }: RunValues): Row[] {
  const keyOf = (one: { segment: string; site: string }) => `${one.segment} ${one.site}`;
  const names = new Map<string, string[]>(places.map((place) => [keyOf(place), []]));
  for (const device of devices) names.get(keyOf(device))?.push(device.name);
  const segments = Array.from(new Set(places.map(({ segment }) => segment))).join(', ');
  return [
    ...places.map((place) => ({
      title: 'segment',
      text: `${place.segment}${place.site === '' ? '' : `, site ${place.site}`}: ${place.devices}`,
      ...(places.length === 1 ? {} : { names: names.get(keyOf(place)) ?? [] }),
    })),
    coordinator === null
      ? { title: 'agents', text: `${agents}, here; results are kept in ${state}` }
      : { title: 'agents', text: `those of ${coordinator} that serve ${segments}; results are kept there` },
  ];
}

function commandRows({ devices, commands, options }: Plan): Row[] {
  const undecided = devices.filter((device) => device.commands.length === 0);
  return [
    ...commands.flatMap((one) => [
      { title: 'command', text: `${quote(one.command)} on ${count(one.devices, 'device')}` },
      ...(options.allowWrites ? [] : refusedOf(one, devices).map(refusedRow)),
    ]),
    ...(undecided.length === 0
      ? []
      : [
          {
            title: 'command',
            text: `as the platform has it once found, on ${count(undecided.length, 'device')}`,
          },
        ]),
  ];
}

function refusedRow({ platform, why, names }: ReturnType<typeof refusedOf>[number]): Row {
  return {
    title: '',
    text: `not sent to ${count(names.length, 'device')}, which will end as not-allowed: no reading command of ${platform}, ${why}`,
    names,
  };
}

/** Without --allow-writes agents send it to none of these. */
function refusedOf({ command, notReading }: PlannedCommand, devices: Plan['devices']) {
  return notReading.map(({ platform, why }) => ({
    platform,
    why,
    names: devices
      .filter((one) => one.platform === platform && one.commands.includes(command))
      .map(({ name }) => name),
  }));
}

function loginRows({ logins, ways, devices }: Plan, { hostKeys }: RunValues): Row[] {
  const legacy = devices.filter((device) => device.legacy).map(({ name }) => name);
  return [
    ...logins.map((row) => cutTitle(printLogin(row), row.names)),
    ...ways.map((row) => cutTitle(printWay(row), row.names)),
    ...(legacy.length === 0
      ? []
      : [
          {
            title: 'legacy',
            text: `weak algorithms allowed on ${count(legacy.length, 'device')}`,
            names: legacy,
          },
        ]),
    { title: 'host keys', text: HOST_KEYS[hostKeys] },
  ];
}

function cutTitle(line: string, names: readonly string[]): Row {
  return { title: line.slice(0, TITLE).trimEnd(), text: line.slice(TITLE), names };
}

const HOST_KEYS: Record<RunValues['hostKeys'], string> = {
  'accept-new': 'accept-new: a new one is kept, a changed one refused before any secret is sent',
  strict: 'strict: one that is new or has changed is refused before any secret is sent',
  off: 'off: neither checked nor kept; secrets go to whoever answers',
};

function limitRows({ devices, options, sessions, pace }: Plan): Row[] {
  const { limits, retries } = options;
  const told = (ms: number | undefined) =>
    duration(ms ?? 0)
      .replace(/\.0 s$/, ' s')
      .replace(/ 00 s$/, '');
  return [
    {
      title: 'sessions',
      text: `at most ${sessions} at once${options.allowWrites && options.maxFail > 0 ? ', as it may write and no more may fail' : ''}${options.isolation === Isolation.DEVICE ? ', a process for each' : ''}`,
    },
    ...printPace(pace, printSeconds).map((text) => ({ title: 'pace', text })),
    {
      title: 'patience',
      text: `connect ${told(limits?.connectMs)}, login ${told(limits?.loginMs)}, silence ${told(limits?.idleMs)}, a command ${told(limits?.commandMs)}, a device in all ${told(limits?.deviceMs)}${ownLimits(devices)}`,
    },
    {
      title: 'retries',
      text: `${retries === 0 ? 'none' : `${retries} at failures that may pass`}; ${options.allowWrites ? 'none once a command was sent' : 'a password is sent to a device once'}`,
    },
  ];
}

function ownLimits(devices: Plan['devices']): string {
  const own = devices.filter(
    ({ limits }) => limits !== undefined && Object.values(limits).some((ms) => ms > 0),
  );
  return own.length === 0 ? '' : `; ${count(own.length, 'device')} of the inventory with times of their own`;
}

function orderRows({ stages, options }: Plan): Row[] {
  if (options.canary === 0 && options.batch === 0)
    return [{ title: 'order', text: `that of the inventory, ${options.forks} at a time as places get free` }];
  const shown = stages.length > MOST_STAGES ? stages.slice(0, MOST_STAGES - 1) : stages;
  const rest = stages.slice(shown.length);
  const last = rest.at(-1);
  return [
    ...shown.map(({ name, devices }, at) => ({
      title: 'order',
      text: `${at + 1}. ${name}: ${count(devices.length, 'device')}`,
      names: devices.map((device) => device.name),
    })),
    ...(last === undefined
      ? []
      : [
          {
            title: 'order',
            text: `and ${rest.length} more, the last is ${stages.length}. ${last.name}: ${count(last.devices.length, 'device')}`,
          },
        ]),
  ];
}

function stopRows({ options, commands }: Plan, { coordinator, deadline }: RunValues): Row[] {
  const writing = commands.filter(({ notReading }) => notReading.length > 0);
  return [
    ...[
      `a login is stopped after ${count(options.authFailMax, 'refusal')} in a row; what is left of its devices ends skipped`,
      `the sweep ends after ${deadline === 0 ? CEILING : duration(deadline)}`,
      coordinator === null
        ? 'Ctrl-C cancels it'
        : 'Ctrl-C leaves it running; netsweep sweeps cancel ID cancels it',
      ...printLimits(options),
    ].map((text) => ({ title: 'limit', text })),
    { title: 'writes', text: options.allowWrites ? 'allowed: at most one attempt a device' : 'refused' },
    ...(options.allowWrites
      ? writing.map(({ command, notReading }) => ({
          title: '',
          text: `${quote(command)} may change ${notReading.map(({ platform }) => platform).join(', ')}`,
        }))
      : []),
    { title: 'if stopped', text: options.allowWrites ? STOPPED_WRITING : STOPPED_READING },
  ];
}

const STOPPED_READING =
  'nothing has changed on any device; what came back is kept, the others end skipped or cancelled, and netsweep run --rerun last --failed goes on with them';
const STOPPED_WRITING =
  'devices done stay as they are now, nothing is taken back; one that was cut off in between ends interrupted, is not tried again by itself and has to be looked at; the others are untouched and end skipped or cancelled';

function endRows({ estimateMs }: Plan, { tree, sessionLog, mask }: RunValues): Row[] {
  const files = [
    ...(tree === null ? [] : [`outputs to ${tree}`]),
    ...(sessionLog === null ? [] : [`sessions to ${sessionLog}`]),
  ];
  return [
    {
      title: 'outputs',
      text: mask
        ? 'shown and written with their secrets hidden (--mask)'
        : 'shown and written as devices give them',
    },
    ...files.map((text) => ({ title: 'written', text })),
    {
      title: 'time',
      text: `about ${printSeconds(estimateMs)}, if a device takes ${printSeconds(DEVICE_MS)}`,
    },
    {
      title: 'not checked',
      text: 'whether devices answer and logins are right: nothing was connected to, no secret read',
    },
  ];
}

/** The same for programs. */
export function planObject(plan: Plan, frame: PlanFrame): unknown {
  const { devices, options, commands, places, stages, logins, ways, pace } = plan;
  const { coordinator, state, deadline, tree, sessionLog, mask, inventory } = frame.values;
  const { forks, retries, authFailMax, maxFail, canary, batch, allowWrites, outputLimit, limits } = options;
  const stageOf = new Map(stages.flatMap(({ name, devices: of }) => of.map((device) => [device, name])));
  return {
    inventory: inventory.map((source) => source.replace(/\/\/[^/@]*@/, '//***@')),
    selected: devices.length,
    devices: devices.map((device) => ({
      ...{ name: device.name, host: device.host, port: device.port, platform: device.platform },
      ...{ segment: device.segment, site: device.site, groups: device.groups },
      ...{ commands: device.commands, legacy: device.legacy, stage: stageOf.get(device) || null },
    })),
    notSelected: unselectedOf(frame),
    leftOut: leftOutOf(frame),
    places,
    commands: commands.map((one) => ({
      command: one.command,
      devices: one.devices,
      mayChange: allowWrites ? one.notReading.map(({ platform }) => platform) : [],
      notSent: allowWrites
        ? []
        : refusedOf(one, devices).map(({ names, ...row }) => ({ ...row, devices: names })),
    })),
    logins: logins.map(({ names, ...row }) => ({ ...row, devices: names })),
    jumps: ways.map(({ names, ...row }) => ({ ...row, devices: names })),
    stages: stages.map(({ name, devices: of }) => ({ name: name || null, devices: of.length })),
    ...{
      coordinator,
      state: coordinator === null ? state : null,
      agents: coordinator === null ? plan.agents : null,
    },
    limits: {
      ...{ forks, sessions: plan.sessions, retries, authFailMax, maxFail, canary, batch, outputLimit },
      ...{ deadlineMs: deadline, ...limits },
    },
    ...{ hostKeys: frame.values.hostKeys, allowWrites, mask, tree, sessionLog },
    pace,
    estimateMs: plan.estimateMs,
  };
}

function unselectedOf({ selected: { entries, inventory } }: PlanFrame): string[] {
  if (entries.length === inventory.entries.length) return [];
  const chosen = new Set(entries.map(({ name }) => name));
  return inventory.entries.flatMap(({ name }) => (chosen.has(name) ? [] : [name]));
}

/** What was asked for, as it was typed. */
function selectionOf({ limit, hosts, exclude, rerun }: RunValues): string {
  const words = [
    ...(limit === null ? [] : [`-l ${limit}`]),
    ...(hosts.length === 0 ? [] : [`-w ${hosts.join(',')}`]),
    ...(exclude.length === 0 ? [] : [`-x ${exclude.join(',')}`]),
    ...(rerun === null ? [] : [`--rerun ${rerun}`]),
  ];
  return words.length === 0 ? '' : ` (${words.join(' ')})`;
}

function leftOutOf({ selected: { inventory } }: PlanFrame): { why: string; devices: string[] }[] {
  const reasons = new Map<string, string[]>();
  for (const { name, why } of inventory.leftOut) reasons.set(why, [...(reasons.get(why) ?? []), name]);
  return Array.from(reasons, ([why, devices]) => ({ why, devices }));
}

function printSeconds(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

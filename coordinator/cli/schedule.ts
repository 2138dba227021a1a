// `netsweep schedule ...`: adds, shows and changes what netsweep serve starts by the clock. Times are shown on the
// schedule's own clock.
import { ChannelCredentials } from '@grpc/grpc-js';
import {
  MissedPolicy,
  OverlapPolicy,
  RunState,
  Schedule,
  type ScheduleRun,
  type ScheduleView,
} from '../../proto/gen/netsweep/v1/schedules.js';
import { SchedulesClient } from '../../proto/gen/netsweep/v1/schedules_service.js';
import { label } from '../../proto/label.js';
import { isoTime } from '../combine/result.js';
import { duration } from '../combine/summary.js';
import type { Column } from '../combine/table.js';
import { outcomeOf } from '../schedule/outcome.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { type LinkValues, openLink, shellWord } from './link.js';
import { printLines, printTable } from './print.js';
import { ask } from './rpc.js';
import type { CONNECTION, RUNS, SCHEDULE, TABLE } from './settings.js';
import { harmlessLine } from './terminal.js';

export async function addSchedule({ args, values, stop }: Call<typeof SCHEDULE>): Promise<ExitCode> {
  const [name = '', ...words] = args;
  if (values.cron === null) throw new UsageError('--cron is missing: when is it due?');
  const schedule = scheduleOf(name, words, values);
  await using link = await openSchedules(values, stop);
  await ask(link.schedules.add.bind(link.schedules), { schedule });
  return await said(link, schedule, 'first');
}

/** What is given takes the place of what was there. */
export async function changeSchedule({
  args,
  values,
  given,
  stop,
}: Call<typeof SCHEDULE>): Promise<ExitCode> {
  const [name = '', ...words] = args;
  await using link = await openSchedules(values, stop);
  const [view] = (await ask(link.schedules.list.bind(link.schedules), { name })).schedules;
  if (view?.schedule === undefined) throw new UsageError(`no schedule is called "${name}"`);
  const wanted = scheduleOf(name, words, values);
  const taken = Object.entries(TAKEN).flatMap(([option, key]) =>
    given[option] === undefined ? [] : [[key, wanted[key]]],
  );
  if (words.length > 0) taken.push(['words', wanted.words]);
  if (taken.length === 0)
    throw new UsageError('nothing to change (expected an option, or a command behind --)');
  const schedule = { ...view.schedule, ...Object.fromEntries(taken) };
  await ask(link.schedules.change.bind(link.schedules), { schedule });
  return await said(link, schedule, 'next');
}

/** Options, and what of a schedule each of them says. */
const TAKEN: Partial<Record<keyof typeof SCHEDULE, keyof Schedule>> = {
  ...{ cron: 'cron', zone: 'zone', jitter: 'jitterMs', window: 'window', missed: 'missed' },
  ...{ overlap: 'overlap', directory: 'directory', notify: 'notify' },
};

function scheduleOf(name: string, words: string[], values: Call<typeof SCHEDULE>['values']): Schedule {
  return Schedule.create({
    name,
    cron: values.cron ?? '',
    zone: values.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    jitterMs: values.jitter,
    window: values.window === 'any' ? '' : values.window,
    missed: values.missed === 'skip' ? MissedPolicy.SKIP : MissedPolicy.RUN_ONCE,
    overlap: values.overlap === 'skip' ? OverlapPolicy.SKIP : OverlapPolicy.QUEUE,
    directory: values.directory ?? process.cwd(),
    words: words[0] === 'netsweep' ? words.slice(1) : words,
    notify: values.notify.flat().filter((one) => one !== 'none'),
  });
}

async function said(link: SchedulesLink, { name, zone }: Schedule, what: string): Promise<ExitCode> {
  const [view] = (await ask(link.schedules.list.bind(link.schedules), { name })).schedules;
  const [next] = view?.nextMs ?? [];
  await printLines([`${name}: ${what} at ${next === undefined ? '-' : timeIn(zone, next)}`]);
  return EXIT.ok;
}

const COLUMNS: Column<ScheduleView>[] = [
  { title: 'SCHEDULE', cell: ({ schedule }) => schedule?.name ?? '' },
  { title: 'CRON', cell: ({ schedule }) => schedule?.cron ?? '' },
  { title: 'ZONE', spare: true, cell: ({ schedule }) => schedule?.zone ?? '' },
  { title: 'NEXT', cell: nextText },
  {
    title: 'LAST',
    cell: ({ schedule, last }) => (last ? timeIn(schedule?.zone, last.startedAtMs || last.dueMs) : '-'),
  },
  { title: 'OUTCOME', cell: ({ last }) => (last ? outcomeOf(last) : '-') },
  { title: 'TOOK', cell: ({ last }) => (last ? took(last) : '-'), right: true, spare: true },
  { title: 'COMMAND', spare: true, cell: ({ schedule }) => commandOf(schedule) },
];

export async function listSchedules({
  values,
  stop,
}: Call<typeof TABLE & typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openSchedules(values, stop);
  const { schedules } = await ask(link.schedules.list.bind(link.schedules), { name: '' });
  await printTable(schedules, { json: values.json, columns: COLUMNS, object: viewObject });
  return EXIT.ok;
}

export async function showSchedule({
  args,
  values,
  stop,
}: Call<typeof TABLE & typeof RUNS & typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openSchedules(values, stop);
  const name = args[0] ?? '';
  const [view] = (await ask(link.schedules.list.bind(link.schedules), { name })).schedules;
  if (view?.schedule === undefined) throw new UsageError(`no schedule is called "${name}"`);
  const { runs } = await ask(link.schedules.runs.bind(link.schedules), { name, limit: values.last });
  if (values.json)
    await printLines([JSON.stringify({ ...viewObject(view), runs: runs.map(runObject) }, null, 2)]);
  else
    await printLines([
      ...about(view, view.schedule),
      ...runs.flatMap((run) => runLines(run, view.schedule?.zone)),
    ]);
  return EXIT.ok;
}

export async function runSchedule({ args, values, stop }: Call<typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openSchedules(values, stop);
  const name = args[0] ?? '';
  await ask(link.schedules.run.bind(link.schedules), { name });
  await printLines([`${name}: started; netsweep schedule show ${name} tells how it ended`]);
  return EXIT.ok;
}

export async function pauseSchedule(
  { args, values, stop }: Call<typeof CONNECTION>,
  paused: boolean,
): Promise<ExitCode> {
  await using link = await openSchedules(values, stop);
  const name = args[0] ?? '';
  await ask(link.schedules.pause.bind(link.schedules), { name, paused });
  await printLines([`${name}: ${paused ? 'paused' : 'resumed'}`]);
  return EXIT.ok;
}

export async function removeSchedule({ args, values, stop }: Call<typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openSchedules(values, stop);
  const name = args[0] ?? '';
  await ask(link.schedules.remove.bind(link.schedules), { name });
  await printLines([`${name}: removed`]);
  return EXIT.ok;
}

type SchedulesLink = AsyncDisposable & { schedules: SchedulesClient };

async function openSchedules(values: LinkValues, stop: AbortSignal): Promise<SchedulesLink> {
  if (values.coordinator === null)
    throw new UsageError(
      'schedules are run by netsweep serve: give --coordinator HOST:PORT, or NETSWEEP_COORDINATOR',
    );
  const link = await openLink(values, stop);
  const schedules = new SchedulesClient('', ChannelCredentials.createInsecure(), {
    channelOverride: link.sweeps.getChannel(),
  });
  return { schedules, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() };
}

function about({ nextMs, damaged }: ScheduleView, schedule: Schedule): string[] {
  const { name, cron, zone, jitterMs, window, missed, overlap, paused, directory, notify } = schedule;
  const limits = [
    ...(jitterMs > 0 ? [`jitter ${duration(jitterMs)}`] : []),
    ...(window === '' ? [] : [`window ${window}`]),
    `missed: ${label('MISSED_POLICY', missed)}`,
    `overlap: ${label('OVERLAP_POLICY', overlap)}`,
    ...(notify.length > 0 ? [`notify: ${notify.join(', ')}`] : []),
  ];
  return [
    `${name}: ${cron} (${zone})${paused ? ', paused' : ''}${damaged ? ', damaged in the store: not started' : ''}`,
    `  ${limits.join('; ')}`,
    `  ${commandOf(schedule)}`,
    `  in ${directory}`,
    `next: ${nextMs.length === 0 ? '-' : nextMs.map((ms) => timeIn(zone, ms)).join(', ')}`,
  ];
}

function runLines(run: ScheduleRun, zone: string | undefined): string[] {
  const { due, lastDue, count, dueMs, why, sweeps, tail, exitCode, state } = run;
  const when = due === '' ? timeIn(zone, dueMs) : due.replace('T', ' ');
  const several = lastDue === '' ? '' : ` to ${lastDue.replace('T', ' ')} (${count} due times)`;
  const parts = [took(run), ...sweeps.map((sweep) => `sweep ${sweep}`), why].filter(
    (part) => part !== '' && part !== '-',
  );
  const said = state === RunState.ENDED && exitCode !== 0 ? tail.trimEnd().split('\n').slice(-5) : [];
  return [
    `${when}${several}: ${[outcomeOf(run), ...parts].join(', ')}`,
    ...said.filter((line) => line !== '').map((line) => `    ${harmlessLine(line)}`),
  ];
}

function nextText({ schedule, nextMs, damaged }: ScheduleView): string {
  if (damaged) return 'damaged';
  if (schedule?.paused) return 'paused';
  return nextMs[0] === undefined ? '-' : timeIn(schedule?.zone, nextMs[0]);
}

function took({ startedAtMs, endedAtMs }: ScheduleRun): string {
  return startedAtMs === 0 || endedAtMs === 0 ? '-' : duration(endedAtMs - startedAtMs);
}

function commandOf(schedule: Schedule | undefined): string {
  return ['netsweep', ...(schedule?.words ?? [])].map(shellWord).join(' ');
}

/** `2026-11-23 02:30` as the zone's clock shows it. */
function timeIn(zone: string | undefined, ms: number): string {
  return new Date(ms).toLocaleString('sv-SE', {
    timeZone: zone || 'UTC',
    dateStyle: 'short',
    timeStyle: 'short',
  });
}

function viewObject({ schedule, nextMs, last, damaged }: ScheduleView) {
  return {
    name: schedule?.name ?? '',
    cron: schedule?.cron ?? '',
    zone: schedule?.zone ?? '',
    jitterMs: schedule?.jitterMs ?? 0,
    window: schedule?.window || null,
    missed: label('MISSED_POLICY', schedule?.missed ?? MissedPolicy.SKIP),
    overlap: label('OVERLAP_POLICY', schedule?.overlap ?? OverlapPolicy.SKIP),
    command: schedule?.words ?? [],
    directory: schedule?.directory ?? '',
    notify: schedule?.notify ?? [],
    paused: schedule?.paused ?? false,
    damaged,
    createdAt: isoTime(schedule?.createdAtMs ?? 0),
    next: nextMs.map(isoTime),
    last: last === undefined ? null : runObject(last),
  };
}

function runObject(run: ScheduleRun) {
  const { due, dueMs, lastDue, count, state, why, startedAtMs, endedAtMs, exitCode, sweeps, tail } = run;
  return {
    due: due || null,
    dueAt: isoTime(dueMs),
    lastDue: lastDue || null,
    count,
    state: label('RUN_STATE', state),
    outcome: outcomeOf(run),
    why: why || null,
    startedAt: isoTime(startedAtMs),
    endedAt: isoTime(endedAtMs),
    durationMs: startedAtMs === 0 || endedAtMs === 0 ? null : endedAtMs - startedAtMs,
    exitCode: state === RunState.ENDED ? exitCode : null,
    sweeps,
    output: tail,
  };
}

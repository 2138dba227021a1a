// `netsweep sweeps ...`: what ran and what runs. watch and results print through the same views as run.
import type { Report } from '../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../proto/label.js';
import { isoTime, sweepObject } from '../combine/result.js';
import { countsLine, duration, lateLine, timeLine } from '../combine/summary.js';
import type { Column } from '../combine/table.js';
import type { Connection } from '../connect.js';
import { printLimits } from '../sweep/stops.js';
import { bodyReader } from './body.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { finished, follow } from './follow.js';
import { findSweep, linkOptions, openLink, patienceWith, watchAgain } from './link.js';
import { checkOutput, conclude, openViews, Screen, Show, Stages } from './output.js';
import { printLines, printTable } from './print.js';
import { ask } from './rpc.js';
import type { CONNECTION, TABLE, WATCH } from './settings.js';

type TableCall = Call<typeof TABLE & typeof CONNECTION>;

const COLUMNS: Column<Sweep>[] = [
  { title: 'SWEEP', cell: ({ id }) => id },
  { title: 'STATUS', cell: ({ state }) => label('SWEEP_STATE', state) },
  {
    title: 'STARTED',
    cell: ({ startedAtMs }) => isoTime(startedAtMs)?.slice(0, 19).replace('T', ' ') ?? '-',
  },
  {
    title: 'TOOK',
    cell: ({ startedAtMs, endedAtMs }) => (endedAtMs === 0 ? '-' : duration(endedAtMs - startedAtMs)),
    right: true,
  },
  { title: 'DEVICES', cell: ({ counts }) => countsLine(counts) },
];

export async function listSweeps({ values, stop }: TableCall): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const { sweeps } = await ask(link.sweeps.list.bind(link.sweeps), { sweep: '', limit: 0 });
  await printTable(sweeps, { json: values.json, columns: COLUMNS, object: sweepObject });
  return EXIT.ok;
}

export async function showSweep({ args, values, stop }: TableCall): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const sweep = await findSweep(link, args[0] ?? '');
  if (values.json) await printLines([JSON.stringify(sweepObject(sweep), null, 2)]);
  else {
    const late = lateLine(sweep);
    await printLines([
      `sweep ${sweep.id}: ${label('SWEEP_STATE', sweep.state)}${sweep.reason === '' ? '' : ` (${sweep.reason})`}`,
      `started ${isoTime(sweep.startedAtMs) ?? '-'}, ended ${isoTime(sweep.endedAtMs) ?? '-'}`,
      `${countsLine(sweep.counts)}${sweep.stage === '' ? '' : `; ${sweep.stage}`}`,
      ...(sweep.notice === '' ? [] : [sweep.notice]),
      ...(sweep.options === undefined ? [] : printLimits(sweep.options)),
      timeLine(sweep),
      ...(late === null ? [] : [late]),
    ]);
  }
  return EXIT.ok;
}

export async function cancelSweep({ args, values, stop }: Call<typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const { id } = await findSweep(link, args[0] ?? '');
  const sweep = await ask(link.sweeps.cancel.bind(link.sweeps), {
    sweep: id,
    reason: 'cancelled by sweeps cancel',
  });
  await printLines([`${sweep.id}: ${label('SWEEP_STATE', sweep.state)}, ${countsLine(sweep.counts)}`]);
  return EXIT.ok;
}

export async function removeSweeps({ args, values, stop }: Call<typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const found: Sweep[] = [];
  for (const name of args) found.push(await findSweep(link, name));
  for (const { id } of found) await ask(link.sweeps.remove.bind(link.sweeps), { sweep: id });
  await printLines(found.map(({ id }) => `${id}: removed`));
  return EXIT.ok;
}

export async function showResults(call: Call<typeof WATCH>): Promise<ExitCode> {
  checkOutput(call.values);
  await using link = await openLink(call.values, call.stop);
  const { sweep, show, patience, stages } = await openShow(call, link);
  await using _ = stages;
  const results = (bodies: boolean) => finished(link, { sweep: sweep.id, bodies }, call.stop, patience);
  if (show.takesReports) await show.all(results(show.bodies));
  await show.end(sweep, results);
  return show.exit(EXIT.ok);
}

export async function watchSweep(call: Call<typeof WATCH>): Promise<ExitCode> {
  const { values, sources, stop } = call;
  checkOutput(values);
  await using link = await openLink(values, stop);
  const { sweep: found, show, screen, patience, stages } = await openShow(call, link);
  await using _ = stages;
  const followed = {
    sweep: found.id,
    bodies: show.bodies,
    onReports: (reports: Report[]) => show.reports(reports),
    onProgress: (progress: Sweep) => screen.progress.update(progress),
  };
  try {
    const sweep = await follow(link, followed, stop, patience);
    await show.end(sweep, (bodies) => finished(link, { sweep: sweep.id, bodies }, stop, patience));
    const code = conclude(sweep, show.tally, {
      progress: screen.progress,
      tolerance: values.tolerate,
      hint: `again: netsweep run --rerun ${sweep.id} --failed${linkOptions(values, sources)} -i INVENTORY`,
    });
    return show.exit(code);
  } catch (error) {
    screen.progress.end();
    if (!link.selfContained && stop.aborted) screen.progress.say(watchAgain(found.id, values, sources));
    throw error;
  }
}

async function openShow({ args, values, sources, stop }: Call<typeof WATCH>, link: Connection) {
  const sweep = await findSweep(link, args[0] ?? '');
  if (values.sessionLog !== null && sweep.options?.transcripts !== true)
    throw new UsageError(`sweep ${sweep.id} was run without --session-log: its sessions were not recorded`);
  const screen = new Screen(values);
  const patience = patienceWith(link, values, screen.progress);
  const stages = await Stages.open(values, bodyReader(link, stop, patience));
  const { read, rows } = stages;
  const views = openViews({
    values,
    screen,
    read,
    rows,
    selected: sweep.counts?.selected ?? 0,
    again: (id) => `netsweep sweeps results ${id}${linkOptions(values, sources)}`,
  });
  return { sweep, screen, patience, stages, show: new Show(views, screen, stages) };
}

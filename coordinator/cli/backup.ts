// `netsweep backup`: a sweep whose results become one commit. The repository is opened and held first, so that nothing is
// asked of any device that could not be kept.
import { hostname } from 'node:os';
import { type Sweep, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { Backup, type BackupResult } from '../backup/backup.js';
import { GitError } from '../backup/git.js';
import { Repository, RepositoryRefused } from '../backup/repository.js';
import type { ReadOutput } from '../combine/result.js';
import { fallbacks } from '../config.js';
import { backupNotice } from '../notices/sweep.js';
import { attend } from './attend.js';
import { bodyReader } from './body.js';
import type { Call } from './command.js';
import { decide, Ended, EXIT, type ExitCode, UsageError } from './exit.js';
import { finished } from './follow.js';
import { findSweep, linkOptions, openLink, patienceWith, shellWord } from './link.js';
import { destinationsOf, tell } from './notify.js';
import { conclude, Screen } from './output.js';
import { openPlatforms } from './platforms.js';
import { plan, resolve, type Selected, select } from './prepare.js';
import { confirm, sweepOptions } from './run.js';
import { type BACKUP, RUN } from './settings.js';
import { harmlessLine } from './terminal.js';
import { commandName, treeName } from './views/tree.js';
import type { View } from './views/view.js';

type BackupCall = Call<typeof BACKUP>;

export async function backup(call: BackupCall): Promise<ExitCode> {
  const { values } = call;
  if (values.repo === null) throw new UsageError('--repo is missing: where is the repository?');
  if (values.from !== null && call.args.length > 0)
    throw new UsageError('--from takes what an earlier sweep brought, give no commands');
  const destinations = await destinationsOf(values.notify);
  const selected = values.from === null || values.prune ? await select(values) : null;
  for (const warning of selected?.warnings ?? []) process.stderr.write(`${harmlessLine(warning)}\n`);
  await using repository = await openRepository(values.repo);
  const taken = new Backup(repository, {
    layout: values.layout,
    raw: values.raw,
    author: values.author ?? { name: 'netsweep', mail: `netsweep@${hostname()}` },
    platforms: selected?.platforms ?? openPlatforms(values),
    names: { device: treeName, command: commandName },
    inventory: values.prune && selected !== null ? namesOf(selected) : null,
  });
  const done: Done = { sweep: null, result: NOT_COMMITTED };
  const screen = new Screen(values);
  let code: ExitCode = EXIT.failures;
  let failed: GitError | null = null;
  try {
    code =
      selected === null || values.from !== null
        ? await fromEarlier(call, taken, done)
        : await sweep(call, selected, taken, done);
    if (values.push !== null) await repository.push(values.push);
  } catch (error) {
    // Git has failed; whoever should hear of that does.
    if (!(error instanceof GitError) || destinations.length === 0 || done.sweep === null) throw error;
    failed = error;
    screen.progress.say(`netsweep: ${error.message}`);
  }
  if (destinations.length === 0 || done.sweep === null || call.stop.aborted) return code;
  const figures = { sweep: done.sweep, tally: taken.tally, tolerance: values.tolerate };
  const notice = backupNotice(figures, done.result, failed?.message ?? null);
  const isTold = await tell(destinations, notice, screen.progress);
  return decide([code, ...(failed !== null || !isTold ? [EXIT.failures] : [])]);
}

/** Of all devices of the inventory. */
function namesOf({ inventory }: Selected): Set<string> {
  return new Set(inventory.entries.map(({ name }) => name));
}

/** How far a backup has got. */
interface Done {
  sweep: Sweep | null;
  result: BackupResult;
}

const NOT_COMMITTED: BackupResult = { commit: '', summary: 'nothing was written', left: null };

async function sweep(call: BackupCall, selected: Selected, taken: Backup, done: Done): Promise<ExitCode> {
  const { args, values: own, sources, stop } = call;
  const values = { ...fallbacks(RUN), ...own };
  const planned = plan(selected, { commands: args, values, options: sweepOptions(values) });
  await confirm(values, planned.devices.length);
  const credentials = await resolve(selected, planned, stop);
  await using link = await openLink(values, stop, values.isolation);
  return await attend({ values, sources, stop }, link, {
    options: planned.options,
    devices: planned.devices,
    credentials,
    views: (read, screen) => [viewOf(taken, read, (ended) => keep(taken, ended, done, screen))],
    hint: (id) => `what came back is kept: netsweep sweeps results ${id}${linkOptions(values, sources)}`,
  });
}

/** No device is touched. */
async function fromEarlier(
  { values, sources, stop }: BackupCall,
  taken: Backup,
  done: Done,
): Promise<ExitCode> {
  await using link = await openLink(values, stop);
  const sweep = await findSweep(link, values.from ?? '');
  if (sweep.state === SweepState.RUNNING || sweep.state === SweepState.PAUSED)
    throw new UsageError(
      `sweep ${sweep.id} is running: netsweep sweeps watch ${sweep.id}${linkOptions(values, sources)}`,
    );
  const screen = new Screen(values);
  const patience = patienceWith(link, values, screen.progress);
  const read = bodyReader(link, stop, patience);
  for await (const report of finished(link, { sweep: sweep.id, bodies: true }, stop, patience))
    await taken.report(report, read);
  await keep(taken, sweep, done, screen);
  return conclude(sweep, taken.tally, {
    progress: screen.progress,
    tolerance: values.tolerate,
    hint: `what came back: netsweep sweeps results ${sweep.id}${linkOptions(values, sources)}`,
  });
}

function viewOf(taken: Backup, read: ReadOutput, end: (sweep: Sweep) => Promise<void>): View {
  return { bodies: true, report: (report) => taken.report(report, read), end };
}

async function keep(taken: Backup, sweep: Sweep, done: Done, screen: Screen): Promise<void> {
  done.sweep = sweep;
  done.result = await taken.end(sweep);
  show(screen, done.result);
}

function show({ progress }: Screen, { commit, summary, left }: BackupResult): void {
  progress.clear();
  progress.note(
    commit === ''
      ? `nothing has changed, no commit: ${summary}`
      : `commit ${commit.slice(0, 12)}: ${summary}`,
  );
  if (left !== null)
    progress.say(
      `the files in the working tree are left as they are, because they were being changed (${harmlessLine(left)})`,
    );
}

async function openRepository(path: string): Promise<Repository> {
  try {
    return await Repository.open(path);
  } catch (error) {
    if (!(error instanceof RepositoryRefused || error instanceof GitError)) throw error;
    if (error instanceof RepositoryRefused && error.isTaken)
      throw new Ended(EXIT.unreachable, error.message, { cause: error });
    throw new UsageError(`--repo ${shellWord(path)}: ${error.message}`);
  }
}

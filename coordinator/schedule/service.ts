// Schedules over gRPC. A schedule is a command that runs with the rights of who runs `netsweep serve`, so it is taken
// only from callers with a certificate, or over the socket that nobody but that user can reach.
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type Server, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  type AddScheduleRequest,
  RunState,
  type Schedule,
  type ScheduleRun,
  ScheduleView,
} from '../../proto/gen/netsweep/v1/schedules.js';
import { type SchedulesServer, SchedulesService } from '../../proto/gen/netsweep/v1/schedules_service.js';
import type { Act } from '../auditlog/acts.js';
import { type Who, whoOf } from '../auditlog/who.js';
import { callerOf } from '../identity/caller.js';
import { answer, ServiceError } from '../intake/calls.js';
import type { ScheduleBook } from './book.js';
import { CronError } from './cron.js';
import { coming } from './due.js';
import type { Programs } from './programs.js';
import type { Scheduler, Shown } from './scheduler.js';
import { timingOf } from './timing.js';

/** Starts to come that are shown. */
const COMING = 5;
/** Among so many records the last run is looked for. */
const RECENT = 100;
const MOST_RUNS = 1_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const BEGUN: readonly RunState[] = [RunState.STARTED, RunState.ENDED, RunState.CUT_OFF];

export interface SchedulesParts {
  scheduler: Scheduler;
  book: ScheduleBook;
  programs: Programs;
  socket: string;
  /** In the audit log when it resolves; then it is done. */
  record(act: Act): Promise<unknown>;
}

export function serveSchedules(server: Pick<Server, 'addService'>, parts: SchedulesParts): void {
  const { scheduler, book, record } = parts;
  const named = (name: string) => find(scheduler, name);
  const handlers: SchedulesServer = {
    add: own(parts, (request, who) => add(parts, request, who)),
    change: own(parts, (request, who) => change(parts, request, who)),
    list: own(parts, async ({ name }) => {
      const shown = name === '' ? scheduler.list() : [named(name)];
      return { schedules: await Promise.all(shown.map((one) => view(book, one))) };
    }),
    runs: own(parts, async ({ name, limit }) => {
      const most = Math.min(limit || MOST_RUNS, MOST_RUNS);
      const runs = await book.runs(named(name).schedule.id, most);
      return { runs: await Promise.all(runs.map((run) => withSweeps(book, run))) };
    }),
    pause: own(parts, async ({ name, paused }, who) => {
      const { id } = named(name).schedule;
      await record({ act: paused ? 'pause-schedule' : 'resume-schedule', who, schedule: name });
      return scheduler.pause(id, paused);
    }),
    run: own(parts, async ({ name }, who) => {
      const { id } = named(name).schedule;
      await record({ act: 'run-schedule', who, schedule: name });
      return scheduler.run(id);
    }),
    remove: own(parts, async ({ name }, who) => {
      const { id } = named(name).schedule;
      await record({ act: 'remove-schedule', who, schedule: name });
      await scheduler.remove(id);
      return {};
    }),
  };
  server.addService(SchedulesService, handlers);
}

async function add(
  { scheduler, programs, record }: SchedulesParts,
  { schedule }: AddScheduleRequest,
  who: Who,
): Promise<Schedule> {
  if (schedule === undefined) throw new ServiceError(status.INVALID_ARGUMENT, 'a schedule is wanted');
  const { name, words } = schedule;
  if (!NAME.test(name))
    throw new CronError(
      `found "${name}", expected a name of up to 64 letters, digits, dots, dashes and underscores`,
    );
  if (scheduler.named(name) !== null)
    throw new CronError(`there is a schedule "${name}" already (netsweep schedule set changes it)`);
  await check(programs, schedule);
  await record({ act: 'add-schedule', who, schedule: name, command: words[0] ?? '' });
  return scheduler.add(schedule);
}

async function change(
  { scheduler, programs, record }: SchedulesParts,
  { schedule }: AddScheduleRequest,
  who: Who,
): Promise<Schedule> {
  if (schedule === undefined) throw new ServiceError(status.INVALID_ARGUMENT, 'a schedule is wanted');
  const { id } = find(scheduler, schedule.name).schedule;
  await check(programs, schedule);
  const { name, words } = schedule;
  await record({ act: 'change-schedule', who, schedule: name, command: words[0] ?? '' });
  return scheduler.change(id, schedule);
}

async function check(programs: Programs, schedule: Schedule): Promise<void> {
  const { directory } = schedule;
  if (!isAbsolute(directory) || !existsSync(directory))
    throw new CronError(
      `there is no directory ${directory} on the coordinator's host (expected --directory DIR, where the command's files are)`,
    );
  timingOf(schedule);
  const wrong = await programs.check(schedule);
  if (wrong !== null) throw new CronError(wrong);
}

async function view(book: ScheduleBook, { schedule, timing }: Shown): Promise<ScheduleView> {
  const recent = await book.runs(schedule.id, RECENT);
  const last = recent.find(({ state }) => BEGUN.includes(state));
  return ScheduleView.create({
    schedule,
    nextMs: timing === null || schedule.paused ? [] : coming(timing, schedule.decidedToMs, COMING),
    last: last && (await withSweeps(book, last)),
    damaged: timing === null,
  });
}

/** A run that is under way has its sweep already. */
async function withSweeps(book: ScheduleBook, run: ScheduleRun): Promise<ScheduleRun> {
  return run.state === RunState.STARTED ? { ...run, sweeps: await book.sweepsOf(run.key) } : run;
}

function find(scheduler: Scheduler, name: string): Shown {
  const shown = scheduler.named(name);
  if (shown === null)
    throw new ServiceError(
      status.NOT_FOUND,
      `no schedule is called "${name}" (netsweep schedule list shows them)`,
    );
  return shown;
}

function own<Request, Reply>(
  { socket }: SchedulesParts,
  work: (request: Request, who: Who) => Promise<Reply>,
) {
  return (call: ServerUnaryCall<Request, Reply>, callback: sendUnaryData<Reply>): void => {
    const mayCall = callerOf(call).via !== 'loopback';
    answer(
      callback,
      mayCall ? refused(() => work(call.request, whoOf(call))) : Promise.reject(closed(socket)),
    );
  };
}

function closed(socket: string): ServiceError {
  return new ServiceError(
    status.PERMISSION_DENIED,
    `without TLS schedules are for the user of netsweep serve alone: --coordinator ${socket}`,
  );
}

async function refused<Reply>(work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CronError) throw new ServiceError(status.INVALID_ARGUMENT, error.message);
    throw error;
  }
}

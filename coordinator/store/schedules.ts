// Schedules and what became of their due times: rows of one message each, under a checksum. A schedule that the disk
// has changed is given back as damaged, because nobody may start what nobody has written.
import { RunState, Schedule, ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import type { KeptSchedule, ScheduleWrite } from '../schedule/book.js';
import type { Sql } from './sql.js';
import { isIntact, sumOf } from './sums.js';

/** Latest runs that are kept of a schedule. */
const KEPT_RUNS = 1_000;

export function applySchedule(sql: Sql, write: ScheduleWrite): void {
  switch (write.write) {
    case 'schedule':
      putSchedule(sql, write.schedule);
      break;
    case 'dropSchedule':
      sql.run('DELETE FROM schedules WHERE id = ?', write.id);
      sql.run('DELETE FROM schedule_runs WHERE schedule = ?', write.id);
      break;
    case 'scheduleRun':
      putRun(sql, write.run);
      break;
    default:
      write satisfies never;
  }
}

function putSchedule(sql: Sql, schedule: Schedule): void {
  const { id, name } = schedule;
  const about = Schedule.encode(schedule).finish();
  sql.run('INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?)', id, name, about, sumOf(id, name, about));
}

function putRun(sql: Sql, run: ScheduleRun): void {
  const { key, schedule, state } = run;
  const about = ScheduleRun.encode(run).finish();
  const open = Number(state === RunState.QUEUED || state === RunState.STARTED);
  sql.run(
    `INSERT INTO schedule_runs (key, schedule, open, about, sum) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET open = excluded.open, about = excluded.about, sum = excluded.sum`,
    key,
    schedule,
    open,
    about,
    sumOf(key, schedule, open, about),
  );
  sql.run(
    `DELETE FROM schedule_runs WHERE schedule = ?1 AND open = 0 AND no <=
       (SELECT no FROM schedule_runs WHERE schedule = ?1 ORDER BY no DESC LIMIT 1 OFFSET ${KEPT_RUNS})`,
    schedule,
  );
}

export function schedules(sql: Sql): KeptSchedule[] {
  const rows = sql.all<{ id: string; name: string; about: Uint8Array; sum: number }>(
    'SELECT id, name, about, sum FROM schedules ORDER BY name',
  );
  return rows.map(({ id, name, about, sum }) => {
    const isDamaged = !isIntact(sum, id, name, about);
    return { schedule: isDamaged ? Schedule.create({ id, name }) : Schedule.decode(about), isDamaged };
  });
}

interface RawRun {
  key: string;
  schedule: string;
  open: number;
  about: Uint8Array;
  sum: number;
}

const RUN = 'SELECT key, schedule, open, about, sum FROM schedule_runs';

export function openScheduleRuns(sql: Sql): ScheduleRun[] {
  return sql.all<RawRun>(`${RUN} WHERE open = 1 ORDER BY no`).map(runOf);
}

export function scheduleRuns(sql: Sql, schedule: string, limit: number): ScheduleRun[] {
  return sql.all<RawRun>(`${RUN} WHERE schedule = ? ORDER BY no DESC LIMIT ?`, schedule, limit).map(runOf);
}

/** Whether a damaged one was run nobody can tell, so it is not run again. */
function runOf({ key, schedule, open, about, sum }: RawRun): ScheduleRun {
  if (isIntact(sum, key, schedule, open, about)) return ScheduleRun.decode(about);
  const why = 'its record is damaged in the store';
  return ScheduleRun.create({ key, schedule, count: 1, state: RunState.CUT_OFF, why });
}

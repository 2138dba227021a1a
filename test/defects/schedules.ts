import type { Defect } from './defect.ts';

const YEAR = {
  file: 'test/schedule/year.test.ts',
  title:
    'of a year of due times each is started once or recorded as missed, through 500 restarts (SEED=%i npx vitest run test/schedule/year.test.ts)',
};
const BACKUP = 'test/backup/backup.test.ts';

export const defects: Defect[] = [
  {
    name: 'A run that was decided and not begun is forgotten at the next start',
    file: 'coordinator/schedule/scheduler.ts',
    find: 'for (const [held, run] of begin) this.#admit(held, run);',
    replace: '',
    test: YEAR,
  },
  {
    name: 'What was due in a long absence is not looked for',
    file: 'coordinator/schedule/due.ts',
    find: 'for (const due of timing.calendar.after(decidedToMs)) {',
    replace: 'for (const due of timing.calendar.after(Math.max(decidedToMs, nowMs - 600_000))) {',
    test: YEAR,
  },
  {
    name: 'A time that the clock leaps over is not due',
    file: 'coordinator/schedule/cron.ts',
    find: 'for (const due of this.#inOrder(this.#wallBefore(ms))) if (due.atMs > ms) yield due;',
    replace:
      'for (const due of this.#inOrder(this.#wallBefore(ms))) if (due.atMs > ms && !due.isLost) yield due;',
    test: YEAR,
  },
  {
    name: 'A time that the clock shows twice is due twice',
    file: 'coordinator/schedule/cron.ts',
    find: '.slice(0, this.#everyHour ? 2 : 1)',
    replace: '.slice(0, 2)',
    test: YEAR,
  },
  {
    name: 'What a refused command printed goes into the backup',
    file: 'coordinator/backup/backup.ts',
    find: 'if (report.status !== Status.OK) {',
    replace: 'if (report.status === Status.SUSPECT) {',
    test: {
      file: BACKUP,
      title:
        'after 20 backups with changes, noise, failures and suspects the history shows real changes only (SEED=%i npx vitest run test/backup)',
    },
  },
];

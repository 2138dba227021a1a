// What is told of schedules, to a program that writes it down, on a clock that is moved by hand.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Destination } from '../../coordinator/notices/destination.ts';
import type { ScheduleNotice } from '../../coordinator/notices/schedule.ts';
import { Telling } from '../../coordinator/schedule/telling.ts';
import { RunState, Schedule, ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.ts';

class World implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'netsweep-telling-'));
  readonly told: [name: string, subject: string][] = [];
  readonly notices: ScheduleNotice[] = [];
  readonly warned: string[] = [];
  readonly telling: Telling;
  #timers: (() => void)[] = [];

  constructor() {
    writeFileSync(
      join(this.directory, 'netsweep.yaml'),
      'notices:\n  news: {exec: x}\n  bad: {exec: x, on: findings}\n  all: {exec: x, on: always}\n',
    );
    const host = {
      wallMs: () => 0,
      after: (_ms: number, call: () => void) => {
        this.#timers.push(call);
        return () => {
          this.#timers = this.#timers.filter((one) => one !== call);
        };
      },
    };
    this.telling = new Telling(host, {
      give: async ({ name }: Destination, notice) => {
        this.told.push([name, notice.subject]);
        this.notices.push(notice);
      },
      warn: (error, what) => this.warned.push(`${what}: ${error}`),
    });
  }

  /** The time to gather is over. */
  async pass(): Promise<[string, string][]> {
    for (const call of this.#timers.splice(0)) call();
    await new Promise((resolve) => setImmediate(resolve));
    return this.told.splice(0);
  }

  hear(name: string, notify: string[], run: Partial<ScheduleRun>): void {
    const { directory } = this;
    this.telling.hear(
      Schedule.create({ id: name, name, notify, directory }),
      ScheduleRun.create({ schedule: name, due: '2026-06-01T02:00+02:00', count: 1, ...run }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.telling[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true });
  }
}

const missed = { state: RunState.MISSED, why: 'netsweep serve was not running' };
const ended = (exitCode: number, tail = '') => ({ state: RunState.ENDED, exitCode, tail });

test('what an absence has missed is one notice for each destination, whatever the number of schedules', async () => {
  await using world = new World();
  for (let at = 0; at < 70; at++)
    world.hear(`s${at}`, ['news', 'all'], { ...missed, lastDue: '2026-06-03T02:00+02:00', count: 3 });
  world.hear('s0', ['news'], { state: RunState.CUT_OFF, why: 'netsweep serve ended' });
  expect(await world.pass()).toEqual([
    ['news', 'schedules: 70 missed, 1 cut off'],
    ['all', 'schedules: 70 missed'],
  ]);
  expect(world.notices[0]).toMatchObject({ count: 71, events: { length: 50 } });
  expect(world.notices[0]?.events[0]).toEqual({
    ...{ schedule: 's0', due: '2026-06-01T02:00+02:00', lastDue: '2026-06-03T02:00+02:00', count: 3 },
    ...{ outcome: 'missed', why: 'netsweep serve was not running', sweeps: [] },
  });
  expect(await world.pass(), 'once').toEqual([]);
});

test('a run that has swept tells of itself; one that could not is told of, once while it stays so', async () => {
  await using world = new World();
  const names = ['news', 'bad', 'all'];
  for (const code of [0, 1, 3, 5, 6]) world.hear('night', names, ended(code));
  expect(await world.pass()).toEqual([]);
  world.hear('night', names, ended(2, 'sweeping\nlab.yaml:3:1: unknown key\n'));
  const subject = 'schedule night 2026-06-01T02:00+02:00: bad input';
  expect(await world.pass()).toEqual(names.map((name) => [name, subject]));
  expect(world.notices[0]?.events[0]?.why).toBe('lab.yaml:3:1: unknown key');
  world.hear('night', names, ended(2));
  expect(await world.pass(), 'nothing is new').toEqual([
    ['bad', subject],
    ['all', subject],
  ]);
  world.hear('night', names, ended(-1, 'R1: hostname R1'));
  expect((await world.pass()).map(([name]) => name)).toEqual(names);
  expect(JSON.stringify(world.notices), 'no output').not.toContain('hostname');
  world.hear('night', names, ended(3));
  expect(await world.pass()).toEqual([
    ['news', 'schedule night 2026-06-01T02:00+02:00: works again'],
    ['all', 'schedule night 2026-06-01T02:00+02:00: works again'],
  ]);
  world.hear('night', names, ended(0));
  expect(await world.pass()).toEqual([]);
});

test('what is still to be told when netsweep serve ends is told then, and a name that is gone is logged', async () => {
  const world = new World();
  world.hear('night', ['news', 'gone'], ended(4, 'netsweep: no coordinator\n'));
  await world[Symbol.asyncDispose]();
  expect(world.told).toEqual([['news', 'schedule night 2026-06-01T02:00+02:00: unreachable']]);
  expect(world.warned).toEqual([expect.stringMatching(/notice gone .*netsweep\.yaml has no notice of that/)]);
});

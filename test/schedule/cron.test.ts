// Due times where the clock on the wall is no straight line.
import { expect, test } from 'vitest';
import { Calendar, CronError, type DueTime } from '../../coordinator/schedule/cron.ts';
import { Zone } from '../../coordinator/schedule/zone.ts';

function due(pattern: string, zone: string, from: string, to: string): DueTime[] {
  const found: DueTime[] = [];
  for (const time of new Calendar(pattern, new Zone(zone)).after(Date.parse(from))) {
    if (time.atMs > Date.parse(to)) break;
    found.push(time);
  }
  return found;
}

function told(times: DueTime[]): string[] {
  return times.map(
    ({ atMs, label, isLost }) =>
      `${new Date(atMs).toISOString().slice(5, 16)} ${label.slice(5)}${isLost ? ' lost' : ''}`,
  );
}

const SPRING = ['2026-03-28T23:00Z', '2026-03-29T03:00Z'] as const;
const AUTUMN = ['2026-10-24T22:00Z', '2026-10-25T03:00Z'] as const;

test.each([
  ['30 2 * * *', SPRING, ['03-29T01:00 03-29T02:30+01:00']],
  [
    '30 1-3 * * *',
    SPRING,
    ['03-29T00:30 03-29T01:30+01:00', '03-29T01:00 03-29T02:30+01:00', '03-29T01:30 03-29T03:30+02:00'],
  ],
  [
    '0,30 2,3 * * *',
    SPRING,
    [
      '03-29T01:00 03-29T03:00+02:00',
      '03-29T01:00 03-29T02:00+01:00 lost',
      '03-29T01:00 03-29T02:30+01:00 lost',
      '03-29T01:30 03-29T03:30+02:00',
    ],
  ],
  ['10,40 2 * * *', SPRING, ['03-29T01:00 03-29T02:10+01:00', '03-29T01:00 03-29T02:40+01:00 lost']],
  [
    '15 * * * *',
    SPRING,
    [
      '03-28T23:15 03-29T00:15+01:00',
      '03-29T00:15 03-29T01:15+01:00',
      '03-29T01:00 03-29T02:15+01:00 lost',
      '03-29T01:15 03-29T03:15+02:00',
      '03-29T02:15 03-29T04:15+02:00',
    ],
  ],
  ['30 2 * * *', AUTUMN, ['10-25T00:30 10-25T02:30+02:00']],
  ['0,30 2 * * *', AUTUMN, ['10-25T00:00 10-25T02:00+02:00', '10-25T00:30 10-25T02:30+02:00']],
  [
    '*/30 * * * *',
    ['2026-10-24T23:45Z', '2026-10-25T02:00Z'],
    [
      '10-25T00:00 10-25T02:00+02:00',
      '10-25T00:30 10-25T02:30+02:00',
      '10-25T01:00 10-25T02:00+01:00',
      '10-25T01:30 10-25T02:30+01:00',
      '10-25T02:00 10-25T03:00+01:00',
    ],
  ],
])(
  '%s in Berlin when the clock is changed: each due time once, or lost and said so',
  (pattern, [from, to], expected) => {
    expect(told(due(pattern, 'Europe/Berlin', from, to))).toEqual(expected);
  },
);

test('half an hour is leapt over in Lord Howe, a whole day in Apia, and in between all is as everywhere', () => {
  expect(told(due('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T16:00Z', '2026-10-04T16:00Z'))).toEqual([
    '10-03T15:30 10-04T02:15+10:30',
    '10-04T15:15 10-05T02:15+11:00',
  ]);
  expect(told(due('0 12 * * *', 'Pacific/Apia', '2011-12-29T00:00Z', '2011-12-31T00:00Z'))).toEqual([
    '12-29T22:00 12-29T12:00-10:00',
    '12-30T10:00 12-30T12:00-10:00',
    '12-30T22:00 12-31T12:00+14:00',
  ]);
});

test('asked from any moment on, what follows is the same', () => {
  const zone = new Zone('America/New_York');
  const calendar = new Calendar('*/20 0-4 * * *', zone);
  for (const day of ['2026-03-08', '2026-11-01']) {
    const start = Date.parse(`${day}T00:00Z`);
    const first = (from: number) => {
      for (const time of calendar.after(from)) return time;
      throw new Error('there is always another');
    };
    const all = due(
      '*/20 0-4 * * *',
      'America/New_York',
      `${day}T00:00Z`,
      new Date(start + 2 * 86_400_000).toISOString(),
    );
    for (let ms = start; ms < start + 12 * 3_600_000; ms += 11 * 60_000)
      expect(first(ms)).toEqual(all.find(({ atMs }) => atMs > ms));
  }
});

test.each([
  [
    '* * * *',
    'found "* * * *", expected five fields: minute, hour, day of the month, month, day of the week',
  ],
  [
    '* * * * * *',
    'found "* * * * * *", expected five fields: minute, hour, day of the month, month, day of the week',
  ],
  ['61 * * * *', 'found "61 * * * *": Invalid value for minute: 61'],
  ['0 0 31 2 *', 'found "0 0 31 2 *", which is never due'],
])('%s is refused', (pattern, message) => {
  expect(() => new Calendar(pattern, new Zone('UTC'))).toThrow(new CronError(message));
});

// The live view as a terminal shows it: what a real run writes, played frame by frame into a terminal's own model.
import { describe, expect, test } from 'vitest';
import { Fleet } from '../fleet.ts';
import { record } from '../pictures/record.ts';
import { framesOf } from '../pictures/terminal.ts';
import { Place } from '../place.ts';
import { without } from '../process.ts';

const ROWS = 24;
describe.skipIf(without('script') !== null)('the live view', () => {
  test.each([40, 80, 200])(
    'on %i columns is drawn over itself, whole, and leaves nothing but the summary',
    async (columns) => {
      await using place = await Place.open();
      await using fleet = await Fleet.open({
        ...{ devices: 90, segments: 3, platforms: ['cisco_ios'], siteSize: 0, configLines: 20 },
        ...{ promptMs: 700, commandMs: 700, bad: { refuse: 0.05 } },
      });
      const words = [
        'run',
        '-i',
        fleet.inventory(),
        '--forks',
        '30',
        '--retries',
        '0',
        '-t',
        place.path('tree'),
      ];
      const { bytes, code } = await record(place, [...words, 'show version'], { columns, rows: ROWS });
      expect(code).toBe(1);
      const seen = await framesOf(bytes, { columns, rows: ROWS });
      const views = seen.filter(
        ({ lines }) => lines[0]?.startsWith('sweep 01') && lines.some((line) => / running/.test(line)),
      );
      expect(views.length).toBeGreaterThan(3);
      expect(views.filter(({ wrapped }) => wrapped > 0)).toEqual([]);
      for (const { lines } of views) {
        // One view, not two over each other.
        expect(lines.filter((line) => line.startsWith('sweep 01'))).toHaveLength(1);
        expect(lines.filter((line) => / of 90, /.test(line))).toHaveLength(1);
      }
      const last = views.at(-1)?.lines.join('\n') ?? '';
      expect(last).toMatch(/^segment-3 /m);
      expect(last).toMatch(/^slowest /m);
      expect(last).toMatch(/^\d+ refused( {2}|$)/m);
      const end = seen.at(-1)?.lines.join('\n') ?? '';
      expect(end).not.toMatch(/slowest|waiting|░/);
      expect(end).toMatch(/90\s+devices: /);
      expect(end).toContain('netsweep run --rerun');
    },
  );

  test('has no colours with NO_COLOR, and no more than ASCII where the terminal has no more', async () => {
    await using place = await Place.open();
    await using fleet = await Fleet.open({ devices: 3, platforms: ['cisco_ios'], promptMs: 700 });
    const words = ['run', '-i', fleet.inventory(), '-t', place.path('tree'), 'show version'];
    const { bytes, code } = await record(place, words, {
      ...{ columns: 80, rows: ROWS },
      env: { NO_COLOR: '1', LANG: 'C' },
    });
    expect(code).toBe(0);
    expect(bytes).toContain(' of 3, ');
    expect(bytes).not.toMatch(/\u001b\[\d*m/);
    expect(bytes).not.toMatch(/[^\u0000-\u007f]/);
  });
});

// The live view as a terminal shows it: what a real run writes, played frame by frame into a terminal's own model.
import xterm from '@xterm/headless';
import { describe, expect, test } from 'vitest';
import { Fleet } from '../fleet.ts';
import { Place } from '../place.ts';
import { root, run, without } from '../process.ts';

const ROWS = 24;
/** Ends each drawing of the view, and each time it is taken away. */
const FRAME = '\u001b[J';

interface Frame {
  lines: string[];
  /** Lines that did not fit and go on in the next. */
  wrapped: number;
}

async function recorded(place: Place, args: string[], columns: number, env: NodeJS.ProcessEnv = {}) {
  const words = [process.execPath, `${root}/dist/coordinator/main.js`, ...args].map((word) => `'${word}'`);
  const { stdout, status } = await run(
    'script',
    ['-qec', `stty cols ${columns} rows ${ROWS}; exec ${words.join(' ')}`, '/dev/null'],
    { cwd: place.folder, env: { ...place.environment(), TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env } },
  );
  return { bytes: stdout, code: status };
}

async function frames(bytes: string, columns: number): Promise<Frame[]> {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows: ROWS,
    scrollback: 10_000,
    allowProposedApi: true,
  });
  const seen: Frame[] = [];
  for (const piece of bytes.split(FRAME)) {
    await new Promise<void>((resolve) => terminal.write(`${piece}${FRAME}`, resolve));
    const { active } = terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, at) => active.getLine(at));
    seen.push({
      lines: lines.map((line) => line?.translateToString(true) ?? '').filter((line) => line !== ''),
      wrapped: lines.filter((line) => line?.isWrapped === true).length,
    });
  }
  return seen;
}

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
      const { bytes, code } = await recorded(place, [...words, 'show version'], columns);
      expect(code).toBe(1);
      const seen = await frames(bytes, columns);
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
      expect(last).toMatch(/^\d+ refused {2}/m);
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
    const { bytes, code } = await recorded(place, words, 80, { NO_COLOR: '1', LANG: 'C' });
    expect(code).toBe(0);
    expect(bytes).toContain(' of 3, ');
    expect(bytes).not.toMatch(/\u001b\[\d*m/);
    expect(bytes).not.toMatch(/[^\u0000-\u007f]/);
  });
});

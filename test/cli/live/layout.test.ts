import { describe, expect, test } from 'vitest';
import { cellsOf, cut, wrapped } from '../../../coordinator/cli/cells.ts';
import { type Look, liveLines } from '../../../coordinator/cli/live/layout.ts';
import { LiveState, Rate } from '../../../coordinator/cli/live/state.ts';
import { painter } from '../../../coordinator/cli/terminal.ts';
import { Kind, type Report, Stage, Status } from '../../../proto/gen/netsweep/v1/model.ts';
import { Sweep, SweepState } from '../../../proto/gen/netsweep/v1/sweeps.ts';
import { okReport } from '../../combine/reports.ts';

const START = Date.UTC(2026, 10, 22, 11);

function sweep(counts: Partial<Record<string, number>>, more: Partial<Sweep> = {}): Sweep {
  const zero = {
    ok: 0,
    suspect: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    interrupted: 0,
    running: 0,
    waiting: 0,
  };
  const all = { ...zero, ...counts };
  const selected = Object.values(all).reduce((sum, value) => sum + value, 0);
  return Sweep.create({
    id: '01K0ABCDEFGHJKMNPQRSTVWXYZ',
    state: SweepState.RUNNING,
    startedAtMs: START,
    counts: { selected, ...all },
    ...more,
  });
}

interface Ended {
  name: string;
  segment?: string;
  agent?: string;
  ms?: number;
  failed?: { kind: Kind; message: string };
}

function ended({ name, segment = 'dc1', agent = 'agent-1', ms = 1000, failed }: Ended): Report {
  const report = okReport(name);
  return {
    ...report,
    ...{ agent, durationMs: ms, status: failed === undefined ? Status.OK : Status.FAILED },
    device: report.device && { ...report.device, segment },
    failure: failed && { ...failed, stage: Stage.CONNECT, retryable: true },
  };
}

function look(size: Partial<Look> = {}): Look {
  const paint = painter(false, false, {});
  return { columns: 80, rows: 24, now: START + 10_000, paint, unicode: false, ...size };
}

/** A sweep of 1,000 devices after ten seconds: 400 have ended. */
function halfWay(): LiveState {
  const state = new LiveState(
    new Map([
      ...([
        ['dc1', 600],
        ['dc2', 400],
      ] as const),
    ]),
  );
  state.update(sweep({ waiting: 1000 }));
  state.sample(START);
  for (let n = 0; n < 390; n += 1)
    state.add(ended({ name: `R${n}`, segment: n % 3 === 0 ? 'dc2' : 'dc1', ms: 900 + n }));
  for (let n = 0; n < 10; n += 1)
    state.add(
      ended({
        name: `sw${n}`,
        agent: 'agent-2',
        failed: { kind: n < 7 ? Kind.UNREACHABLE : Kind.AUTH, message: `no answer from 10.0.0.${n}` },
      }),
    );
  state.update(sweep({ ok: 390, failed: 10, running: 100, waiting: 500 }));
  state.sample(START + 10_000);
  return state;
}

describe('the live view', () => {
  test('on 40 columns tells what keeps it from going on in lines of its own, names before rates and failures below', () => {
    const state = new LiveState(
      new Map([
        ['dc1-zurich-hardturm', 60_000],
        ['dc2', 40_000],
      ]),
    );
    state.update(sweep({ waiting: 100_000 }));
    state.sample(START);
    const message = 'no answer within 10 s';
    for (let n = 0; n < 1_000; n += 1)
      state.add(ended({ name: `R${n}`, segment: n % 3 === 0 ? 'dc2' : 'dc1-zurich-hardturm' }));
    state.add(
      ended({
        name: 'core-1.zurich.example.net',
        segment: 'dc2',
        failed: { kind: Kind.UNREACHABLE, message },
      }),
    );
    const notice = 'agent agent-zurich-1 is lost; its 500 devices are tried again by agent-geneva-2 in 10 s';
    state.update(sweep({ ok: 1_000, failed: 1, waiting: 98_999 }, { notice }));
    state.sample(START + 10_000);
    const lines = liveLines(state, look({ columns: 40 }));
    expect(lines).toEqual([
      'sweep 01K0ABCDEF       0:10, 16:29 left',
      '.........  1,001 of 100,000, 1 %, 100/s',
      '1,000 ok  1 failed  98,999 waiting',
      'agent agent-zurich-1 is lost; its 500',
      '  devices are tried again by',
      '  agent-geneva-2 in 10 s',
      '',
      'segment                   ended  not ok',
      'dc1-zurich-hard~  666 of 60,000       0',
      'dc2               335 of 40,000       1',
      '',
      'slowest  R0 1.0 s  R1 1.0 s  R2 1.0 s',
      '1 unreachable',
      '  core-1.zurich.example.net: no answer',
      '  within 10 s',
    ]);
    expect(liveLines(state, look({ columns: 40, rows: 15 })).at(-1)).toBe(
      '1 unreachable  core-1.zurich.example.n~',
    );
  });

  test('shows states, rate, time left, segments, agents, the slowest and the failures', () => {
    expect(liveLines(halfWay(), look())).toEqual([
      'sweep 01K0ABCDEFGHJKMNPQRSTVWXYZ                          0:10, about 0:15 left',
      '################........................  400 of 1,000, 40 %, 40/s',
      '390 ok  10 failed  100 running  500 waiting',
      '',
      'segment       ended  not ok  rate',
      'dc1      270 of 600      10  27/s',
      'dc2      130 of 400       0  13/s',
      '',
      'agent    ended  not ok   rate',
      'agent-1    390       0   39/s',
      'agent-2     10      10  1.0/s',
      '',
      'slowest  R389 1.3 s  R388 1.3 s  R387 1.3 s  R386 1.3 s  R385 1.3 s',
      '7 unreachable  sw6: no answer from 10.0.0.6',
      '3 auth         sw9: no answer from 10.0.0.9',
    ]);
  });

  test.each([
    [
      'more',
      { ok: 350, failed: 10, running: 120, waiting: 520 },
      '390 ok  10 failed  80 running  520 waiting',
    ],
    [
      'fewer',
      { ok: 420, failed: 10, running: 90, waiting: 480 },
      '390 ok  10 failed  120 running  480 waiting',
    ],
    ['all', { waiting: 1000 }, '390 ok  10 failed  0 running  600 waiting'],
  ])('adds up, also where %s reports have come than the coordinator last counted', (_, counts, line) => {
    const state = halfWay();
    state.update(sweep(counts));
    const lines = liveLines(state, look());
    expect(lines).toContain(line.replace('  0 running', ''));
    expect(lines[1]).toContain('400 of 1,000');
  });

  test.each([20, 30, 40, 60, 80, 200])('is never wider than a terminal of %i columns', (columns) => {
    const lines = liveLines(halfWay(), look({ columns }));
    expect(lines.filter((line) => cellsOf(line) >= columns)).toEqual([]);
    expect(lines.join(' ')).toContain('390 ok');
    expect(lines.join(' ')).toContain('10 failed');
  });

  test.each([
    [24, 15],
    [12, 11],
    [5, 1],
  ])('leaves a row of a terminal of %i free', (rows, height) =>
    expect(liveLines(halfWay(), look({ rows }))).toHaveLength(height),
  );

  test('in one line still says how many, and how long', () =>
    expect(liveLines(halfWay(), look({ rows: 4, columns: 40 }))).toEqual([
      '400 of 1,000, 10 not ok, 0:15 left',
    ]));

  test('says why it stands still, and promises nothing then', () => {
    const state = halfWay();
    state.update(
      sweep(
        { ok: 390, failed: 10, waiting: 600 },
        { state: SweepState.PAUSED, reason: 'by hand', stage: 'batch 3 of 12', notice: 'no agent for dc2' },
      ),
    );
    const text = liveLines(state, look()).join('\n');
    expect(text).toContain('paused: by hand\nbatch 3 of 12\nno agent for dc2');
    expect(text).not.toContain('left');
  });

  test('names eight segments and counts the others', () => {
    const state = new LiveState(
      new Map(Array.from({ length: 30 }, (_, n) => [`site${n}`, 10] as [string, number])),
    );
    state.update(sweep({ waiting: 300 }));
    for (let n = 0; n < 30; n += 1) state.add(ended({ name: `R${n}`, segment: `site${n}` }));
    const lines = liveLines(state, look({ rows: 40 }));
    expect(lines.filter((line) => line.startsWith('site'))).toHaveLength(8);
    expect(lines).toContain('and 22 more: 22 ended');
  });

  test('has fewer rows of segments and agents where failures would be cut, whatever is said of them', () => {
    const state = new LiveState(
      new Map(Array.from({ length: 8 }, (_, n) => [`site${n}`, 10] as [string, number])),
    );
    state.update(sweep({ waiting: 100 }));
    for (let n = 0; n < 80; n += 1)
      state.add(ended({ name: `R${n}`, segment: `site${n % 8}`, agent: `agent-${n % 5}` }));
    const fail = (message: string) =>
      state.add(
        ended({ name: 'core-1', segment: 'site0', agent: 'agent-0', failed: { kind: Kind.AUTH, message } }),
      );
    const rows = (lines: string[], pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
    fail('the device refused the login, and says to whom it may concern that it will go on refusing it');
    const narrow = liveLines(state, look({ columns: 40 }));
    expect(narrow.length).toBeLessThan(24);
    expect(narrow.slice(-3)).toEqual([
      '1 auth',
      '  core-1: the device refused the login,',
      '  and says to whom it may concern that~',
    ]);
    expect([rows(narrow, /^site/), rows(narrow, /^agent-/)]).toEqual([4, 5]);
    expect(narrow).toContain('and 4 more: 40 ended');
    fail('refused');
    const again = liveLines(state, look({ columns: 40 }));
    expect([rows(again, /^site/), rows(again, /^agent-/)]).toEqual([4, 5]);
    const wide = liveLines(state, look({ columns: 80, rows: 32 }));
    expect([rows(wide, /^site/), rows(wide, /^agent-/)]).toEqual([8, 5]);
  });

  test('makes what devices and agents are called harmless', () => {
    const state = new LiveState();
    state.update(sweep({ failed: 1 }));
    const failed = { kind: Kind.PROTOCOL, message: 'it said \u001b]0;x\u0007\nmore' };
    state.add(ended({ name: 'R\u001b[2J1', failed }));
    const text = liveLines(state, look()).join('\n');
    expect(text).not.toContain('\u001b');
    expect(text).toContain('R^[[2J1: it said ^[]0;x^G more');
  });

  test('is empty before anything is known', () => expect(liveLines(new LiveState(), look())).toEqual([]));
});

describe('a rate', () => {
  test('is that of the last ten seconds', () => {
    const rate = new Rate();
    expect(rate.perSecond()).toBeNull();
    for (let second = 0; second <= 30; second += 1)
      rate.sample(second * 1000, second < 20 ? 0 : (second - 20) * 50);
    expect(rate.perSecond()).toBe(50);
  });
});

describe('the width of a text', () => {
  test.each([
    ['R1', 2],
    ['核心1', 5],
    ['e\u0301', 1],
    ['🚀', 2],
  ])('%j is %i', (text, cells) => expect(cellsOf(text)).toBe(cells));

  test('a text is cut at it', () => {
    expect(cut('abcdef', 4)).toBe('abc~');
    expect(cut('核心核心', 5)).toBe('核心~');
    expect(cut('abc', 3)).toBe('abc');
  });

  test('a sentence is broken at spaces, a list after its commas', () => {
    expect(wrapped('took 17.0 s with 3 agents', 12)).toEqual(['took 17.0 s', '    with 3', '    agents']);
    expect(wrapped('R[1,2,3,4,5]: refused', 9, 2)).toEqual(['R[1,2,3,', '  4,5]:', '  refused']);
  });
});

import { describe, expect, test } from 'vitest';
import { duration, lateLine, noteLines, summaryLines } from '../../coordinator/combine/summary.ts';
import { Tally, tolerated } from '../../coordinator/combine/tally.ts';
import { Kind, Proof, Status } from '../../proto/gen/netsweep/v1/model.ts';
import { endedSweep, failedReport, okReport, output } from './reports.ts';

const REPORTS = [
  okReport('R1', output('show version', 'x')),
  { ...okReport('R2', output('show version', 'x', Proof.SUSPECT)), status: Status.SUSPECT },
  ...['R3', 'R4', 'R5'].map((name) => failedReport(name, Kind.REFUSED)),
  failedReport('R9', Kind.AUTH),
  { ...failedReport('R10', Kind.LIMIT), status: Status.SKIPPED },
];

function tallied(): Tally {
  const tally = new Tally();
  for (const report of REPORTS) tally.add(report);
  return tally;
}

test('a summary names failures by kind with folded names, what is not proved, and the time it saved', () => {
  const [counts, ...lines] = summaryLines(endedSweep(...REPORTS), tallied());
  expect(counts).toMatch(/^7 devices: 1 ok/);
  expect(lines).toEqual([
    '  refused                3  R[3-5]: it said "no"',
    '  auth                   1  R9: it said "no"',
    '  limit                  1  R10: it said "no"',
    '  not proved whole: "show version" of R2',
    'took 4.0 s with 3 agents; one after the other would have taken 6 min 12 s (93 times as long)',
  ]);
});

test('results that changed nothing are told apart, and not mentioned where there were none', () => {
  const sweep = endedSweep();
  expect(lateLine(sweep)).toBeNull();
  expect(lateLine({ ...sweep, refusedResults: 3 })).toBe(
    'results that changed nothing: 3 refused because they came too late',
  );
  expect(lateLine({ ...sweep, refusedResults: 3, repeatedResults: 1 })).toBe(
    'results that changed nothing: 3 refused because they came too late, 1 that had come before',
  );
});

test('a summary says each note once, with how many devices it is about and which', () => {
  const weak = 'weak algorithms were used: ssh-rsa';
  const reports = ['R1', 'R2', 'R3'].map((name) => ({ ...okReport(name), notes: [weak] }));
  const tally = new Tally();
  for (const report of [...reports, { ...okReport('R7'), notes: ['platform auto: frr (by its prompt)'] }])
    tally.add(report);
  expect(noteLines(tally)).toEqual([
    `  note                   3  R[1-3]: ${weak}`,
    '  note                   1  R7: platform auto: frr (by its prompt)',
  ]);
});

describe('tolerating failures', () => {
  test.each([
    ['nothing', null, { forgiven: 0, left: 6 }],
    ['a kind', { percent: 0, kinds: new Set([Kind.REFUSED]) }, { forgiven: 3, left: 3 }],
    ['a share that is enough', { percent: 90, kinds: new Set<Kind>() }, { forgiven: 6, left: 0 }],
    ['a share that is not', { percent: 80, kinds: new Set<Kind>() }, { forgiven: 0, left: 6 }],
    [
      'a kind, and a share of the rest',
      { percent: 43, kinds: new Set([Kind.REFUSED]) },
      { forgiven: 6, left: 0 },
    ],
  ])('%s', (_, tolerance, expected) => expect(tolerated(tallied(), tolerance)).toEqual(expected));
});

test('counts only devices that were never touched as stopped', () => {
  expect(tallied().stopped).toBe(1);
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [4200, '4.2 s'],
  [372_000, '6 min 12 s'],
  [3_599_999, '1 h 00 min'],
  [7_500_000, '2 h 05 min'],
])('%i ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

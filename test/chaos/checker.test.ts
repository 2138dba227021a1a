// The checker finds what it is there to find: each story is a sweep in which one thing went wrong.
import { expect, test } from 'vitest';
import type { Result } from '../cluster.ts';
import { check, type Story } from './checker.ts';
import type { Made } from './driver.ts';
import type { Visit } from './visits.ts';

const COMMAND = 'show version';

const visit = (device: string, from: number, to: number, port = 1): Visit => ({
  device,
  address: `of ${device}`,
  port,
  from,
  to,
  reason: 'exit',
  said: [{ at: from + 1, command: COMMAND }],
  logins: 1,
});

const result = (device: string, more: Partial<Result> = {}): Result => ({
  sweep: 'S',
  device,
  host: 'h',
  port: 22,
  platform: 'cisco_ios',
  segment: 'default',
  status: 'ok',
  failure: null,
  attempts: 1,
  agent: 'one',
  notes: [],
  outputs: [{ command: COMMAND, status: 'complete', output: `of ${device}`, bytes: 1, sha256: '' }],
  ...more,
});

/** Two devices, swept without a fault; ports tell who held a visit: 1 agent one, 2 agent two. */
function story(more: Partial<Story> = {}): Story {
  const printed = more.printed ?? [result('R1'), result('R2')];
  const ok = printed.filter(({ status }) => status === 'ok').length;
  return {
    selected: ['R1', 'R2'].map((name) => ({ name, ending: 'ok', output: () => `of ${name}` })),
    commands: [COMMAND],
    printed,
    stored: printed,
    printedAt: new Map([
      ['R1', 100],
      ['R2', 100],
    ]),
    counts: { selected: 2, ok },
    log: { visits: [visit('R1', 10, 50), visit('R2', 10, 50)], met: new Set() },
    holder: ({ port }) => ({ agent: port === 1 ? 'one' : 'two', agentPid: port * 10, worker: port }),
    faults: [],
    stops: [],
    ...more,
  };
}

const rules = (told: Story) => check(told).findings.map(({ rule, device }) => `${rule} ${device}`.trim());
const killed = (from: number, pid = 10): Made => ({
  number: 0,
  kind: 'kill agent',
  label: '',
  reach: { of: 'agent', pid },
  from,
  to: from + 1,
  struck: true,
});
const visits = (...list: Visit[]) => ({ log: { visits: list, met: new Set<string>() } });

test('a sweep in which all is well has no findings', () => {
  expect(check(story())).toMatchObject({ findings: [], rework: 0, inFlight: 0 });
});

test('a device that is not printed, or not stored, is lost', () => {
  expect(rules(story({ printed: [result('R1')], stored: [result('R1'), result('R2')] }))).toContain(
    'lost R2',
  );
  expect(rules(story({ stored: [result('R2')] }))).toEqual(['lost R1']);
});

test('a device that is printed twice is found, and so is a second output of one command', () => {
  const [one, two] = [result('R1'), result('R2')];
  expect(rules(story({ printed: [one, one, two], stored: [one, two] }))).toContain('twice R1');
  const double = result('R1', { outputs: [...one.outputs, ...one.outputs] });
  expect(rules(story({ printed: [double, two] }))).toEqual(['twice R1']);
});

test('a store that tells another story is found, in a record or in the counts', () => {
  expect(rules(story({ stored: [result('R1', { agent: 'two' }), result('R2')] }))).toEqual([
    'witnesses differ R1',
  ]);
  expect(rules(story({ counts: { selected: 2, ok: 1, failed: 1 } }))).toEqual(['witnesses differ']);
});

test('an ending that was not planned is found, and bytes that the device never sent', () => {
  const failed = result('R1', { status: 'failed', outputs: [] });
  expect(
    rules(story({ printed: [failed, result('R2')], counts: { selected: 2, ok: 1, failed: 1 } })),
  ).toEqual(['ending R1']);
  const [output] = result('R1').outputs;
  const cut = result('R1', { outputs: output ? [{ ...output, output: 'of R' }] : [] });
  expect(rules(story({ printed: [cut, result('R2')] }))).toEqual(['bytes R1']);
});

test('two visits at one time are found, unless the first is held by a process that stands still and is silent', () => {
  const pair = [visit('R1', 10, 50), visit('R1', 40, 60, 2), visit('R2', 10, 50)];
  const told = {
    ...visits(...pair),
    faults: [killed(20)],
    printed: [result('R1', { agent: 'two' }), result('R2')],
  };
  expect(rules(story(told))).toEqual(['overlap R1']);
  const stops = [{ pid: 1, from: 20, to: 49 }];
  expect(check(story({ ...told, stops }))).toMatchObject({ findings: [], besideStopped: 1 });
  const [first, ...others] = pair;
  const speaks: Visit = { ...(first as Visit), said: [{ at: 45, command: COMMAND }] }; // there are three
  expect(rules(story({ ...told, ...visits(speaks, ...others), stops }))).toEqual(['overlap R1']);
});

test('a result of the process that stood still is stale when another visit has begun', () => {
  const told = visits(visit('R1', 10, 50), visit('R1', 40, 60, 2), visit('R2', 10, 50));
  const stops = [{ pid: 1, from: 20, to: 49 }];
  expect(rules(story({ ...told, stops, faults: [killed(20)] }))).toEqual(['stale result R1']);
});

test('a visit after the result was printed is found', () => {
  const told = visits(visit('R1', 10, 50), visit('R1', 200, 250), visit('R2', 10, 50));
  expect(rules(story({ ...told, faults: [killed(40)] }))).toEqual(['touched again R1']);
});

test('work that is done again is explained by a fault that hit whoever did it, or by a counted attempt', () => {
  const told = visits(visit('R1', 10, 30), visit('R1', 40, 60), visit('R2', 10, 50));
  expect(rules(story(told))).toEqual(['rework without a fault R1']);
  expect(rules(story({ ...told, faults: [killed(20, 99)] }))).toEqual(['rework without a fault R1']);
  const cut = check(story({ ...told, faults: [killed(20)] }));
  expect(cut).toMatchObject({ findings: [], rework: 1, inFlight: 2 });
  expect(cut.byKind).toEqual(new Map([['kill agent', { inFlight: 2, rework: 1 }]]));
  const retried = [result('R1', { attempts: 2 }), result('R2')];
  expect(check(story({ ...told, printed: retried }))).toMatchObject({ findings: [], rework: 0 });
});

test('a result that was still on its way at the fault counts as in flight, and one that was printed does not', () => {
  const told = visits(visit('R1', 10, 30), visit('R1', 60_000, 60_080), visit('R2', 10, 50));
  const at = (R1: number) => new Map(Object.entries({ R1, R2: 100 }));
  expect(rules(story({ ...told, faults: [killed(35)], printedAt: at(70_000) }))).toEqual([]);
  expect(rules(story({ ...told, faults: [killed(35)], printedAt: at(33) }))).toEqual([
    'touched again R1',
    'rework without a fault R1',
  ]);
});

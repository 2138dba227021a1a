// What a sweep's end means for the exit code, and what is said of one that stopped.
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { endOf } from '../../coordinator/cli/end.ts';
import { decide, EXIT, type ExitCode } from '../../coordinator/cli/exit.ts';
import { conclude } from '../../coordinator/cli/output.ts';
import { Progress } from '../../coordinator/cli/progress.ts';
import { Tally, type Tolerance } from '../../coordinator/combine/tally.ts';
import { Kind, type Report, Status } from '../../proto/gen/netsweep/v1/model.ts';
import { Sweep, SweepState } from '../../proto/gen/netsweep/v1/sweeps.ts';
import { failedReport, okReport } from '../combine/reports.ts';

const ok = okReport('R1');
const refused = failedReport('R2', Kind.REFUSED);
const limit = { ...failedReport('R3', Kind.LIMIT), status: Status.SKIPPED };
const late = { ...failedReport('R4', Kind.DEADLINE), status: Status.SKIPPED };
const stopped = { ...failedReport('R5', Kind.CREDENTIAL_STOPPED), status: Status.SKIPPED };
const nobody = failedReport('R6', Kind.NO_AGENT);
const cancelled = { ...okReport('R7'), status: Status.CANCELLED };
const ALL: Tolerance = { percent: 100, kinds: new Set() };

interface Ended {
  reports: Report[];
  reason?: string;
  state?: SweepState;
  tolerance?: Tolerance | null;
}

function ending({ reports, reason = '', state = SweepState.ENDED, tolerance = null }: Ended) {
  const tally = new Tally();
  for (const report of reports) tally.add(report);
  const stream = new PassThrough() as unknown as NodeJS.WriteStream; // no terminal
  const progress = new Progress({ stream, when: 'off', quiet: true, paint: (text) => text });
  const sweep = Sweep.create({ id: '01K0', state, reason });
  const code = conclude(sweep, tally, { progress, tolerance, hint: 'again: ...' });
  return { code, said: String(stream.read() ?? '') };
}

describe('the exit code of a sweep that', () => {
  test.each<[string, Ended, ExitCode]>([
    ['ended well', { reports: [ok] }, EXIT.ok],
    ['has a failure', { reports: [ok, refused] }, EXIT.failures],
    ['has a failure that is tolerated', { reports: [ok, refused], tolerance: ALL }, EXIT.ok],
    ['skipped devices of a stopped credential', { reports: [ok, stopped] }, EXIT.failures],
    ['a limit stopped', { reports: [refused, limit], reason: 'limit' }, EXIT.stopped],
    ['its deadline stopped', { reports: [ok, late], reason: 'deadline' }, EXIT.stopped],
    [
      'a limit stopped, its failures tolerated',
      { reports: [refused, limit], reason: 'x', tolerance: ALL },
      EXIT.stopped,
    ],
    ['only a further attempt was withheld of', { reports: [refused], reason: 'limit' }, EXIT.stopped],
    ['has no agent for any device', { reports: [nobody] }, EXIT.unreachable],
    [
      'has no agent for any device and reached a limit by that',
      { reports: [nobody], reason: 'limit' },
      EXIT.unreachable,
    ],
    [
      'was cancelled',
      { reports: [refused, cancelled], reason: 'by hand', state: SweepState.CANCELLED },
      EXIT.cancelled,
    ],
    [
      'was cancelled after a limit',
      { reports: [refused, limit, cancelled], reason: 'by hand', state: SweepState.CANCELLED },
      EXIT.cancelled,
    ],
  ])('%s', (_, ended, code) => {
    expect(ending(ended).code).toBe(code);
  });

  test('has several reasons to end so is that of the first of 70, 130, 5, 2, 4, 6, 1', () => {
    const order: ExitCode[] = [70, 130, 5, 2, 4, 6, 1, 0];
    for (const [at, code] of order.entries()) expect(decide(order.slice(at).reverse())).toBe(code);
  });
});

test('a stopped sweep says why and how to go on, even when quiet', () => {
  expect(
    ending({ reports: [ok, refused, limit], reason: '1 device has failed and --max-fail is 1' }).said,
  ).toBe(
    'stopped, 1 device never begun: 1 device has failed and --max-fail is 1\n' +
      'again: ...\n' +
      'only those never begun: --kind limit in place of --failed\n',
  );
  expect(ending({ reports: [ok, late], reason: 'deadline' }).said).toBe(
    'stopped, 1 device never begun: deadline\nagain: ...\n',
  );
  expect(ending({ reports: [ok, refused] }).said).toBe('');
});

test('what nobody has thought of ends with 70, says that it is a bug, and where', () => {
  const { code, message } = endOf(new TypeError('x is not a function'), new AbortController().signal);
  expect(code).toBe(EXIT.bug);
  expect(message).toMatch(
    /^netsweep: this is a bug, please report it\nTypeError: x is not a function\n +at /,
  );
});

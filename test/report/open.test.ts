// Findings from one audit to the next, and audits in the store.
import { expect, test } from 'vitest';
import { nextOpen } from '../../coordinator/report/open.ts';
import { openStore } from '../../coordinator/store/open.ts';
import { openDatabase } from '../../coordinator/store/schema.ts';
import { KeptAudit, OpenFindings } from '../../proto/gen/netsweep/v1/audits.ts';
import { TemporaryDirectory } from '../store/samples.ts';

const DAY = 86_400_000;

function outcome(failing: string[], settled: string[] = []) {
  return { policy: 'lab', rule: 'A-1', failing, settled };
}

test('a finding is new once, open as long as it is seen or not judged, and fixed once', () => {
  const first = nextOpen(OpenFindings.create(), outcome(['R1', 'R2']), DAY);
  expect(first.change).toMatchObject({ fresh: [0, 1], firstSeenMs: [DAY, DAY], fixed: [] });
  const second = nextOpen(first.open, outcome(['R3', 'R1'], ['R9']), 2 * DAY);
  expect(second.change).toMatchObject({ fresh: [0], firstSeenMs: [2 * DAY, DAY], fixed: [] });
  // R2 was not judged: neither seen nor fixed.
  const third = nextOpen(second.open, outcome(['R2'], ['R1', 'R3']), 3 * DAY);
  expect(third.change).toMatchObject({
    fresh: [],
    firstSeenMs: [DAY],
    fixed: [
      { device: 'R1', firstSeenMs: DAY },
      { device: 'R3', firstSeenMs: 2 * DAY },
    ],
  });
  expect(nextOpen(third.open, outcome(['R1'], ['R2']), 4 * DAY).change).toMatchObject({
    fresh: [0],
    fixed: [{ device: 'R2', firstSeenMs: DAY }],
  });
});

test('what no audit has seen for over a year is forgotten', () => {
  const { open } = nextOpen(OpenFindings.create(), outcome(['R1', 'R2']), DAY);
  expect(nextOpen(open, outcome(['R2']), 402 * DAY).open.devices).toEqual(['R2']);
});

test('audits and open findings are there after a restart, a thousand of them; what the disk has changed is none', async () => {
  using directory = new TemporaryDirectory();
  const audit = (line: string, atMs: number) => KeptAudit.create({ sweep: `s${atMs}`, line, atMs });
  const { open } = nextOpen(OpenFindings.create(), outcome(['R1', 'R2']), DAY);
  {
    await using store = await openStore(directory.path, null);
    await store.commit([
      ...Array.from({ length: 1_001 }, (_, at) => ({
        write: 'audit' as const,
        audit: audit(at % 2 === 0 ? 'one' : 'other', at),
      })),
      { write: 'openFindings', policy: 'lab', rule: 'A-1', open },
      { write: 'openFindings', policy: 'lab', rule: 'A-2', open },
    ]);
  }
  {
    await using store = await openStore(directory.path, null);
    expect(await store.audits('one', 2)).toEqual([audit('one', 1_000), audit('one', 998)]);
    const all = await store.audits(null, 5_000);
    expect([all.length, all.at(-1)?.atMs]).toEqual([1_000, 1]);
    expect(await store.openFindings('lab', 'A-1')).toEqual(open);
    expect(await store.openFindings('lab', 'B-1')).toEqual(OpenFindings.create());
    await store.commit([{ write: 'openFindings', policy: 'lab', rule: 'A-2', open: OpenFindings.create() }]);
    expect(await store.openFindings('lab', 'A-2')).toEqual(OpenFindings.create());
  }
  const sql = openDatabase(directory.path);
  sql.exec(`UPDATE open_findings SET about = x'00'; UPDATE audits SET line = 'one' WHERE line = 'other'`);
  sql.close();
  await using store = await openStore(directory.path, null);
  expect(await store.openFindings('lab', 'A-1')).toEqual(OpenFindings.create());
  expect(await store.audits('one', 5_000)).toHaveLength(500);
});

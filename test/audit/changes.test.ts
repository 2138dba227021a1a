import { expect, test } from 'vitest';
import { Changes } from '../../coordinator/cli/changes.ts';
import type { Connection } from '../../coordinator/connect.ts';
import { Version } from '../../proto/gen/netsweep/v1/history.ts';
import { Device, Output, Report } from '../../proto/gen/netsweep/v1/model.ts';
import { Platforms } from '../../proto/platform.ts';

const DAY = Date.parse('2026-01-10T00:00:00Z');
const report = Report.create({ device: Device.create({ name: 'R1', segment: 'default' }) });

/** When the last of these versions is found to have changed, for a rule since the tenth; null: nobody knows. */
async function changedAt(versions: [day: number, text: string][]): Promise<string | null> {
  const texts = new Map(versions.map(([, text], at) => [at, text]));
  const list = versions.map(([day], at) =>
    Version.create({
      platform: 'cisco_ios',
      command: 'c',
      sha256: Buffer.alloc(32, at + 1),
      firstMs: Date.UTC(2026, 0, day),
    }),
  );
  const history = {
    versions: async function* () {
      yield* list;
    },
  };
  async function* read({ sha256 }: Output) {
    yield texts.get((sha256[0] ?? 0) - 1) ?? '';
  }
  const changes = new Changes({ history } as unknown as Connection, new Platforms()); // all that is asked of it
  const newest = Output.create({ command: 'c', sha256: Buffer.alloc(32, versions.length) });
  const ms = await changes.lastBefore(report, newest, DAY, read);
  return ms === null ? null : new Date(ms).toISOString().slice(0, 10);
}

const clock = (period: number, text: string) => `ntp clock-period ${period}\n${text}\n`;

test.each<[string, [number, string][], string | null]>([
  ['a version from before the day', [[5, 'a']], '2026-01-05'],
  [
    'a version from after the day',
    [
      [5, 'a'],
      [15, 'b'],
    ],
    '2026-01-15',
  ],
  [
    'versions that differ in noise alone',
    [
      [5, clock(1, 'a')],
      [12, clock(2, 'a')],
      [15, clock(3, 'a')],
    ],
    '2026-01-05',
  ],
  [
    'noise after a change',
    [
      [5, clock(1, 'a')],
      [12, clock(2, 'b')],
      [15, clock(3, 'b')],
    ],
    '2026-01-12',
  ],
  [
    'nothing from before the day',
    [
      [12, clock(1, 'a')],
      [15, clock(2, 'a')],
    ],
    null,
  ],
  ['nothing at all', [], null],
])('an output last changed: %s', async (_, versions, expected) => {
  expect(await changedAt(versions)).toBe(expected);
});

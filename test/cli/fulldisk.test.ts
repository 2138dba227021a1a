// The disk that results are written to runs full. What stands under a name is whole, the path that could not be
// written is said in one line, and the results are still to be had.
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dice } from '../../agent/fleet/dice.ts';
import { CannotWrite } from '../../coordinator/cli/sink.js';
import { treeView } from '../../coordinator/cli/views/tree.js';
import { readResults, startCluster } from '../cluster.ts';
import { NETSWEEP } from '../place.ts';
import { run } from '../process.ts';
import { SmallDisk, withoutSmallDisk } from '../smalldisk.ts';
import { output, report } from '../store/samples.js';

const REASON = withoutSmallDisk();
const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const AGAIN = `SEED=${SEED} npx vitest run test/cli/fulldisk.test.ts`;
const POINTS = 20;
const DEVICES = 6;

test.skipIf(REASON !== null)('no file of a tree is ever half written', async () => {
  await using disk = await SmallDisk.open(8);
  let refused = 0;
  for (let point = 0; point < POINTS; point += 1) {
    const tree = disk.path(`tree${point}`);
    const text = `${'x'.repeat(1_000)}\n`.repeat(100 + (dice(SEED, point, 'text') % 100));
    const view = treeView(tree, async function* () {
      for (let at = 0; at < text.length; at += 40_000) yield text.slice(at, at + 40_000);
    });
    disk.fill(dice(SEED, point, 'room') % (DEVICES * text.length));
    const failures: unknown[] = [];
    for (let index = 0; index < DEVICES; index += 1)
      await view
        .report?.(report('S1', index, [output(text)]))
        .catch((error: unknown) => failures.push(error));
    const files = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    for (const { parentPath, name } of files) {
      expect(name).toBe('show_version.txt');
      expect(readFileSync(join(parentPath, name), 'utf8') === text, `${parentPath}, ${AGAIN}`).toBe(true);
    }
    expect(files.length + failures.length).toBe(DEVICES);
    for (const failure of failures) expect(failure).toBeInstanceOf(CannotWrite);
    refused += failures.length;
    disk.clear();
  }
  expect(refused).toBeGreaterThan(POINTS);
});

test.skipIf(REASON !== null)(
  'run goes on without what it can not write, and says which in one line',
  async () => {
    await using disk = await SmallDisk.open(4);
    await using cluster = await startCluster({ devices: 5 });
    disk.fill();
    const words = ['run', '-i', cluster.fleet.inventory(), '-q', 'show version'];
    const { place } = cluster;
    const inside = async (script: string, args: string[]) => {
      const [file, argv] = disk.command(
        'sh',
        ['-c', script, process.execPath, NETSWEEP, ...args],
        place.folder,
      );
      return await run(file, argv, { cwd: place.folder, env: place.environment() });
    };
    const tree = await inside('exec "$0" "$@"', [...words, '--tree', join(disk.folder, 'tree')]);
    expect(tree).toMatchObject({ status: 1, stdout: '' });
    expect(tree.stderr.trim()).toMatch(
      /^netsweep: can't write \S+\/tree\/\S+: no space left on device; sweeps results \w+ prints it again later$/,
    );
    const file = await inside(`exec "$0" "$@" > ${disk.folder}/out`, [...words, '--format', 'ndjson']);
    expect(file).toMatchObject({ status: 1, stdout: '' });
    expect(file.stderr.trim()).toMatch(/^netsweep: can't write stdout: no space left on device; .*$/);
    const later = await place.netsweep(['sweeps', 'results', 'last', '--format', 'ndjson']);
    expect(readResults(later.stdout).map(({ status }) => status)).toEqual(Array(5).fill('ok'));
  },
);

test.runIf(REASON !== null)(`a full disk is not tested: ${REASON}`, () => undefined);

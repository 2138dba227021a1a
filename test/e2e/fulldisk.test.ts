// The disk of the coordinator's store runs full in the middle of a sweep, and is given room again.
import { expect, test } from 'vitest';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import { until } from '../process.ts';
import { SmallDisk, withoutSmallDisk } from '../smalldisk.ts';
import { checkWitnesses } from '../witness.ts';

const REASON = withoutSmallDisk();
const COMMAND = 'show running-config';

interface Shown {
  status: string;
  reason: string | null;
}

async function shown(cluster: Cluster): Promise<Shown> {
  const { stdout } = await cluster.place.netsweep(['sweeps', 'show', 'last', '--json']);
  return JSON.parse(stdout) as Shown; // the contract's own object
}

async function health(cluster: Cluster): Promise<string> {
  return await (await fetch(`http://${cluster.serve.http}/healthz`)).text();
}

test.skipIf(REASON !== null)(
  'a sweep pauses before the disk of its coordinator is full, and when it is, says why, and loses nothing',
  async () => {
    await using disk = await SmallDisk.open(64);
    await using cluster = await startCluster({
      devices: 60,
      commandMs: 300,
      configLines: 3_000,
      disk,
      agents: [
        { name: 'one', segments: ['default'] },
        { name: 'two', segments: ['default'] },
      ],
    });
    const { fleet, place } = cluster;
    await using run = cluster.start(['--forks', '6', '--agent-wait', '2', COMMAND]);
    const printed = () => readResults(run.stdout).length;
    await until('some are printed', () => printed() >= 8);

    disk.fill(12e6);
    await until('the pause is told', async () => (await shown(cluster)).status === 'paused');
    expect((await shown(cluster)).reason).toMatch(/^store full: \d+ MB free at \//);
    expect(await health(cluster)).toMatch(/^paused: store full: /);
    const refused = await place.netsweep(['run', '-i', fleet.inventory(), COMMAND]);
    expect(refused).toMatchObject({ status: 4, stdout: '' });
    expect(refused.stderr).toMatch(/^netsweep: the coordinator takes no new sweep now: store full: .*\n$/);
    await until('progress says so', () => /paused: store full: /.test(run.stderr));
    await fleet.quiet();
    const visits = fleet.sessions().length;
    const before = printed();
    expect(visits, 'what was under way stays with its agent').toBeGreaterThan(before);
    expect(visits, 'nothing new is begun').toBeLessThan(60);

    disk.empty();
    await until('what was held is printed', () => printed() > before);
    await until('devices are visited again', () => fleet.sessions().length > visits);
    await until('some more are printed', () => printed() >= before + 10);

    disk.fill();
    await until('the pause is told again', async () => (await shown(cluster)).status === 'paused');
    const between = printed();
    disk.empty();
    await until('it goes on again', () => printed() > between);

    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    await checkWitnesses({ cluster, results, command: COMMAND });
    for (const { device, outputs } of results)
      expect(outputs[0]?.output === fleet.expected(device, COMMAND), device).toBe(true);
    expect((await shown(cluster)).status).toBe('ended');
    expect(await health(cluster)).toBe('ok\n');
  },
);

test.skipIf(REASON !== null)(
  'a commit that finds no room although the disk seems to have some pauses its sweep, and is written later',
  async () => {
    await using disk = await SmallDisk.open(64);
    const log = disk.beneath('serve/store.db-wal', 24);
    await using cluster = await startCluster({
      devices: 40,
      commandMs: 300,
      configLines: 1_000,
      disk,
      agents: [
        { name: 'one', segments: ['default'] },
        { name: 'two', segments: ['default'] },
      ],
    });
    await using run = cluster.start(['--forks', '6', COMMAND]);
    const printed = () => readResults(run.stdout).length;
    await until('some are printed', () => printed() >= 8);

    log.fill();
    await until('the pause is told', async () => (await shown(cluster)).status === 'paused');
    expect(disk.freeBytes).toBeGreaterThan(50e6);
    const before = printed();
    log.empty();
    await until('it goes on', () => printed() > before);

    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    await checkWitnesses({ cluster, results, command: COMMAND });
  },
);

test.runIf(REASON !== null)(`a full disk is not tested: ${REASON}`, () => undefined);

// The command line and a coordinator elsewhere, of which either dies at any moment: a sweep is submitted once, goes on
// by itself, and is shown once to everybody who follows it.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { dice, fraction } from '../../agent/fleet/dice.ts';
import { submit } from '../../coordinator/cli/submit.ts';
import { Credential, Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.ts';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import { NETSWEEP } from '../place.ts';
import { run as runProgram, until } from '../process.ts';
import { checkWitnesses, fault, inFlight } from '../witness.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const COMMAND = 'show version';
const ONE = { unprivileged: 0, agents: [{ name: 'one', segments: ['default'] }] };

interface Listed {
  id: string;
  status: string;
  counts: Record<string, number>;
}

async function listed({ place }: Cluster): Promise<Listed[]> {
  return JSON.parse((await place.netsweep(['sweeps', 'list', '--json'])).stdout);
}

describe.concurrent('a client of a coordinator elsewhere', () => {
  test('comes back to its sweep, says once what it waits for, and shows each device once', async () => {
    await using cluster = await startCluster({ ...ONE, devices: 12, commandMs: 5_000 });
    const { fleet, place, serve } = cluster;
    await using run = cluster.start(['--forks', '4', COMMAND]);
    await until('some are done', () => readResults(run.stdout).length > 0);
    const id = readResults(run.stdout)[0]?.sweep ?? '';
    const watch = ['sweeps', 'watch', id, '--format', 'ndjson'];
    await using watching = place.start(watch);
    await using leaving = place.start(watch);
    await until('both watch', () => watching.stdout !== '' && leaving.stdout !== '');
    const cut = await fault(run, async () => {
      await serve.stop('SIGKILL');
      const waits = /^the coordinator at 127.0.0.1:\d+ does not answer; waiting for it/m;
      await until('all wait', () => [run, watching, leaving].every(({ stderr }) => waits.test(stderr)));
      leaving.kill('SIGINT');
      const left = await leaving.finished;
      expect(left.status).toBe(130);
      expect(left.stderr).toContain(`watch it with: netsweep sweeps watch ${id}`);
      await serve.start();
    });
    const [ran, watched] = await Promise.all([run.finished, watching.finished]);
    const results = readResults(ran.stdout);
    expect({ status: ran.status, troubles: troubles(results) }, ran.stderr).toEqual({
      status: 0,
      troubles: [],
    });
    expect(readResults(watched.stdout).sort(byDevice)).toEqual(results.toSorted(byDevice));
    for (const { stderr } of [ran, watched]) {
      expect(stderr.match(/does not answer|is back/g)).toEqual(['does not answer', 'is back']);
      expect(stderr).toContain('12 devices: 12 ok');
    }
    const again = inFlight(fleet, cut);
    await checkWitnesses({ cluster, results, command: COMMAND, again: (device) => +again.has(device) });
  });

  test.each([SEED])(
    'that is killed at any moment leaves its sweep to go on, to be watched to its end (SEED=%i npx vitest run test/e2e/client.test.ts)',
    async () => {
      const CLIENTS = 10;
      const EACH = 4;
      await using cluster = await startCluster({ ...ONE, devices: CLIENTS * EACH, commandMs: 3_000 });
      const { fleet, place } = cluster;
      const parts = Array.from({ length: CLIENTS }, (_, n) => fleet.names.slice(n * EACH, (n + 1) * EACH));
      const runs = parts.map((part) => cluster.start(['-w', part.join(','), COMMAND]));
      await until('the first are asked', () => fleet.asked(COMMAND).length > 0);
      const cut = new Set<number>();
      await Promise.all(
        runs.map(async (run, n) => {
          await delay(fraction(SEED, n, 'moment') * 1_500);
          if (run.stdout === '') cut.add(n);
          run.kill('SIGKILL');
          await run.finished;
        }),
      );
      const sweeps = await listed(cluster);
      const seen: string[] = [];
      let orphans = 0;
      for (const { id } of sweeps) {
        const watched = await place.netsweep(['sweeps', 'watch', id, '--format', 'ndjson']);
        const results = readResults(watched.stdout);
        expect({ status: watched.status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
        const devices = results.map(({ device }) => device).sort();
        const whose = parts.findIndex((part) => part.toSorted().join() === devices.join());
        expect(whose, devices.join()).toBeGreaterThanOrEqual(0);
        if (cut.has(whose)) orphans += 1;
        seen.push(...devices);
      }
      expect(orphans, 'sweeps whose client was killed before it had shown anything').toBeGreaterThan(0);
      expect(new Set(seen).size, 'no sweep twice').toBe(seen.length);
      for (const { id, counts } of await listed(cluster))
        expect(counts, id).toMatchObject({ selected: EACH, ok: EACH });
      await fleet.quiet();
      expect(
        fleet
          .asked(COMMAND)
          .map(({ device }) => device)
          .sort(),
      ).toEqual(seen.sort());
    },
  );

  test.each([SEED])(
    'makes one sweep of each of 140 submits of which 60 are repeated, while the coordinator dies three times (SEED=%i npx vitest run test/e2e/client.test.ts)',
    async () => {
      await using cluster = await startCluster({
        devices: 1,
        agents: [{ name: 'one', segments: ['elsewhere'] }],
      });
      const { serve } = cluster;
      using sweeps = serve.client();
      const lost = new AbortController().signal;
      const link = {
        ...{ sweeps, selfContained: false, client: '', lost },
        get history(): never {
          throw new Error('it only submits');
        },
        get audits(): never {
          throw new Error('it only submits');
        },
        [Symbol.asyncDispose]: async () => {},
      };
      const keys = Array.from(
        { length: 200 },
        (_, n) => `key ${n < 140 ? n : dice(SEED, n, 'repeat') % 140}`,
      );
      keys.sort((a, b) => dice(SEED, keys.indexOf(a), 'order') - dice(SEED, keys.indexOf(b), 'order'));
      const died: string[] = [];
      const reaper = (async () => {
        for (const points of [
          'submit.decided=kill@30',
          'submit.committed=kill@30',
          'store.committed=kill@3', // of groups, which are few where many wait
        ]) {
          await serve.stop('SIGKILL');
          // It may strike before `ready`: those who submit do not wait for that.
          await serve.start({ NETSWEEP_FAILPOINTS: points }).catch(() => undefined);
          await serve.ended();
          died.push(points);
        }
        await serve.stop('SIGKILL');
        await serve.start();
      })();
      const ids = new Map<string, Set<string>>();
      const left = keys.values();
      const client = async () => {
        for (const key of left) {
          const id = await submit(link, submission(key), new AbortController().signal);
          ids.set(key, (ids.get(key) ?? new Set()).add(id));
        }
      };
      await Promise.all([reaper, ...Array.from({ length: 25 }, client)]);
      expect(died).toHaveLength(3);
      expect([...ids].filter(([, answers]) => answers.size !== 1)).toEqual([]);
      expect((await listed(cluster)).map(({ id }) => id).sort()).toEqual(
        [...ids.values()].flatMap((one) => [...one]).sort(),
      );
      expect(ids.size).toBe(140);
    },
  );

  test('submits again by itself where the coordinator dies before or after it took the sweep, and names its devices again after a restart', async () => {
    await using cluster = await startCluster({ ...ONE, devices: 9, bad: { 'drop-output': 0.34 } });
    const { fleet, serve } = cluster;
    const words = ['--retries', '0', COMMAND];
    for (const point of ['submit.decided', 'submit.committed']) {
      await serve.stop('SIGTERM');
      await serve.start({ NETSWEEP_FAILPOINTS: `${point}=kill` });
      await using run = cluster.start(words);
      await serve.ended();
      await serve.stop('SIGKILL');
      await serve.start();
      const { status, stdout, stderr } = await run.finished;
      expect(status, stderr).toBe(1);
      expect(readResults(stdout)).toHaveLength(9);
    }
    expect(await listed(cluster)).toHaveLength(2);

    await serve.stop('SIGKILL');
    await serve.start();
    const bad = fleet.devices.filter(({ fault }) => fault !== null).map(({ name }) => name);
    const before = fleet.sessions().length;
    for (const chosen of [['--failed'], ['--kind', 'disconnected']]) {
      const again = await cluster.run(['--rerun', 'last', ...chosen, '--retries', '0']);
      expect(again.results.map(({ device }) => device).sort()).toEqual(bad.toSorted());
    }
    expect(await cluster.run(['--rerun', 'last', '--kind', 'auth'])).toMatchObject({ status: 2, stdout: '' });
    await fleet.quiet();
    expect(fleet.sessions()).toHaveLength(before + 2 * bad.length);
  });

  test('cancels its sweep quietly when its output is closed', async () => {
    await using cluster = await startCluster({ ...ONE, devices: 12, commandMs: 3_000 });
    const { fleet, place, serve } = cluster;
    const netsweep = `${process.execPath} ${NETSWEEP} run -i ${fleet.inventory()} --forks 2 -q '${COMMAND}'`;
    const closed = runProgram('sh', ['-c', `{ ${netsweep}; echo "ended $?" >&2; } | head -n 1`], {
      cwd: place.folder,
      env: place.environment(),
    });
    await until('the first are asked', () => fleet.asked(COMMAND).length >= 2);
    const { stdout, stderr } = await closed;
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stderr).toBe('ended 130\n');
    await until('cancelled', async () => (await listed(cluster))[0]?.status === 'cancelled');
    expect(serve.log).not.toContain('"level":"fatal"');
    expect(fleet.asked(COMMAND).length).toBeLessThan(12);
  });
});

test('a self-contained run names the devices of an earlier one again, which another process ran', async () => {
  await using cluster = await startCluster({ devices: 8, bad: { 'drop-output': 0.25 } });
  const { fleet } = cluster;
  const bad = fleet.devices.filter(({ fault }) => fault !== null).map(({ name }) => name);
  const first = await cluster.run(['--retries', '0', COMMAND]);
  expect(first.results).toHaveLength(8);
  const again = await cluster.run(['--rerun', 'last', '--failed', '--retries', '0']);
  expect(again.results.map(({ device }) => device).sort()).toEqual(bad.toSorted());
  expect(again.results[0]?.outputs[0]?.command).toBe(COMMAND);
});

function byDevice(a: { device: string }, b: { device: string }): number {
  return a.device < b.device ? -1 : 1;
}

function submission(key: string) {
  const limits = { connectMs: 5_000, loginMs: 10_000, idleMs: 10_000, commandMs: 10_000, deviceMs: 60_000 };
  const options = SweepOptions.create({ forks: 10, limits, agentWaitMs: 600_000, outputLimit: 1_000_000 });
  const device = Device.create({
    name: 'R1',
    host: '127.0.0.1',
    port: 1,
    platform: 'cisco_ios',
    segment: 'nowhere',
  });
  return {
    header: { key, client: '', options, agents: 0, workers: 0 },
    devices: [{ ...device, credential: 'c', commands: [COMMAND] }],
    credentials: [
      Credential.create({ id: 'c', name: 'admin', username: 'admin', password: Buffer.from('rehearsal') }),
    ],
  };
}

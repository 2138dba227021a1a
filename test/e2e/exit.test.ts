// How `netsweep run` ends with a coordinator elsewhere, and what a repeated submit means.
import { describe, expect, test } from 'vitest';
import { Credential, Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.ts';
import type { SubmitHeader, SubmitReply } from '../../proto/gen/netsweep/v1/sweeps.ts';
import type { SweepsClient } from '../../proto/gen/netsweep/v1/sweeps_service.ts';
import { readResults, startCluster } from '../cluster.ts';
import { until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

/** Later than anything here ends. */
const ANSWER_MS = 300_000;
const AGENTS = [{ name: 'one', segments: ['default'] }];

describe.concurrent('netsweep run', () => {
  test('ends with 0 when all is well, 1 when a device failed, 2 at bad input, 4 without an agent or coordinator', async () => {
    await using cluster = await startCluster({ devices: 3, bad: { refuse: 0.34 }, agents: AGENTS });
    const { place, fleet } = cluster;
    const quick = ['--retries', '0', 'show version'];
    const broken = fleet.devices.find(({ fault }) => fault === 'refuse')?.name ?? '';
    expect(await cluster.run(['-x', broken, ...quick])).toMatchObject({ status: 0 });
    expect(await cluster.run(quick)).toMatchObject({ status: 1 });
    expect(await cluster.run(['--tolerate', 'refused', ...quick])).toMatchObject({ status: 0 });
    const asked = fleet.sessions().length;
    for (const args of [
      ['show', 'version'],
      ['reload'],
      ['--forks', '0', 'show version'],
      ['-l', 'nobody', 'show version'],
    ])
      expect(await cluster.run(args), args.join(' ')).toMatchObject({ status: 2, stdout: '' });
    const nowhere = ['-e', 'segment=nowhere', '--agent-wait', '0'];
    const alone = await cluster.run([...nowhere, 'show version']);
    expect({ status: alone.status, kinds: alone.results.map(({ failure }) => failure?.kind) }).toEqual({
      status: 4,
      kinds: ['no-agent', 'no-agent', 'no-agent'],
    });
    const away = await place.netsweep(['run', '-i', fleet.inventory(), 'show version'], {
      env: { NETSWEEP_COORDINATOR: '127.0.0.1:1' },
    });
    expect(away).toMatchObject({ status: 4, stdout: '' });
    const without = await place.netsweep(['run', '-i', fleet.inventory(), 'show version'], {
      env: { NETSWEEP_COORDINATOR: '', NETSWEEP_NATS_SERVER: '/nowhere/nats-server' },
    });
    expect(without).toMatchObject({ status: 4, stdout: '' });
    expect(without.stderr).toBe(
      'netsweep: NETSWEEP_NATS_SERVER: found "/nowhere/nats-server", expected the full path of nats-server\n',
    );
    expect(fleet.sessions()).toHaveLength(asked);
  });

  test('ends with 3 at findings and at drift, with 1 when a device failed as well; so do audits and doctor', async () => {
    await using cluster = await startCluster({ devices: 3, bad: { refuse: 0.34 }, agents: AGENTS });
    const { place, fleet } = cluster;
    const broken = fleet.devices.find(({ fault }) => fault === 'refuse')?.name ?? '';
    const policy = await place.write(
      'lab.yaml',
      'netsweep_policy: 1\nname: lab\ndevices: all\nrules:\n- {id: NOT-1, severity: low, title: never so, command: show version, present: nothing says so}\n',
    );
    const audit = (...words: string[]) =>
      place.netsweep(['audit', 'run', '-p', policy, '-i', fleet.inventory(), '--retries', '0', ...words]);
    const found = await audit('-x', broken);
    expect(found.status, found.stderr).toBe(3);
    expect(await audit()).toMatchObject({ status: 1 });
    const [first, second] = [
      await cluster.run(['-x', broken, 'show version']),
      await cluster.run(['-x', broken, 'show clock']),
    ].map(({ results }) => results[0]?.sweep ?? '');
    expect(await place.netsweep(['diff', first ?? '', second ?? ''])).toMatchObject({ status: 3 });
    expect(await place.netsweep(['diff', first ?? '', first ?? ''])).toMatchObject({ status: 0 });
    expect(await place.netsweep(['doctor', '--coordinator', '127.0.0.1:1'])).toMatchObject({ status: 1 });
  });

  test('ends with 5 when it is cancelled from elsewhere: nothing new begins, and every session closes whatever it waits for', async () => {
    await using cluster = await startCluster({
      devices: 20,
      commandMs: ANSWER_MS,
      unprivileged: 0,
      agents: AGENTS,
    });
    const { fleet, place } = cluster;
    const run = cluster.start(['--forks', '6', 'show version']);
    await until('some are asked', () => fleet.asked('show version').length >= 6);
    expect(await place.netsweep(['sweeps', 'cancel', 'last'])).toMatchObject({ status: 0 });
    const { status, stdout } = await run.finished;
    expect(status).toBe(5);
    const results = readResults(stdout);
    await checkWitnesses({ cluster, results, command: 'show version' });
    expect(new Set(results.map((result) => result.status))).toEqual(new Set(['cancelled']));
    expect(fleet.sessions()).toHaveLength(6);
    expect(fleet.sessions().filter(({ from, to }) => to - from > ANSWER_MS)).toEqual([]);
  });

  test('ends with 6 when its deadline passes, and says which devices were never touched', async () => {
    await using cluster = await startCluster({
      devices: 12,
      commandMs: ANSWER_MS,
      unprivileged: 0,
      agents: AGENTS,
    });
    const { status, results } = await cluster.run(['--deadline', '5', '--forks', '4', 'show version']);
    expect(status).toBe(6);
    await checkWitnesses({ cluster, results, command: 'show version' });
    // Whose secret has left is touched; a busy machine may have come no further than to connect.
    const failed = results.filter((result) => result.status === 'failed').length;
    expect(failed).toBeGreaterThanOrEqual(cluster.fleet.sessions().filter(({ logins }) => logins > 0).length);
    expect(cluster.fleet.sessions().length).toBeLessThanOrEqual(4);
    expect(results.map(({ status, failure }) => `${status} ${failure?.kind}`).sort()).toEqual([
      ...Array(failed).fill('failed deadline'),
      ...Array(12 - failed).fill('skipped deadline'),
    ]);
  });

  test('ends with 130 at Ctrl-C and lets the sweep go on, to be watched again as it says', async () => {
    await using cluster = await startCluster({
      devices: 6,
      commandMs: 6_000,
      unprivileged: 0,
      agents: AGENTS,
    });
    const { fleet, place } = cluster;
    const run = cluster.start(['show version']);
    await until('some are asked', () => fleet.asked('show version').length >= 1);
    run.kill('SIGINT');
    const { status, stderr } = await run.finished;
    expect(status).toBe(130);
    const [, words = ''] = /with: netsweep (sweeps watch .*)/.exec(stderr) ?? [];
    const watched = await place.netsweep([...words.split(' '), '--format', 'ndjson']);
    expect(watched.status, stderr + watched.stderr).toBe(0);
    await checkWitnesses({ cluster, results: readResults(watched.stdout) });
  });

  test('is one sweep however often its submit is repeated, also at the same moment', async () => {
    await using cluster = await startCluster({ devices: 4, unprivileged: 0, agents: AGENTS });
    const { fleet, serve, place } = cluster;
    using client = serve.client();
    const submits = Array.from({ length: 8 }, () => openSubmit(client, header('the key'), devices(fleet)));
    const later = submits.pop();
    await serve.listAgents(); // by now the others have arrived but for their end
    const ids = await Promise.all(submits.map((submit) => submit.end()));
    ids.push((await later?.end()) ?? '');
    expect(new Set(ids).size).toBe(1);
    const watched = await place.netsweep(['sweeps', 'watch', ids[0] ?? '', '--format', 'ndjson']);
    expect(watched.status, watched.stderr).toBe(0);
    await checkWitnesses({ cluster, results: readResults(watched.stdout) });
    const list = await place.netsweep(['sweeps', 'list', '--json']);
    expect(JSON.parse(list.stdout)).toHaveLength(1);
  });
});

function header(key: string): SubmitHeader {
  const limits = { connectMs: 5_000, loginMs: 10_000, idleMs: 10_000, commandMs: 10_000, deviceMs: 60_000 };
  const options = {
    forks: 10,
    limits,
    retries: 1,
    authFailMax: 3,
    outputLimit: 1_000_000,
    agentWaitMs: 15_000,
  };
  return { key, client: '', options: SweepOptions.create(options), agents: 0, workers: 0 };
}

function devices({
  devices,
  port,
}: {
  devices: { name: string; address: string }[];
  port: number;
}): Device[] {
  return devices.map(({ name, address: host }, index) =>
    Device.create({ index, name, host, port, ...COMMON, commands: ['show version'] }),
  );
}

const COMMON = { platform: 'cisco_ios', segment: 'default', credential: 'c' };

/** A submit of which only the last byte is missing. */
function openSubmit(client: SweepsClient, header: SubmitHeader, devices: Device[]) {
  const password = Buffer.from('rehearsal');
  const credential = Credential.create({ id: 'c', name: 'admin', username: 'admin', password });
  let stream: ReturnType<SweepsClient['submit']> | undefined;
  const answer = new Promise<string>((resolve, reject) => {
    stream = client.submit((error, reply: SubmitReply) => (error ? reject(error) : resolve(reply.sweep)));
  });
  stream?.write({ body: { $case: 'header', value: header } });
  stream?.write({ body: { $case: 'credential', value: credential } });
  stream?.write({ body: { $case: 'devices', value: { devices } } });
  return {
    end: () => {
      stream?.end();
      return answer;
    },
  };
}

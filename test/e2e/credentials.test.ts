// Care with logins, and with the secrets themselves.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

test('a wrong password is sent to three of 200 devices and to none in later sweeps, until it is released', async () => {
  await using cluster = await startCluster({ devices: 200, segments: 2, unprivileged: 0 });
  const { fleet, place } = cluster;
  const inventory = fleet.inventory('wrong.json', { password: 'not the password' });
  const denied = (since = 0) => fleet.sessions(since).filter((session) => session.denied > 0);

  const first = await cluster.run(['show version'], { inventory });
  expect(first.status).toBe(1);
  await checkWitnesses({ cluster, results: first.results });
  const kinds = first.results.map(({ status, failure }) => `${status} ${failure?.kind}`).sort();
  expect(kinds.slice(0, 3)).toEqual(Array(3).fill('failed auth'));
  expect(kinds.slice(3)).toEqual(Array(197).fill('skipped credential-stopped'));
  expect(denied()).toHaveLength(3);

  const secondAt = monotonicMs();
  const second = await cluster.run(['show version'], { inventory });
  expect(second.status).toBe(1);
  expect(new Set(second.results.map(({ failure }) => failure?.kind))).toEqual(
    new Set(['credential-stopped']),
  );
  await fleet.quiet();
  expect(fleet.sessions(secondAt), 'nothing is touched').toEqual([]);

  const list = await place.netsweep(['credentials', 'list', '--json']);
  const [credential] = JSON.parse(list.stdout);
  expect(credential).toMatchObject({ username: 'admin', stopped: true, refusals: 3 });
  expect(await place.netsweep(['credentials', 'release', credential.name])).toMatchObject({ status: 0 });
  const thirdAt = monotonicMs();
  await cluster.run(['show version'], { inventory });
  expect(denied(thirdAt)).toHaveLength(3);

  const right = await cluster.run(['-w', 'R1,R2,R3', 'show version']);
  expect({ status: right.status, troubles: troubles(right.results) }).toEqual({ status: 0, troubles: [] });
});

test('password and enable secret are nowhere to be read: NATS, processes, logs, state', async () => {
  const password = 'Vulpes-47-lagopus';
  const secret = 'Gulo-93-gulo';
  await using cluster = await startCluster({
    devices: 16,
    segments: 2,
    commandMs: 500,
    unprivileged: 1,
    password,
    secret,
    agents: [
      { name: 'one', segments: ['segment-1'] },
      { name: 'two', segments: ['segment-2'] },
    ],
  });
  const { fleet, place, serve, nats } = cluster;
  const told: Buffer[] = [];
  await using listener = await listen(nats.url, told);
  const processes = new Map<string, string>();
  const files = new Map<string, Buffer>();

  const references = {
    password: `file:${fleet.folder}/password`,
    enableSecret: `file:${fleet.folder}/secret`,
  };
  const run = cluster.start(
    ['--forks', '4', 'show running-config'],
    fleet.inventory('fleet.json', references),
  );
  await until('the sweep has ended', () => {
    for (const { pid, cmdline, environ } of place.processes())
      processes.set(`${pid} ${cmdline}`, cmdline + environ);
    for (const [name, bytes] of filesBelow(serve.state)) files.set(name, bytes);
    return run.ended;
  });
  const { status, stdout, stderr } = await run.finished;
  expect({ status, troubles: troubles(readResults(stdout)) }).toEqual({ status: 0, troubles: [] });
  await checkWitnesses({ cluster, results: readResults(stdout) });
  expect(fleet.events().filter((event) => event.event === 'enable' && event.accepted)).toHaveLength(16);
  await listener.drain();
  for (const [name, bytes] of filesBelow(serve.state)) files.set(name, bytes);

  const places = new Map<string, Buffer>([
    ['NATS', Buffer.concat(told)],
    ['what NATS keeps', Buffer.concat([...filesBelow(nats.folder).values()])],
    ['processes', Buffer.from([...processes.values()].join('\n'))],
    [
      'logs',
      Buffer.from(
        [...cluster.agents.values()].map(({ log }) => log).join('') + serve.log + stderr + nats.log,
      ),
    ],
    ['results', Buffer.from(stdout)],
    ['state', Buffer.concat([...files.values()])],
  ]);
  // The witnesses did look: what may be there is there.
  const mayBeThere = {
    NATS: '127.1.0.16',
    processes: 'worker.js',
    logs: 'ready',
    results: 'hostname R16',
    state: 'R16',
  };
  for (const [where, text] of Object.entries(mayBeThere))
    expect(places.get(where)?.includes(text), where).toBe(true);
  const found = [...places].flatMap(([where, bytes]) =>
    [password, secret].flatMap((text) =>
      forms(text)
        .filter((form) => bytes.includes(form))
        .map(() => where),
    ),
  );
  expect(found).toEqual([]);
});

/** Everything that is said on NATS. */
async function listen(url: string, told: Buffer[]) {
  const connection = await connect({ servers: url });
  connection.subscribe('>', { callback: (_error, message) => void told.push(Buffer.from(message.data)) });
  await connection.flush();
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close() });
}

function filesBelow(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    try {
      files.set(name, readFileSync(join(folder, name)));
    } catch {} // a directory, or gone since
  }
  return files;
}

/** A text as it is, and as it looks after the usual encodings. */
function forms(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  return [
    bytes,
    ...(['base64', 'hex'] as const).map((as) => Buffer.from(bytes.toString(as).replace(/=+$/, ''))),
  ];
}

test('a password from the environment of the command stays in that command', async () => {
  const password = 'Alces-11-alces';
  await using cluster = await startCluster({ devices: 6, commandMs: 4_000, unprivileged: 0, password });
  const { fleet, place } = cluster;
  const inventory = fleet.inventory('referred.json', { password: 'env:DEVICE_PASSWORD' });
  place.env.DEVICE_PASSWORD = password;
  await using run = cluster.start(['show version'], inventory);
  await until('the devices are asked', () => fleet.asked('show version').length === 6);
  const others = place.processes().filter(({ pid }) => pid !== run.pid);
  expect(others.length, 'coordinator, nats-server, agent, worker').toBeGreaterThanOrEqual(4);
  expect(others.filter(({ cmdline, environ }) => (cmdline + environ).includes(password))).toEqual([]);
  expect((await run.finished).status).toBe(0);
});

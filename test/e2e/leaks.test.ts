// A secret that was given to devices lies nowhere but with whoever gave it: a small form of `npm run leaks`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startCluster } from '../cluster.ts';
import { Canary } from '../leaks/canary.ts';
import { memoryHits } from '../leaks/memory.ts';
import { search } from '../leaks/search.ts';
import { ProcessWatch } from '../leaks/watch.ts';

const LOUDLY = { NETSWEEP_LOG_LEVEL: 'debug' };

test('a password and an enable secret are in no log, file, argument, environment or report, nor in a worker a second later', async () => {
  const canaries = [new Canary('pw', true), new Canary('en')];
  const [password, secret] = canaries.map(({ text }) => text);
  await using cluster = await startCluster({
    devices: 8,
    platforms: ['cisco_ios'],
    password: password ?? '',
    secret: secret ?? '',
    unprivileged: 0.5,
    bad: { 'close-login': 0.13, 'drop-login': 0.13 },
    agents: [{ name: 'one', segments: ['default'], env: LOUDLY }],
    serveEnv: LOUDLY,
  });
  const { fleet, place, nats } = cluster;
  using watch = new ProcessWatch(place, canaries);
  const inventory = fleet.inventory('fleet.json', {
    password: `file:${join(fleet.folder, 'password')}`,
    enableSecret: `file:${join(fleet.folder, 'secret')}`,
  });
  const logs = join(place.folder, 'sessions');
  const ran = await cluster.run(['-vvv', '--session-log', logs, 'show running-config'], { inventory });
  expect(ran.results.filter(({ status }) => status === 'ok').length, ran.stderr).toBeGreaterThanOrEqual(5);
  expect(readdirSync(logs).length).toBeGreaterThanOrEqual(5);
  await delay(1_000);
  watch.look();
  const texts = new Map([
    ['stdout', ran.stdout],
    ['stderr', ran.stderr],
    ["the coordinator's log", cluster.serve.log],
    ["the agent's log", cluster.agent('one').log],
  ]);
  expect(search(canaries, [place.folder, nats.folder], texts).hits).toEqual([]);
  expect([...watch.hits]).toEqual([]);
  const workers = watch.with('agent/worker.js');
  expect(workers.length).toBeGreaterThan(0);
  for (const [pid, { environ }] of workers) {
    expect(environ).toBe('');
    expect(memoryHits(pid, canaries)).toEqual([]);
  }
  for (const [, { core }] of [
    ...workers,
    ...watch.with('agent/main.js'),
    ...watch.with(' serve '.replaceAll(' ', '\0')),
  ])
    expect(core).toMatch(/^0 +0$/);
});

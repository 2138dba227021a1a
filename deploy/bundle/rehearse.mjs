// The small sweeps that warm the bundle: a few simulated devices on loopback, in a world of their own. No setting
// from outside gets in: a configuration might name somebody's coordinator.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const DEVICES = '12';
const SWEEP_MS = 30_000;
const END_MS = 10_000;

/** Resolves when every program has been run and has ended. Throws when a sweep did not go as it should. */
export async function rehearse(dist, bundle) {
  const home = mkdtempSync(join(tmpdir(), 'netsweep-build-'));
  writeFileSync(join(home, 'netsweep.yaml'), '');
  const { PATH = '', NETSWEEP_NATS_SERVER = '' } = process.env;
  const world = { cwd: home, env: { PATH, HOME: home, TMPDIR: home, NETSWEEP_NATS_SERVER } };
  const run = (program, ...words) => {
    const { status, stderr } = spawnSync(process.execPath, [join(dist, program), ...words], {
      ...world,
      encoding: 'utf8',
      timeout: SWEEP_MS,
    });
    if (status !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${status}: ${stderr.trim()}`);
  };
  const fleet = fork(join(dist, 'agent/fleet/main.js'), ['--devices', DEVICES, '--inventory', 'fleet.csv'], {
    ...world,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  try {
    const up = await Promise.race([once(fleet.stdout, 'data'), once(fleet, 'exit').then(() => null)]);
    if (up === null) throw new Error('the rehearsal fleet did not start');
    run('coordinator/main.js', '--help');
    run('agent/main.js', '--help');
    run('coordinator/main.js', 'inventory', 'check', '-i', 'fleet.csv');
    run(
      'coordinator/main.js',
      'run',
      '-i',
      'fleet.csv',
      '--state',
      join(home, 'state'),
      '--format',
      'ndjson',
    );
    run('coordinator/main.js', 'run', '-i', 'fleet.csv', '--state', join(home, 'other'), 'show version');
    await ended(bundle);
  } finally {
    fleet.kill();
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** The last processes of a sweep end a moment after its command. */
async function ended(bundle) {
  const until = Date.now() + END_MS;
  while (readdirSync(bundle).some((file) => file.endsWith('.running'))) {
    if (Date.now() > until) throw new Error('a process of it does not end');
    await delay(50);
  }
  if (existsSync(join(bundle, 'changed')))
    throw new Error('flags of V8 are changed by a program after its start: start.cjs has to set them');
}

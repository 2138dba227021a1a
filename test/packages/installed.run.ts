// The .debs, installed on a throw-away host, run there as services, as their own users: set up by what their README says,
// a sweep, a stop in the middle of one, an upgrade, a revocation, a purge. `npm run installed`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from '../place.ts';
import { output, program, root, until } from '../process.ts';
import { Host, hostMissing, WAYS } from './host.ts';

/** Units, users, packages and state directories are called the same. */
const SERVICES = ['netsweep-nats', 'netsweep', 'netsweep-agent'];
const DEVICES = 20;
/** Written by dpkg, systemd and the index of manual pages, whatever is installed. */
const THEIRS =
  /^\/(var\/(lib\/(dpkg|systemd)|log|cache\/(man|ldconfig|apt))\/|etc\/((passwd|group|shadow|gshadow|subuid|subgid)-?|\.pwd\.lock)$)/;
/** Seconds on a machine that has nothing else to do. */
const BUILD_MS = 600_000;

let place: Place;
/** Where the packages are: `PACKAGES=DIR npm run installed` tries those of somebody else. */
let made: string;

beforeAll(async () => {
  place = await Place.open();
  made = process.env.PACKAGES ?? place.path('first');
  if (process.env.PACKAGES === undefined) await build('first');
});

afterAll(() => place[Symbol.asyncDispose]());

async function build(folder: string, shell = 'exec "$@"', env: NodeJS.ProcessEnv = {}): Promise<void> {
  const words = [process.execPath, 'deploy/packages/package.mjs', '--into', place.path(folder)];
  const whole = { cwd: root, env: { ...process.env, ...env }, timeoutMs: BUILD_MS };
  await output('sh', ['-c', shell, 'sh', ...words], whole);
}

function packages(folder: string, ending = '.deb'): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(ending));
  return files.map((file) => join(folder, file));
}

const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

test('the same sources make the same packages, whoever makes them', async () => {
  await build('second', 'umask 077; exec "$@"', { TZ: 'Asia/Tokyo', LANG: 'C' });
  for (const ending of ['.deb', '.tgz'])
    expect(packages(place.path('second'), ending).map(digest)).toEqual(packages(made, ending).map(digest));
});

test.skipIf(program('lintian') === null)('lintian finds nothing in them', () => {
  const { stdout } = spawnSync('lintian', ['--allow-root', ...packages(made)], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

describe.each(WAYS)('on a host, %s', (way) => {
  const missing = hostMissing(way);
  test.skipIf(missing !== null)('installed, set up, started, swept with, upgraded, purged', async () => {
    await using host = await Host.open(way, made);
    const install = () => host.must('sh', '-c', 'dpkg --force-depends --install /opt/packages/*.deb');
    const before = new Set(await host.changes());
    await install();
    for (const user of SERVICES) {
      expect(await host.must('stat', '-c', '%U:%G %a', `/var/lib/${user}`)).toBe(`${user}:${user} 700\n`);
      expect((await host.run('pgrep', '-u', user)).stdout).toBe(''); // nothing starts by itself
      expect((await host.run('find', '/etc/systemd', '-name', `${user}.service`)).stdout).toBe('');
    }

    await host.must('netsweep-admin', 'serve', '--init', '--host', 'localhost');
    await host.must('netsweep-nats-install', '/var/lib/netsweep/serve/nats/servers/nats-1');
    await host.must('sh', '-c', 'echo NETSWEEP_LISTEN=0.0.0.0:7440 >>/etc/netsweep/coordinator.env');
    await host.must('sh', '-c', 'echo NETSWEEP_AGENT_HTTP=127.0.0.1:7442 >>/etc/netsweep/agent.env');
    await host.start('netsweep-nats');
    await host.start('netsweep');
    await until('the coordinator is ready', async () =>
      / ready listen=0.0.0.0:7440|^ready listen=0.0.0.0:7440/m.test(await host.said('netsweep')),
    );
    const token = async (...words: string[]) =>
      (await host.must('netsweep-admin', 'enroll', ...words)).trim();
    expect(await host.must('netsweep-agent', 'join', await token('dc1-a', '--segment', 'default'))).toContain(
      'dc1-a: joined',
    );
    await host.start('netsweep-agent');
    await until('the agent is ready', async () => (await health(host, 7442, 'readyz')) === 200);
    expect(await health(host, 7441, 'readyz')).toBe(200);

    await using fleet = host.begin(
      'netsweep',
      'fleet',
      '--devices',
      String(DEVICES),
      '--inventory',
      '/tmp/fleet.csv',
      '--command-latency',
      '1000',
    );
    await fleet.logged(/^ready /m);
    const alice = (...words: string[]) => [
      'env',
      'HOME=/tmp/alice',
      'NETSWEEP_COORDINATOR=localhost:7440',
      'netsweep',
      ...words,
    ];
    await host.must('mkdir', '/tmp/alice');
    await host.must(...alice('join', await token('--operator', 'alice')));
    const sweep = ['run', '-i', '/tmp/fleet.csv', 'show version'];
    const swept = JSON.parse(await host.must(...alice(...sweep, '--format', 'json')));
    expect(swept.counts).toMatchObject({ selected: DEVICES, ok: DEVICES });
    for (const user of SERVICES) await confined(host, user, way);

    // Stopped in the middle, it ends what it has begun, and another one carries on.
    const id = (await host.must(...alice(...sweep, '--detach'))).trim();
    const counts = async () => JSON.parse(await host.must(...alice('sweeps', 'show', id, '--json')));
    await until('sessions are open', async () =>
      /netsweep_agent_sessions_open [1-9]/.test(await metrics(host)),
    );
    const stopped = await host.stop('netsweep-agent');
    expect(stopped.byItself).toBe(true);
    expect(stopped.ms).toBeLessThan(45_000);
    await host.start('netsweep-agent');
    await until('the sweep has ended', async () => (await counts()).status === 'ended');
    expect((await counts()).counts).toMatchObject({ ok: DEVICES });

    const [old] = await host.processes('netsweep');
    await install();
    if (way === 'booted') {
      await until('it was restarted', async () => {
        const [now] = await host.processes('netsweep');
        return now !== undefined && now !== old;
      });
      await until('it is ready again', async () => (await health(host, 7441, 'readyz')) === 200);
    }
    expect(await host.must('cat', '/etc/netsweep/coordinator.env')).toContain('\nNETSWEEP_LISTEN=');
    expect((await counts()).counts).toMatchObject({ ok: DEVICES });

    expect(await host.must('man', 'netsweep-run')).toContain('--inventory');
    await host.must('netsweep-admin', 'agents', 'revoke', 'dc1-a');
    await until('the agent has ended for good', async () => (await host.ended('netsweep-agent')) === 4);

    await fleet.stop('SIGKILL');
    for (const user of ['netsweep', 'netsweep-nats']) expect((await host.stop(user)).byItself).toBe(true);
    await host.must('dpkg', '--purge', ...SERVICES);
    const left = (await host.changes()).filter((file) => !before.has(file) && !THEIRS.test(file));
    expect(left).toEqual([]);
    const folders = 'ls -d /etc/netsweep /usr/lib/netsweep* /usr/share/doc/netsweep* /var/lib/netsweep*';
    expect((await host.run('sh', '-c', folders)).stdout).toBe('');
    expect(await host.must('sh', '-c', 'getent passwd; getent group')).not.toContain('netsweep');
  });
});

/** An HTTP status; 0 where nobody answers. */
async function health(host: Host, port: number, path: string): Promise<number> {
  const script = `fetch('http://127.0.0.1:${port}/${path}').then(({ status }) => console.log(status), () => console.log(0))`;
  return Number(await host.must('node', '-e', script));
}

function metrics(host: Host): Promise<string> {
  return host.must(
    'node',
    '-e',
    "fetch('http://127.0.0.1:7442/metrics').then((answer) => answer.text()).then(console.log)",
  );
}

/** Each of its processes is its user's, may become nobody else, and leaves no core. */
async function confined(host: Host, user: string, way: string): Promise<void> {
  const uid = (await host.must('id', '-u', user)).trim();
  const pids = await host.processes(user);
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(new RegExp(`^Uid:(\\s+${uid}){4}$`, 'm'));
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^CapBnd:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    if (way === 'booted') expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/^Max core file size +0 +0 /m);
  }
}

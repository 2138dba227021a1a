// The agent's options as a user meets them: the built program, a directory of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../process.js';

const program = fileURLToPath(new URL('../../dist/agent/main.js', import.meta.url));
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netsweep-options-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function agent(args: string[], env: Record<string, string> = {}) {
  return run(process.execPath, [program, ...args], {
    cwd: directory,
    env: { HOME: directory, STATE_DIRECTORY: directory, ...env },
  });
}

test.each([
  [['--forks', '0'], '--forks: found "0", expected a whole number from 1 to 999999'],
  [['--workers', 'two'], '--workers: found "two", expected a whole number from 1 to 999999'],
  [['--segment', 'a,,b'], 'an empty name in "a,,b"'],
  [['--tls-ca', '/nowhere'], '--tls-ca: there is no file /nowhere'],
  [
    ['--coordinator', '192.0.2.1:7440'],
    'only loopback is reached without --tls-ca, --tls-cert and --tls-key',
  ],
  [
    ['--nats', 'nats://127.0.0.1:4222,nats://us:pass@192.0.2.1:4222'],
    '--nats nats://192.0.2.1:4222: only loopback is reached without --tls-ca, --tls-cert and --tls-key',
  ],
  [['--segmnet', 'a'], "unknown option '--segmnet' (did you mean --segment?)"],
  [['--frobnicate'], "unknown option '--frobnicate' (--help shows all)"],
  [['--name'], "option '--name <name>' argument missing (expected a value behind it; --help shows which)"],
  [['join'], "missing required argument 'token' (--help shows all)"],
  [['--http', '0.0.0.0:7442'], 'only loopback is served, as its answers would be open to everybody'],
  [['--http', 'localhost'], '--http: found "localhost", expected HOST:PORT'],
  [
    ['--rehearse', 'prompt=soon'],
    '--rehearse: found "prompt=soon", expected a duration such as prompt=300ms',
  ],
  [['--rehearse', 'failing=120%'], '--rehearse: found "failing=120%", expected a share of the devices'],
  [['--rehearse', 'size=1TB'], '--rehearse: found "size=1TB", expected a size up to 256MiB'],
  [
    ['--rehearse', 'devices=7'],
    '--rehearse: found "devices=7", expected prompt=, command=, failing= or size=',
  ],
  [
    ['--allow-targets', '10.0.0.1/8'],
    '--allow-targets: found "10.0.0.1/8", which has bits beyond its length',
  ],
  [['--allow-ports', 'ssh'], '--allow-ports: found "ssh", expected ports such as 22,2200-2299'],
  [['joni', 'TOKEN'], 'too many arguments (expected options, or join TOKEN)'],
])('refuses %j with one line and exit 2', async (args, message) => {
  const { status, stdout, stderr } = await agent(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).toMatch(/^netsweep-agent: .*\n$/);
});

test('takes what no flag and no variable says from netsweep.yaml', async () => {
  writeFileSync(join(directory, 'netsweep.yaml'), 'inventory: lab.yaml\nforks: none\nworkers: 0\n');
  expect((await agent([])).stderr).toContain('--workers: found "0"');
  expect((await agent(['--workers', '1'])).stderr).toContain('--forks: found "none"');
  expect((await agent(['--workers', '1'], { NETSWEEP_FORKS: 'few' })).stderr).toContain(
    '--forks: found "few"',
  );
});

test('names the place of what it cannot read in netsweep.yaml', async () => {
  writeFileSync(join(directory, 'netsweep.yaml'), 'name: a\nsegment: {a: b}\n');
  const { status, stderr } = await agent([]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/netsweep\.yaml:2:1: segment: expected a value or a list of values/);
});

test('a TLS key that others can read is refused', async () => {
  for (const name of ['ca', 'cert', 'key']) writeFileSync(join(directory, name), '', { mode: 0o644 });
  const { status, stderr } = await agent(['--tls-ca', 'ca', '--tls-cert', 'cert', '--tls-key', 'key']);
  expect({ status, stderr }).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--tls-key: key can be read by others'),
  });
});

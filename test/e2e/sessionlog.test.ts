// Transcripts of whole sweeps: one file for each device, without a secret in it, each of which can be played again.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Fault } from '../../agent/fleet/fault.ts';
import { CHUNK_BYTES } from '../../proto/subjects.ts';
import { loadRecordings, type Recording } from '../agent/recording.ts';
import { expectSame, replay } from '../agent/replay.ts';
import { startCluster } from '../cluster.ts';

const PASSWORD = 'Vulpes-47-lagopus';
const SECRET = 'Gulo-93-gulo';
const LIMITS = ['--retries', '0', '--idle-timeout', '4s', '--login-timeout', '12s'];
/** Devices of which some fail at each step of the way, and some are only hard to read. */
const BAD: readonly Fault[] = [
  ...(['refuse', 'hang-ident', 'host-key', 'auth', 'leave-login', 'refuse-channel', 'second-login'] as const),
  ...(['no-prompt', 'enable', 'drop-output', 'hang-output', 'cli-error', 'no-end', 'no-status'] as const),
  ...(['pager-anyway', 'prompt-inside', 'wild-lines', 'narrow-echo', 'no-echo', 'log-over-prompt'] as const),
];

test('--session-log writes the session of every device, failed ones too, without secrets and to be played again', async () => {
  await using cluster = await startCluster({
    devices: 80,
    segments: 2,
    platforms: ['cisco_ios', 'frr', 'linux'],
    unprivileged: 1,
    password: PASSWORD,
    secret: SECRET,
    bad: Object.fromEntries(BAD.map((fault) => [fault, 0.025])),
  });
  const { fleet, place } = cluster;
  const folder = place.path('log');
  const { status, results } = await cluster.run(['--session-log', folder, ...LIMITS]);
  expect(status).toBe(1);
  const names = fleet.names.map((name) => `${name}.yaml`).sort();
  expect(readdirSync(folder).sort()).toEqual(names);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const name of names) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);

  const recordings = loadRecordings(folder);
  await Promise.all(
    recordings.map(async (recording) => expectSame(recording, await replay(recording, 'whole'))),
  );
  for (const [index, name] of names.entries()) {
    const result = results.find(({ device }) => `${device}.yaml` === name);
    const { kind, stage } = result?.failure ?? {};
    expect(recordings[index]).toMatchObject({
      platform: result?.platform,
      failure: result?.failure ? { kind, stage } : null,
      outputs: result?.outputs.map(({ command, status }) => ({ command, status })),
    });
  }
  expect(recordings.filter(({ session }) => session.some((step) => 'secret' in step)).length).toBeGreaterThan(
    9,
  );
  expect(new Set(recordings.map(({ failure }) => failure?.kind)).size).toBeGreaterThan(7);
  const text = names.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
  expect(forms(PASSWORD, SECRET).filter((form) => text.includes(form))).toEqual([]);

  const again = place.path('again');
  const fetched = await place.netsweep(['sweeps', 'results', 'last', '--session-log', again, '-o']);
  expect(fetched.status).toBe(0);
  for (const name of names)
    expect(readFileSync(join(again, name), 'utf8')).toBe(readFileSync(join(folder, name), 'utf8'));
});

test('a long session arrives whole through its pieces', async () => {
  await using cluster = await startCluster({ devices: 2, platforms: ['frr'], configLines: 90_000 });
  const folder = cluster.place.path('log');
  const { status, stderr } = await cluster.run(['--session-log', folder, 'show running-config']);
  expect({ status, lost: /worker .*/.exec(stderr)?.[0] }).toEqual({ status: 0, lost: undefined });
  for (const recording of loadRecordings(folder)) {
    const { output } = recording.outputs[0] ?? { output: '' };
    expect(gzipSync(output).length).toBeGreaterThan(CHUNK_BYTES);
    expect(output === cluster.fleet.expected(nameOf(recording), 'show running-config')).toBe(true);
    expectSame(recording, await replay(recording, 'whole'));
  }
});

test('-vvv shows the sessions on stderr, and a sweep without either records none', async () => {
  await using cluster = await startCluster({ devices: 2, platforms: ['cisco_ios'], unprivileged: 0 });
  const { place } = cluster;
  const shown = await cluster.run(['-vvv', 'show version']);
  expect(shown.status).toBe(0);
  expect(shown.stderr).toMatch(/^--- R1: session\n# A session as netsweep saw it/m);
  expect(shown.stderr).toMatch(/^ {2}- hears: "show version\\r"$/m);
  expect(shown.results).toHaveLength(2);

  const plain = await cluster.run(['show version']);
  expect(plain.stderr).not.toContain('session');
  const folder = place.path('none');
  const fetched = await place.netsweep(['sweeps', 'results', 'last', '--session-log', folder]);
  expect(fetched).toMatchObject({ status: 2, stdout: '' });
  expect(fetched.stderr).toMatch(/^netsweep: sweep \w+ was run without --session-log/m);
  expect(existsSync(folder)).toBe(false);
});

function nameOf({ file }: Recording): string {
  return basename(file, '.yaml');
}

/** What a secret looks like wherever somebody might have put it. */
function forms(...secrets: string[]): string[] {
  return secrets.flatMap((secret) => {
    const bytes = Buffer.from(secret);
    const encoded = (['base64', 'base64url', 'hex'] as const).map((as) =>
      bytes.toString(as).replace(/=+$/, ''),
    );
    return [secret, bytes.toString('hex').toUpperCase(), [...secret].reverse().join(''), ...encoded];
  });
}

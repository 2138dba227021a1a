// Sweeps of a real OpenSSH server by the built program, held against what OpenSSH's own client prints.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Login, type Sshd, sshdMissing, startSshd } from '../openssh.ts';
import { Place } from '../place.ts';
import { output, program } from '../process.ts';
import { type DeviceFields, type DeviceJson, only, outputOf, sweep } from './sweep.ts';

const commands = ['uname -a', 'cat /etc/os-release'];

/** A Linux device without a way to log in. */
function device({ host, port, user }: Login): DeviceFields {
  return { name: 'L1', host, port, username: user, platform: 'linux' };
}

function withPassword(sshd: Login): DeviceFields {
  return { ...device(sshd), password: sshd.password };
}

async function expectOutputs(got: DeviceJson, sshd: Sshd): Promise<void> {
  expect(got).toMatchObject({ status: 'ok', failure: null, attempts: 1 });
  for (const command of commands) {
    const shown = await sshd.ssh(command);
    expect(outputOf(got, command)).toMatchObject({
      status: 'complete',
      output: shown,
      exitStatus: 0,
      stderr: '',
    });
    expect(outputOf(got, command).sha256).toBe(digest(Buffer.from(shown)));
  }
}

/** As OpenSSH writes it, of `ssh-ed25519 AAAA...`. */
function fingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.skipIf(sshdMissing !== null)('a sweep of a real sshd', () => {
  test('gives after a login by password what ssh prints, to the byte', async () => {
    await using sshd = await startSshd();
    await using place = await Place.open();
    const swept = await sweep(place, [withPassword(sshd)], commands);
    expect(swept.status).toBe(0);
    expect(swept.counts).toMatchObject({ selected: 1, ok: 1 });
    await expectOutputs(only(swept), sshd);
    expect(sshd.log).toMatch(/Accepted password for netops/);
    expect(sshd.log).not.toMatch(/Failed password/);
  });

  test('logs in with an ed25519 key', async () => {
    await using sshd = await startSshd({ config: ['PasswordAuthentication no'] });
    await using place = await Place.open();
    const swept = await sweep(place, [{ ...device(sshd), private_key: sshd.privateKeyPath }], commands);
    expect(swept.status).toBe(0);
    await expectOutputs(only(swept), sshd);
    expect(sshd.log).toMatch(/Accepted publickey for netops .* ED25519/);
  });

  test('logs in with an RSA key', async () => {
    await using place = await Place.open();
    const key = place.path('rsa');
    const make = ['-q', '-t', 'rsa', '-b', '3072', '-N', '', '-C', '', '-f', key];
    await output(program('ssh-keygen') ?? 'ssh-keygen', make);
    const own = await readFile(`${key}.pub`, 'utf8');
    await using sshd = await startSshd({
      config: ['PasswordAuthentication no', 'AuthorizedKeysFile authorized_keys'],
      files: { 'rsa.pub': own },
      before: 'cat "$folder/rsa.pub" "$folder/netops_key.pub" >/run/netops/authorized_keys',
    });
    const swept = await sweep(place, [device(sshd)], ['--private-key', key, ...commands]);
    expect(swept.status).toBe(0);
    await expectOutputs(only(swept), sshd);
    expect(sshd.log).toMatch(/Accepted publickey for netops .* RSA/);
  });

  test('answers keyboard-interactive questions with the password', async () => {
    await using sshd = await startSshd({
      config: ['PasswordAuthentication no', 'KbdInteractiveAuthentication yes', 'UsePAM yes'],
      before: `
mkdir "$folder/pam.d"
echo 'auth required pam_unix.so
account required pam_permit.so
session required pam_permit.so' >"$folder/pam.d/sshd"
mount --bind "$folder/pam.d" /etc/pam.d`,
    });
    await using place = await Place.open();
    const swept = await sweep(place, [withPassword(sshd)], commands);
    expect(swept.status).toBe(0);
    await expectOutputs(only(swept), sshd);
    expect(sshd.log).toMatch(/Accepted keyboard-interactive\/pam for netops/);
  });

  test('keeps the exit status and the stderr of commands that fail', async () => {
    await using sshd = await startSshd();
    await using place = await Place.open();
    const failing = ['false', "sh -c 'echo lost >&2; exit 3'", 'uname -a'];
    const swept = await sweep(place, [withPassword(sshd)], ['--allow-writes', ...failing]);
    const got = only(swept);
    expect(got).toMatchObject({ status: 'ok', failure: null });
    expect(swept.status).toBe(0); // a shell's exit status is data
    expect(got.outputs).toMatchObject([
      { command: failing[0], status: 'complete', output: '', stderr: '', exitStatus: 1 },
      { command: failing[1], status: 'complete', output: '', stderr: 'lost\n', exitStatus: 3 },
      { command: failing[2], status: 'complete', output: await sshd.ssh('uname -a'), exitStatus: 0 },
    ]);
  });

  test('sends a shell nothing that is not known to read', async () => {
    await using sshd = await startSshd();
    await using place = await Place.open();
    const inventory = await place.write('inventory.json', JSON.stringify([withPassword(sshd)]));
    const ended = await place.netsweep(['run', '-i', inventory, 'touch /run/netops/x']);
    expect(ended.status).toBe(2);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toMatch(/touch/);
    expect(sshd.log).not.toMatch(/Connection from/);
  });

  test('tries a wrong password once', async () => {
    await using sshd = await startSshd({ config: ['LogLevel DEBUG1'] });
    await using place = await Place.open();
    const swept = await sweep(place, [{ ...device(sshd), password: 'wrong' }], commands);
    expect(swept.status).toBe(1);
    expect(only(swept)).toMatchObject({
      status: 'failed',
      failure: { kind: 'auth', stage: 'auth', retryable: false },
      attempts: 1,
      outputs: [],
    });
    expect(sshd.log.match(/Failed password/g)).toHaveLength(1);
    const methods = [...sshd.log.matchAll(/userauth-request for user netops .* method (\S+)/g)];
    expect(methods.map(([, method]) => method)).toEqual(['none', 'password']);
    expect(`${JSON.stringify(swept)}`).not.toContain('wrong');
  });

  test('refuses a changed host key before anything is told', async () => {
    await using place = await Place.open();
    let before: { port: number; hostKey: string };
    {
      await using sshd = await startSshd();
      expect((await sweep(place, [withPassword(sshd)], commands)).status).toBe(0);
      before = { port: sshd.port, hostKey: sshd.hostKey };
    }
    await using sshd = await startSshd({ port: before.port, config: ['LogLevel DEBUG1'] });
    expect(sshd.hostKey).not.toBe(before.hostKey);
    const swept = await sweep(place, [withPassword(sshd)], commands);
    expect(swept.status).toBe(1);
    const { failure, attempts } = only(swept);
    expect(failure).toMatchObject({ kind: 'host-key', stage: 'hostkey', retryable: false });
    expect(attempts).toBe(1);
    expect(failure?.message).toContain(fingerprint(before.hostKey));
    expect(failure?.message).toContain(fingerprint(sshd.hostKey));
    expect(sshd.log).toMatch(/Connection from/);
    expect(sshd.log).not.toMatch(/userauth-request|Accepted|Failed/);
  });

  test('reads known_hosts of the home directory, hashed names too, and leaves it as it is', async () => {
    await using sshd = await startSshd({ config: ['LogLevel DEBUG1'] });
    for (const hashed of [false, true]) {
      await using place = await Place.open();
      const path = await place.write('.ssh/known_hosts', `[${sshd.host}]:${sshd.port} ${sshd.hostKey}\n`);
      if (hashed) await output(program('ssh-keygen') ?? 'ssh-keygen', ['-q', '-H', '-f', path]);
      const kept = await readFile(path, 'utf8');
      expect(kept.startsWith('|1|')).toBe(hashed);
      const swept = await sweep(place, [withPassword(sshd)], ['--host-keys', 'strict', ...commands]);
      expect(swept.status).toBe(0);
      await expectOutputs(only(swept), sshd);
      expect(await readFile(path, 'utf8')).toBe(kept);
    }
  });

  test('believes known_hosts over the key shown, and keeps no key with --host-keys strict', async () => {
    await using other = await startSshd();
    await using sshd = await startSshd({ config: ['LogLevel DEBUG1'] });
    await using place = await Place.open();
    const strict = ['--host-keys', 'strict', ...commands];
    for (const _ of ['first', 'second']) {
      const unknown = await sweep(place, [withPassword(sshd)], strict);
      expect(unknown.status).toBe(1);
      expect(only(unknown).failure).toMatchObject({ kind: 'host-key', stage: 'hostkey' });
      expect(only(unknown).failure?.message).toContain(fingerprint(sshd.hostKey));
    }
    await place.write('.ssh/known_hosts', `[${sshd.host}]:${sshd.port} ${other.hostKey}\n`);
    const { failure } = only(await sweep(place, [withPassword(sshd)], commands));
    expect(failure?.kind).toBe('host-key');
    expect(failure?.message).toContain(fingerprint(other.hostKey));
    expect(failure?.message).toContain(fingerprint(sshd.hostKey));
    expect(sshd.log).not.toMatch(/userauth-request|Accepted|Failed/);
  });

  test('carries a large output exactly, whatever its encoding', async () => {
    await using sshd = await startSshd();
    await using place = await Place.open();
    const texts = { ascii: largeText('-'), utf8: largeText('ü€😀'), latin1: largeText('ü\u0085ÿ') };
    const files = {
      ascii: Buffer.from(texts.ascii),
      utf8: Buffer.from(texts.utf8),
      latin1: Buffer.from(texts.latin1, 'latin1'),
    };
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(sshd.folder, name), bytes);
    const command = (name: string) => `cat ${join(sshd.folder, name)}`;
    const swept = await sweep(
      place,
      [withPassword(sshd)],
      ['--allow-writes', ...Object.keys(files).map(command)],
    );
    expect(swept.status).toBe(0);
    const got = only(swept);
    for (const name of ['ascii', 'utf8', 'latin1'] as const) {
      const { output: text, ...rest } = outputOf(got, command(name));
      const wanted = Buffer.from(texts[name]);
      expect(rest).toMatchObject({
        status: 'complete',
        encoding: name === 'latin1' ? 'latin-1' : 'utf-8',
        bytes: wanted.length,
        sha256: digest(wanted),
        exitStatus: 0,
      });
      expect(digest(Buffer.from(text ?? ''))).toBe(digest(wanted));
    }
  });
});

/** At least 5 MB of lines that differ, without control characters; `spice` is in each. */
function largeText(spice: string): string {
  const lines: string[] = [];
  for (let n = 0, length = 0; length < 5_000_000; n++) {
    const line = `${n}\t${'#'.repeat((n * 7919) % 211)}${spice} netops@host:~$ `;
    lines.push(line);
    length += line.length + 1;
  }
  return `${lines.join('\n')}\n`;
}

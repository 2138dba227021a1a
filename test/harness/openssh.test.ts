import { existsSync, readFileSync, statSync } from 'node:fs';
import { Client } from 'ssh2';
import { describe, expect, test } from 'vitest';
import { sshdMissing, startSshd } from '../openssh.ts';
import { run, until } from '../process.ts';

/** Logs in with a password; resolves with the host key presented. */
function passwordLogin(login: {
  host: string;
  port: number;
  user: string;
  password: string;
}): Promise<string> {
  const { host, port, user: username, password } = login;
  return new Promise((resolve, reject) => {
    let presented = '';
    const client = new Client();
    const hostVerifier = (key: Buffer) => {
      presented = key.toString('base64');
      return true;
    };
    client.on('error', reject);
    client.on('ready', () => {
      client.end();
      resolve(presented);
    });
    client.connect({ host, port, username, password, hostVerifier });
  });
}

describe.skipIf(sshdMissing !== null)('a real sshd', () => {
  test('lets its account in by key', async () => {
    await using sshd = await startSshd();
    expect(await sshd.ssh('id -un; echo "$HOME"')).toBe('netops\n/run/netops\n');
    expect(sshd.log).toMatch(/Accepted publickey for netops/);
  });

  test('lets its account in by password, and not by a wrong one', async () => {
    await using sshd = await startSshd({ address: '127.3.2.1' });
    expect(`ssh-ed25519 ${await passwordLogin(sshd)}`).toBe(sshd.hostKey);
    await expect(passwordLogin({ ...sshd, user: sshd.user, password: 'wrong' })).rejects.toThrow(
      /authentication/i,
    );
    expect(sshd.log).toMatch(/Accepted password for netops from 127/);
  });

  test('takes lines of configuration that win over its own', async () => {
    await using sshd = await startSshd({ config: ['PasswordAuthentication no', 'ForceCommand echo forced'] });
    expect(await sshd.ssh('echo asked')).toBe('forced\n');
    await expect(passwordLogin(sshd)).rejects.toThrow(/authentication/i);
  });

  test('reads and writes nothing of the system', async () => {
    const before = ['/etc/passwd', '/etc/shadow', '/var/log'].map((path) => statSync(path).mtimeMs);
    await using sshd = await startSshd();
    await sshd.ssh('true');
    expect(readFileSync('/etc/passwd', 'utf8')).not.toMatch(/^netops:/m);
    expect(['/etc/passwd', '/etc/shadow', '/var/log'].map((path) => statSync(path).mtimeMs)).toEqual(before);
  });

  test('is gone once disposed of', async () => {
    const sshd = await startSshd();
    await sshd[Symbol.asyncDispose]();
    const connect = `exec 3<>/dev/tcp/${sshd.host}/${sshd.port}`;
    await until('refused', async () => (await run('bash', ['-c', connect])).status !== 0);
    expect(existsSync(sshd.folder)).toBe(false);
  });
});

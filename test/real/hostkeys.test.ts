// Marks of known_hosts against OpenSSH's real server: host certificates, and keys that were revoked.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Sshd, sshdMissing, startSshd } from '../openssh.ts';
import { Place } from '../place.ts';
import { only, sweep } from './sweep.ts';

const commands = ['--retries', '0', 'uname -a'];

function withPassword({ host, port, user, password }: Sshd) {
  return { name: 'R1', host, port, platform: 'linux', username: user, password };
}

/** A server whose Ed25519 and ECDSA keys an authority has certified for a name. */
function startCertified(name: string, type = 'ed25519'): Promise<Sshd> {
  return startSshd({
    config: [
      'LogLevel DEBUG1',
      'HostKey $folder/own_key',
      'HostCertificate $folder/own_key-cert.pub',
      'RekeyLimit 1K',
    ],
    before: `ssh-keygen -q -t ed25519 -N "" -C "" -f $folder/authority
ssh-keygen -q -t ${type} -N "" -C "" -f $folder/own_key
ssh-keygen -q -s $folder/authority -I host -h -n ${name} -V -1d:+1d $folder/own_key.pub
chmod 644 $folder/authority.pub $folder/own_key.pub`,
  });
}

const publicKey = async (sshd: Sshd, name: string) =>
  (await readFile(join(sshd.folder, `${name}.pub`), 'utf8')).trim();

const untouched = (sshd: Sshd) => expect(sshd.log).not.toMatch(/userauth-request|Accepted|Failed/);

describe.skipIf(sshdMissing !== null)('host keys by known_hosts', () => {
  test.each([['ed25519'], ['ecdsa -b 384']])(
    'a certificate over a key by %s lets in, strictly',
    async (type) => {
      await using sshd = await startCertified('127.0.0.1', type);
      await using place = await Place.open();
      const authority = await publicKey(sshd, 'authority');
      await place.write('.ssh/known_hosts', `@cert-authority [127.0.0.*]:* ${authority}\n`);
      const swept = await sweep(place, [withPassword(sshd)], ['--host-keys', 'strict', ...commands]);
      expect({ status: swept.status, failure: only(swept).failure }).toEqual({ status: 0, failure: null });
      const { stdout } = await place.netsweep(['hostkeys', 'list', '--json']);
      expect(JSON.parse(stdout)).toEqual([]); // a certificate is looked at each time
    },
  );

  test('a certificate for another host does not, and nothing is sent', async () => {
    await using sshd = await startCertified('r2.example');
    await using place = await Place.open();
    await place.write('.ssh/known_hosts', `@cert-authority * ${await publicKey(sshd, 'authority')}\n`);
    const { failure } = only(await sweep(place, [withPassword(sshd)], commands));
    expect(failure).toMatchObject({ kind: 'host-key', stage: 'hostkey' });
    expect(failure?.message).toContain('it is for "r2.example", not for "127.0.0.1"');
    untouched(sshd);
  });

  test('a host that is to have a certificate is not let off without one', async () => {
    await using other = await startCertified('127.0.0.1');
    await using sshd = await startSshd({ config: ['LogLevel DEBUG1'] });
    await using place = await Place.open();
    const authority = await publicKey(other, 'authority');
    await place.write('.ssh/known_hosts', `@cert-authority [127.0.0.1]:* ${authority}\n`);
    const { failure } = only(await sweep(place, [withPassword(sshd)], commands));
    expect(failure).toMatchObject({ kind: 'host-key', stage: 'hostkey' });
    expect(failure?.message).toMatch(
      /^the host is to have a certificate by ssh-ed25519 SHA256:\S+, and shows/,
    );
    untouched(sshd);
  });

  test('a revoked key is refused under every policy, whoever knows it', async () => {
    await using sshd = await startSshd({ config: ['LogLevel DEBUG1'] });
    await using place = await Place.open();
    const name = `[${sshd.host}]:${sshd.port}`;
    await place.write('.ssh/known_hosts', `${name} ${sshd.hostKey}\n@revoked * ${sshd.hostKey}\nbad line\n`);
    for (const policy of ['strict', 'accept-new', 'off']) {
      const swept = await sweep(place, [withPassword(sshd)], ['--host-keys', policy, ...commands]);
      expect(only(swept).failure).toMatchObject({
        kind: 'host-key',
        stage: 'hostkey',
        message: expect.stringMatching(/^the host key is revoked: ssh-ed25519 SHA256:/),
      });
    }
    untouched(sshd);
    const { stderr } = await place.netsweep(['hostkeys', 'list']);
    expect(stderr).toContain('.ssh/known_hosts:3: a key is missing');
  });
});

// Logins and ways as people write them in their inventory, on the command line and in ssh's configuration, by
// the built program and real OpenSSH servers.
import { copyFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Sshd, sshdMissing, startSshd } from '../openssh.ts';
import { Place } from '../place.ts';
import { output, program } from '../process.ts';
import { type DeviceFields, only, sweep } from './sweep.ts';

function listed({ host, port, user, password }: Sshd, fields: DeviceFields = {}): DeviceFields {
  return { name: 'R1', host, port, username: user, password, platform: 'linux', ...fields };
}

/** ssh's configuration for a server under a name of its own, with its key in the place's ~/.ssh. */
async function configure(
  place: Place,
  name: string,
  { host, port, user, privateKeyPath }: Sshd,
): Promise<void> {
  const lines = [
    `Host ${name}`,
    `HostName ${host}`,
    `Port ${port}`,
    `User ${user}`,
    `IdentityFile ~/.ssh/${name}`,
  ];
  await place.write('.ssh/config', `${lines.join('\n')}\n`);
  await copyFile(privateKeyPath, place.path(`.ssh/${name}`));
}

describe.skipIf(sshdMissing !== null)('a login', () => {
  test("is what ssh's configuration says where the inventory has only a name", async () => {
    await using sshd = await startSshd({ config: ['PasswordAuthentication no'] });
    await using place = await Place.open();
    await configure(place, 'router', sshd);
    const swept = await sweep(place, [{ name: 'R1', host: 'router', platform: 'linux' }], ['uname -a']);
    expect(only(swept)).toMatchObject({ status: 'ok', host: sshd.host });
  });

  test('goes through the jump host of -J, which the configuration of ssh knows by name and key', async () => {
    await using bastion = await startSshd({ config: ['PasswordAuthentication no'] });
    await using sshd = await startSshd();
    await using place = await Place.open();
    await configure(place, 'gate', bastion);
    const swept = await sweep(place, [listed(sshd)], ['-J', 'gate', 'uname -a']);
    expect(only(swept)).toMatchObject({ status: 'ok' });
    expect(bastion.log).toContain('Accepted publickey for netops');
    expect(sshd.log).toContain('Accepted password for netops');
  });

  test('by an encrypted key takes its passphrase from where the inventory says; without one nothing is started', async () => {
    await using sshd = await startSshd({ config: ['PasswordAuthentication no'] });
    await using place = await Place.open();
    const key = place.path('key');
    await copyFile(sshd.privateKeyPath, key);
    await output(program('ssh-keygen') ?? '', ['-q', '-p', '-P', '', '-N', 'a phrase', '-f', key]);
    const { password: _, ...bare } = listed(sshd, { private_key: key });
    place.env.KEY_PHRASE = 'a phrase';
    const swept = await sweep(place, [{ ...bare, passphrase: 'env:KEY_PHRASE' }], ['uname -a']);
    expect(only(swept)).toMatchObject({ status: 'ok' });
    const inventory = await place.write('bare.json', JSON.stringify([bare]));
    const asked = await place.netsweep(['run', '-i', inventory, 'uname -a']);
    expect(asked).toMatchObject({ status: 2, stdout: '' });
    expect(asked.stderr).toContain(`Passphrase for ${key}`);
  });
});

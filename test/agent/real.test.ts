// Sessions with real devices: FRR's vtysh behind Debian's sshd, and sshd alone.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Proof, Status } from '../../proto/gen/netsweep/v1/model.js';
import { frrMissing, startFrr } from '../frr.ts';
import { type Login, type Sshd, sshdMissing, startSshd } from '../openssh.ts';
import { attempt, type Changes, textOf } from './device.js';

function changes(login: Login, platform: string, commands: string[]): Changes {
  return {
    device: { host: login.host, port: login.port, platform, commands },
    credential: { username: login.user, password: Buffer.from(login.password) },
  };
}

describe.skipIf(frrMissing !== null)('a real FRR', () => {
  test('gives its whole running configuration, to the byte', async () => {
    await using frr = await startFrr({ hostname: 'core-7' });
    const commands = ['show running-config', 'show version', 'show ip route'];
    const got = await attempt(frr.sshd.port, changes(frr.sshd, 'frr', commands));
    expect(got).toMatchObject({ status: Status.OK, failure: undefined, leftClean: true });
    expect(got.outputs.map((output) => output.proof)).toEqual(Array(3).fill(Proof.COMPLETE));
    expect(textOf(got.outputs[0])).toBe(await frr.runningConfig());
    expect(textOf(got.outputs[1])).toMatch(/^FRRouting 8/);
  });

  test('refuses an unknown command as its parser does', async () => {
    await using frr = await startFrr({ routes: 1, prefixes: 0, interfaces: 0, routeMaps: 0 });
    const got = await attempt(frr.sshd.port, changes(frr.sshd, 'frr', ['show nonsense', 'show version']));
    expect(got.failure?.kind).toBe('KIND_CLI_ERROR');
    expect(got.outputs).toHaveLength(2);
  });
});

describe.skipIf(sshdMissing !== null)('a real sshd', () => {
  const commands = ['uname -a', 'id', 'cat /proc/version'];

  async function expectOutputs(sshd: Sshd, wanted: Changes): Promise<void> {
    const got = await attempt(sshd.port, wanted);
    expect(got).toMatchObject({ status: Status.OK, failure: undefined, leftClean: true });
    for (const [at, command] of commands.entries()) {
      expect(textOf(got.outputs[at])).toBe(await sshd.ssh(command));
      expect(got.outputs[at]).toMatchObject({ exitStatus: 0, proof: Proof.COMPLETE });
    }
  }

  test('runs commands after a login by password', async () => {
    await using sshd = await startSshd();
    await expectOutputs(sshd, changes(sshd, 'linux', commands));
  });

  test('runs commands after a login by key', async () => {
    await using sshd = await startSshd({ config: ['PasswordAuthentication no'] });
    const wanted = changes(sshd, 'linux', commands);
    wanted.credential = { username: sshd.user, privateKey: readFileSync(sshd.privateKeyPath) };
    await expectOutputs(sshd, wanted);
  });

  test('refuses a wrong password once', async () => {
    await using sshd = await startSshd();
    const wanted = changes(sshd, 'linux', commands);
    wanted.credential = { username: sshd.user, password: Buffer.from('wrong') };
    const got = await attempt(sshd.port, wanted);
    expect(got.failure).toMatchObject({ kind: 'KIND_AUTH', stage: 'STAGE_AUTH', retryable: false });
    expect(sshd.log.match(/Failed password/g)).toHaveLength(1);
  });
});

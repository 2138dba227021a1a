// Every way to log in, against Debian's own sshd and ssh-agent: keys of all kinds, certificates, two factors, and
// algorithms that are long past their time.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aheadMs } from '../../agent/clock.js';
import type { JobPorts } from '../../agent/pool.js';
import { Secrets } from '../../agent/secrets.js';
import type { SessionTask } from '../../agent/session/seam.js';
import { hostKey } from '../../agent/ssh/hostkeys.js';
import { Credential, Device, Kind, Stage, Status, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { LoginResult, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { attempt, type Changes, Coordinator, textOf } from '../agent/device.js';
import { type Sshd, type SshdOptions, sshdMissing, startSshd } from '../openssh.ts';
import { Place } from '../place.ts';
import { output, program, without } from '../process.ts';
import { SshAgentProcess } from '../sshagent.ts';

const PASSPHRASE = 'correct horse';
const RSA = ['-t', 'rsa', '-b', '2048'];
const KINDS = [
  ['-t', 'ed25519'],
  ['-t', 'ecdsa', '-b', '256'],
  ['-t', 'ecdsa', '-b', '384'],
  ['-t', 'ecdsa', '-b', '521'],
  RSA,
];

function keygen(...args: string[]): Promise<string> {
  return output(program('ssh-keygen') ?? 'ssh-keygen', ['-q', ...args]);
}

interface Key {
  path: string;
  file: Buffer;
  /** As in authorized_keys. */
  line: string;
}

async function makeKey(place: Place, args: string[] = ['-t', 'ed25519'], passphrase = ''): Promise<Key> {
  const path = join(place.folder, `key-${randomBytes(6).toString('hex')}`);
  await keygen('-f', path, '-N', passphrase, '-C', '', '-a', '2', ...args); // few rounds of the passphrase
  return { path, file: await readFile(path), line: (await readFile(`${path}.pub`, 'utf8')).trim() };
}

/** Signs a user's certificate; what OpenSSH writes beside the key. */
async function certify(authority: Key, key: Key, ...args: string[]): Promise<Buffer> {
  await keygen('-s', authority.path, '-I', 'netops', '-n', 'netops', ...args, `${key.path}.pub`);
  return readFile(`${key.path}-cert.pub`);
}

/** An sshd that takes these keys. */
function accepting(keys: Key[], options: SshdOptions = {}): Promise<Sshd> {
  return startSshd({
    ...options,
    config: ['AuthorizedKeysFile $folder/authorized', ...(options.config ?? [])],
    files: { authorized: `${keys.map(({ line }) => line).join('\n')}\n`, ...options.files },
  });
}

function login(
  sshd: Sshd,
  credential: Partial<Credential>,
  changes: Changes = {},
): ReturnType<typeof attempt> {
  return attempt(sshd.port, {
    ...changes,
    device: { host: sshd.host, platform: 'linux', commands: ['uname -a'], ...changes.device },
    credential: { username: sshd.user, password: Buffer.alloc(0), ...credential },
  });
}

async function expectIn(got: ReturnType<typeof attempt>): Promise<Awaited<typeof got>> {
  const attempted = await got;
  expect(attempted).toMatchObject({ status: Status.OK, failure: undefined });
  expect(textOf(attempted.outputs[0])).toMatch(/^Linux /);
  return attempted;
}

const missing = sshdMissing ?? without('ssh-agent', 'ssh-add');

describe.skipIf(missing !== null)('a login at a real sshd', () => {
  test('by password', async () => {
    await using sshd = await startSshd();
    const ports = new Coordinator();
    await expectIn(login(sshd, { password: Buffer.from(sshd.password) }, { ports }));
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.ACCEPTED]]);
    expect(sshd.log).toMatch(/Accepted password/);
  });

  test('by a key of each kind, with a passphrase and without', async () => {
    await using place = await Place.open();
    const plain = await Promise.all(KINDS.map((args) => makeKey(place, args)));
    const closed = await Promise.all(KINDS.map((args) => makeKey(place, args, PASSPHRASE)));
    await using sshd = await accepting([...plain, ...closed], { config: ['PasswordAuthentication no'] });
    for (const key of plain) await expectIn(login(sshd, { privateKey: key.file }));
    for (const key of closed)
      await expectIn(login(sshd, { privateKey: key.file, passphrase: Buffer.from(PASSPHRASE) }));
    expect(sshd.log.match(/Accepted publickey/g)).toHaveLength(10);
    expect(sshd.log).not.toMatch(/Failed publickey/);
  });

  test('by a key that does not open touches nothing', async () => {
    await using place = await Place.open();
    const key = await makeKey(place, ['-t', 'ed25519'], PASSPHRASE);
    await using sshd = await accepting([key]);
    for (const [passphrase, words] of [
      ['', 'the private key is encrypted, and no passphrase is given'],
      ['hunter2', 'the private key does not open with the passphrase given'],
    ] as const) {
      const got = await login(sshd, { privateKey: key.file, passphrase: Buffer.from(passphrase) });
      expect(got.failure).toMatchObject({ kind: Kind.AUTH, stage: Stage.AUTH, message: words });
    }
    expect(sshd.log).not.toMatch(/Connection from/);
  });

  test('by a key that it does not take goes on with the password, once', async () => {
    await using place = await Place.open();
    const key = await makeKey(place);
    await using sshd = await startSshd();
    const ports = new Coordinator();
    const password = Buffer.from(sshd.password);
    await expectIn(login(sshd, { privateKey: key.file, password }, { ports }));
    expect(ports.asked).toEqual([SecretUse.LOGIN]);
    const refused = await login(sshd, { privateKey: key.file });
    expect(refused.failure).toMatchObject({ kind: Kind.AUTH, message: 'the device refused the key' });
  });

  test('by key and password, where it wants both, in either order', async () => {
    await using place = await Place.open();
    const key = await makeKey(place);
    for (const order of ['publickey,password', 'password,publickey']) {
      await using sshd = await accepting([key], { config: [`AuthenticationMethods ${order}`] });
      const ports = new Coordinator();
      const password = Buffer.from(sshd.password);
      await expectIn(login(sshd, { privateKey: key.file, password }, { ports }));
      expect(ports.asked).toEqual([SecretUse.LOGIN]);
      expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.ACCEPTED]]);
      const half = await login(sshd, order.startsWith('publickey') ? { privateKey: key.file } : { password });
      expect(half.failure).toMatchObject({ kind: Kind.AUTH, stage: Stage.AUTH });
      expect(half.failure?.message).toMatch(
        /^the device took the (key|password) and asks for a second factor/,
      );
      const wrong = new Coordinator();
      const refused = await login(
        sshd,
        { privateKey: key.file, password: Buffer.from('wrong') },
        { ports: wrong },
      );
      expect(refused.failure).toMatchObject({ kind: Kind.AUTH, message: 'the device refused the login' });
      expect(wrong.told).toEqual([[SecretUse.LOGIN, LoginResult.REFUSED]]);
    }
  });

  test('by two keys, where it wants two', async () => {
    await using place = await Place.open();
    const keys = [await makeKey(place), await makeKey(place, RSA)] as const;
    await using sshd = await accepting([...keys], { config: ['AuthenticationMethods publickey,publickey'] });
    await using agent = await SshAgentProcess.open([keys[1].path]);
    await expectIn(login(sshd, { privateKey: keys[0].file, sshAgent: agent.path }));
    const half = await login(sshd, { privateKey: keys[0].file });
    expect(half.failure?.message).toMatch(/^the device took the key and asks for a second factor/);
  });

  test('over IPv6', async () => {
    await using sshd = await startSshd({ address: '::1' });
    await expectIn(login(sshd, { password: Buffer.from(sshd.password) }));
    await expectIn(login(sshd, { password: Buffer.from(sshd.password) }, { device: { host: '::1%lo' } }));
    const { port } = sshd;
    await sshd[Symbol.asyncDispose]();
    const gone = await attempt(port, { device: { host: '::1' } });
    expect(gone.failure).toMatchObject({
      kind: Kind.REFUSED,
      message: `[::1]:${port} refused the connection`,
    });
  });
});

describe.skipIf(missing !== null)('a certificate', () => {
  const trusting = (authority: Key, keys: Key[] = []) =>
    accepting(keys, {
      config: ['TrustedUserCAKeys $folder/authority', 'PasswordAuthentication no'],
      files: { authority: `${authority.line}\n` },
    });

  test('of each kind lets in where only its authority is known', async () => {
    await using place = await Place.open();
    const authority = await makeKey(place);
    await using sshd = await trusting(authority);
    for (const args of KINDS) {
      const key = await makeKey(place, args);
      const certificate = await certify(authority, key);
      const got = await expectIn(login(sshd, { privateKey: key.file, certificate }));
      expect(got.notes).toEqual([]);
      const bare = await login(sshd, { privateKey: key.file });
      expect(bare.failure?.message).toBe('the device refused the key');
    }
    expect(sshd.log.match(/Accepted publickey .*-CERT/g)).toHaveLength(KINDS.length);
  });

  test('that has expired gives way to its key, and the report says so', async () => {
    await using place = await Place.open();
    const authority = await makeKey(place);
    const key = await makeKey(place);
    const certificate = await certify(authority, key, '-V', '20200101:20200201');
    await using sshd = await trusting(authority, [key]);
    const got = await expectIn(login(sshd, { privateKey: key.file, certificate }));
    expect(got.notes).toEqual([
      expect.stringMatching(/^the device did not take the certificate \(expired 2020-\d\d-\d\d\)$/),
    ]);
    await using strict = await trusting(authority);
    const ports = new Coordinator();
    const refused = await login(strict, { privateKey: key.file, certificate }, { ports });
    expect(refused.failure?.message).toMatch(
      /^the device refused the certificate \(expired [-\d]+\) and the key$/,
    );
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.REFUSED]]);
  });

  test('that is for somebody else gives way to its key', async () => {
    await using place = await Place.open();
    const authority = await makeKey(place);
    const key = await makeKey(place);
    await keygen('-s', authority.path, '-I', 'x', '-n', 'nobody', `${key.path}.pub`);
    const certificate = await readFile(`${key.path}-cert.pub`);
    await using sshd = await trusting(authority, [key]);
    const got = await expectIn(login(sshd, { privateKey: key.file, certificate }));
    expect(got.notes).toEqual(['the device did not take the certificate']);
  });

  test('works with a key that an ssh-agent holds, beside it and in it', async () => {
    await using place = await Place.open();
    const authority = await makeKey(place);
    const [key, other] = [await makeKey(place, RSA), await makeKey(place)];
    await using sshd = await trusting(authority);
    await using agent = await SshAgentProcess.open([key.path]);
    const certificate = await certify(authority, key);
    await expectIn(login(sshd, { certificate, sshAgent: agent.path }));
    await certify(authority, other);
    await using full = await SshAgentProcess.open([other.path]); // the certificate lies beside the key
    await expectIn(login(sshd, { sshAgent: full.path }));
  });
});

describe.skipIf(missing !== null)('an ssh-agent', () => {
  test('lets in with the key that the device takes, of each kind', async () => {
    await using place = await Place.open();
    for (const args of KINDS) {
      const key = await makeKey(place, args);
      await using sshd = await accepting([key], { config: ['PasswordAuthentication no'] });
      await using agent = await SshAgentProcess.open([(await makeKey(place)).path, key.path]);
      await expectIn(login(sshd, { sshAgent: agent.path }));
    }
  });

  test('of this process is called own', async () => {
    await using place = await Place.open();
    const key = await makeKey(place);
    await using sshd = await accepting([key]);
    await using agent = await SshAgentProcess.open([key.path]);
    const before = process.env.SSH_AUTH_SOCK;
    try {
      process.env.SSH_AUTH_SOCK = agent.path;
      await expectIn(login(sshd, { sshAgent: 'own' }));
      delete process.env.SSH_AUTH_SOCK;
      const got = await login(sshd, { sshAgent: 'own' });
      expect(got.failure?.message).toMatch(/^there is no ssh-agent: SSH_AUTH_SOCK is not set/);
    } finally {
      if (before === undefined) delete process.env.SSH_AUTH_SOCK;
      else process.env.SSH_AUTH_SOCK = before;
    }
  });

  test('of the agent serves its workers, many sessions at once', async () => {
    await using sshd = await startSshd();
    await using agent = await SshAgentProcess.open([sshd.privateKeyPath]);
    const built = new URL('../../dist/agent/pool.js', import.meta.url).href; // a worker is a built file
    const { Pool } = (await import(built)) as typeof import('../../agent/pool.js');
    await using pool = await Pool.open(1, () => {});
    const limitMs = 20_000;
    const task: SessionTask = {
      sweep: 'sweep',
      device: Device.create({ host: sshd.host, port: sshd.port, platform: 'linux', commands: ['uname -a'] }),
      options: SweepOptions.create({ outputLimit: 1 << 20 }),
      limits: {
        connectMs: limitMs,
        loginMs: limitMs,
        idleMs: limitMs,
        commandMs: limitMs,
        deviceMs: limitMs,
      },
      credential: Credential.create({ username: sshd.user, sshAgent: 'own' }),
      hostKeys: [],
      marks: null,
      jump: [],
    };
    // As an agent does with each lease: its workers have no environment to find it in.
    if (task.credential !== null) new Secrets(null, agent.path).open([task.credential]);
    const ports = new Coordinator();
    const clock = { startUntil: Number.MAX_VALUE, stopAt: Number.MAX_VALUE, ahead: aheadMs() };
    const jobPorts: JobPorts = {
      permit: async (use) => ({ permit: await ports.permit(use), at: 0 }),
      late: () => {},
      loggedIn: (use, result) => ports.loggedIn(use, result),
      acceptHostKey: async (key) => ({ ...(await ports.acceptHostKey(key)), mayLogIn: false }),
      start: () => ports.start(),
      chunk: () => {},
      lacked: () => {},
    };
    const ends = await Promise.all(
      Array.from({ length: 30 }, () => pool.run('lease', clock, task, jobPorts)),
    );
    const statuses = ends.map((end) => (end.$case === 'attempt' ? end.value.status : end.value.reason));
    expect(statuses).toEqual(Array(30).fill(Status.OK));
  });

  test('with more keys than a device allows attempts leaves one for the password', async () => {
    await using place = await Place.open();
    const keys = await Promise.all(Array.from({ length: 7 }, () => makeKey(place)));
    await using sshd = await startSshd();
    await using agent = await SshAgentProcess.open(keys.map(({ path }) => path));
    await expectIn(login(sshd, { sshAgent: agent.path, password: Buffer.from(sshd.password) }));
    const got = await login(sshd, { sshAgent: agent.path });
    expect(got.failure).toMatchObject({
      kind: Kind.AUTH,
      message: 'the device refused the keys of the ssh-agent; 2 more were not tried',
    });
  });

  test('that does not sign is passed over', async () => {
    await using place = await Place.open();
    const [first, second] = [await makeKey(place), await makeKey(place)];
    await using sshd = await accepting([first, second]);
    await using agent = await SshAgentProcess.open([]);
    await agent.add('-c', first.path); // asks a person each time, and there is none
    await agent.add(second.path);
    await expectIn(login(sshd, { sshAgent: agent.path }));
  });

  test('that is not there, does not answer or talks nonsense fails the login before any connect', async () => {
    await using place = await Place.open();
    await using sshd = await startSshd();
    const absent = await login(sshd, { sshAgent: join(place.folder, 'none') });
    expect(absent.failure).toMatchObject({ kind: Kind.AUTH, stage: Stage.AUTH, retryable: false });
    expect(absent.failure?.message).toMatch(/^the ssh-agent at \/.* can't be used \(ENOENT\)$/);
    const relative = await login(sshd, { sshAgent: 'sock' });
    expect(relative.failure?.message).toMatch(/begins with \//);
    await using agent = await SshAgentProcess.open([]);
    await agent.pause();
    const deaf = await login(sshd, { sshAgent: agent.path }, { limits: { loginMs: 2_000 } });
    expect(deaf.failure?.message).toBe(`the ssh-agent at ${agent.path} did not answer within 2000 ms`);
    for (const answer of [
      'ffffffff00',
      '00000000',
      '0000000105',
      '000000050c00000009',
      '000000090c0000000100ffffff',
    ]) {
      const path = join(place.folder, `agent-${answer}`);
      const server = createServer((socket) => socket.end(Buffer.from(answer, 'hex'))).listen(path);
      const mad = await login(sshd, { sshAgent: path });
      expect(mad.failure?.message).toBe(`the ssh-agent at ${path} gives answers that are not those of one`);
      server.close();
    }
    expect(sshd.log).not.toMatch(/Connection from/);
  });

  test('that is not there is only noted where there is a password too', async () => {
    await using sshd = await startSshd();
    const got = await expectIn(
      login(sshd, { sshAgent: '/nowhere/agent', password: Buffer.from(sshd.password) }),
    );
    expect(got.notes).toEqual([expect.stringMatching(/^the ssh-agent at \/nowhere\/agent can't be used/)]);
  });

  test('that hangs in the middle ends with the session', async () => {
    await using sshd = await startSshd();
    await using agent = await SshAgentProcess.open([]);
    await agent.pause();
    const over = new AbortController();
    const got = login(sshd, { sshAgent: agent.path }, { signal: over.signal });
    setImmediate(() => over.abort());
    expect((await got).failure?.kind).toBe(Kind.DISCONNECTED);
  });
});

describe.skipIf(missing !== null)('legacy algorithms at a real sshd', () => {
  const legacy: Changes = { device: { legacy: true } };
  const rsaKey = 'ssh-keygen -q -t rsa -b 2048 -N "" -f "$folder/old_key"';
  const dsaKey = 'ssh-keygen -q -t dsa -N "" -f "$folder/old_key"';

  test.each([
    ['KexAlgorithms', 'diffie-hellman-group1-sha1', 'key exchange'],
    ['KexAlgorithms', 'diffie-hellman-group14-sha1', 'key exchange'],
    ['KexAlgorithms', 'diffie-hellman-group-exchange-sha1', 'key exchange'],
    ['Ciphers', 'aes128-cbc', 'cipher'],
    ['Ciphers', 'aes192-cbc', 'cipher'],
    ['Ciphers', 'aes256-cbc', 'cipher'],
    ['Ciphers', '3des-cbc', 'cipher'],
    ['MACs', 'hmac-sha1', 'MAC'],
    ['MACs', 'hmac-sha1-96', 'MAC'],
    ['MACs', 'hmac-md5', 'MAC'],
    ['MACs', 'hmac-md5-96', 'MAC'],
  ])('%s %s are used where the inventory says so, and told otherwise', async (setting, name, part) => {
    const config = [`${setting} ${name}`, ...(setting === 'MACs' ? ['Ciphers aes128-ctr'] : [])];
    await using sshd = await startSshd({ config });
    const password = Buffer.from(sshd.password);
    const got = await expectIn(login(sshd, { password }, legacy));
    expect(got.notes).toEqual([`legacy algorithms: ${name}`]);
    const ports = new Coordinator();
    const refused = await login(sshd, { password }, { ports });
    expect(refused.failure).toMatchObject({
      kind: Kind.ALGORITHMS,
      retryable: false,
      message: `no algorithm in common; the device offers ${part} ${name}; legacy: true in the inventory would allow it`,
    });
    expect(ports.asked).toEqual([]);
  });

  test.each([
    ['ssh-rsa', rsaKey],
    ['ssh-dss', dsaKey],
  ])('%s host keys are taken where the inventory says so, and told otherwise', async (name, before) => {
    await using sshd = await startSshd({
      before,
      config: ['HostKey $folder/old_key', `HostKeyAlgorithms ${name}`],
    });
    const password = Buffer.from(sshd.password);
    const got = await expectIn(login(sshd, { password }, legacy));
    expect(got.notes).toEqual([`legacy algorithms: ${name}`]);
    const refused = await login(sshd, { password });
    expect(refused.failure?.message).toBe(
      `no algorithm in common; the device offers host key ${name}; legacy: true in the inventory would allow it`,
    );
  });

  test('all at once are told in one line', async () => {
    await using sshd = await startSshd({
      before: dsaKey,
      config: [
        'HostKey $folder/old_key',
        'HostKeyAlgorithms ssh-dss',
        'KexAlgorithms diffie-hellman-group1-sha1',
        'Ciphers aes128-cbc',
        'MACs hmac-sha1',
      ],
    });
    const got = await expectIn(login(sshd, { password: Buffer.from(sshd.password) }, legacy));
    expect(got.notes).toEqual([
      'legacy algorithms: diffie-hellman-group1-sha1, ssh-dss, aes128-cbc, hmac-sha1',
    ]);
  });

  test('are not used where there are better ones', async () => {
    await using sshd = await startSshd({
      before: rsaKey,
      config: [
        'HostKey $folder/old_key',
        'HostKeyAlgorithms +ssh-rsa',
        'KexAlgorithms +diffie-hellman-group1-sha1,diffie-hellman-group14-sha1',
        'Ciphers +3des-cbc,aes128-cbc',
      ],
    });
    const got = await expectIn(login(sshd, { password: Buffer.from(sshd.password) }, legacy));
    expect(got.notes).toEqual([]);
    const [type = '', base64 = ''] = (await readFile(join(sshd.folder, 'old_key.pub'), 'utf8')).split(' ');
    expect(type).toBe('ssh-rsa');
    const known = hostKey(Buffer.from(base64, 'base64'));
    const again = await expectIn(
      login(sshd, { password: Buffer.from(sshd.password) }, { ...legacy, hostKeys: [known] }),
    );
    expect(again.notes).toEqual([]); // the known key, and signed with SHA-2
  });

  test('an RSA key signs with SHA-1 only there', async () => {
    await using place = await Place.open();
    const key = await makeKey(place, RSA);
    await using sshd = await accepting([key], {
      config: ['PubkeyAcceptedAlgorithms ssh-rsa', 'PasswordAuthentication no'],
    });
    const got = await expectIn(login(sshd, { privateKey: key.file }, legacy));
    expect(got.notes).toEqual(['legacy algorithms: login by ssh-rsa']);
    await using agent = await SshAgentProcess.open([key.path]);
    await expectIn(login(sshd, { sshAgent: agent.path }, legacy));
    const refused = await login(sshd, { privateKey: key.file });
    expect(refused.failure).toMatchObject({ kind: Kind.AUTH, message: 'the device refused the key' });
    expect(sshd.log.match(/Accepted publickey/g)).toHaveLength(2);
  });

  test('never bring CBC and a MAC over what is encrypted together, and ask for the strict key exchange', async () => {
    await using sshd = await startSshd({ config: ['Ciphers aes128-cbc', 'LogLevel DEBUG3'] });
    await expectIn(login(sshd, { password: Buffer.from(sshd.password) }, legacy));
    expect(sshd.log).toMatch(/MAC: hmac-sha2-256 compression: none/);
    expect(sshd.log).toMatch(/will use strict KEX ordering/);
  });
});

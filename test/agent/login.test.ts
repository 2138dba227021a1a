// Which login method comes when, and what is answered to which question: once as decisions, once with a real SSH
// server that asks.
import { generateKeyPairSync } from 'node:crypto';
import type { AuthContext, KeyboardAuthContext, Prompt } from 'ssh2';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../agent/credentials.js';
import { Login, type Turn } from '../../agent/ssh/login.js';
import { meaningOf } from '../../agent/ssh/questions.js';
import { Credential, Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { LoginResult, Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { attempt, Coordinator, ios, PASSWORD, ScriptedDevice } from './device.js';

const RSA = Buffer.from(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
);
const OPENSSH = ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519'];

async function prepared(given: Partial<Credential>, legacy = false): Promise<[Login, Coordinator]> {
  const ports = new Coordinator();
  const login = new Login(Credential.create(given), 'netops', legacy, ports);
  await login.prepare(1000);
  return [login, ports];
}

function turn(left: string[] | null, partial = false, accepts: Partial<Turn['accepts']> = {}): Turn {
  return { left, partial, accepts: { signatures: OPENSSH, hostKey: [], ...accepts } };
}

const failing = (message: string | RegExp) => ({
  kind: Kind.AUTH,
  stage: Stage.AUTH,
  message: typeof message === 'string' ? message : (expect.stringMatching(message) as string),
});

describe('a login', () => {
  const password = Buffer.from(PASSWORD);

  test('shows its key before it sends its password, with one permit for both', async () => {
    const [login, ports] = await prepared({ privateKey: RSA, password });
    expect(await login.next(turn(null))).toEqual({ type: 'none' });
    expect(ports.asked).toEqual([]);
    expect(await login.next(turn(['publickey', 'password']))).toMatchObject({ algorithm: 'rsa-sha2-512' });
    expect(await login.next(turn(['publickey', 'password']))).toMatchObject({ type: 'password' });
    await expect(login.next(turn(['publickey', 'password']))).rejects.toMatchObject(
      failing('the device refused the login'),
    );
    expect(ports.asked).toEqual([SecretUse.LOGIN]);
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.REFUSED]]);
  });

  test('of a device whose logins are paced waits for its turn with its key, too, and once more with its password', async () => {
    const [login, ports] = await prepared({ privateKey: RSA, password });
    ports.paced = true;
    const legacy = turn(['publickey', 'password'], false, { signatures: null });
    await login.next(turn(null));
    expect(await login.next(legacy)).toMatchObject({ type: 'publickey' });
    expect(ports.asked).toEqual([SecretUse.KEY]);
    expect(await login.next(legacy)).toMatchObject({ type: 'password' });
    expect(ports.asked).toEqual([SecretUse.KEY, SecretUse.LOGIN]);
    login.accepted();
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.ACCEPTED]]);
  });

  test('signs with SHA-1 only for a legacy device, after SHA-2 where both may be', async () => {
    const silent = { signatures: null, hostKey: [] };
    const [modern] = await prepared({ privateKey: RSA });
    await modern.next(turn(null));
    expect(await modern.next(turn(['publickey'], false, silent))).toMatchObject({
      algorithm: 'rsa-sha2-512',
    });
    await expect(modern.next(turn(['publickey']))).rejects.toMatchObject(
      failing('the device refused the key'),
    );
    const [legacy] = await prepared({ privateKey: RSA }, true);
    await legacy.next(turn(null));
    expect(await legacy.next(turn(['publickey'], false, silent))).toMatchObject({
      algorithm: 'rsa-sha2-512',
    });
    expect(await legacy.next(turn(['publickey'], false, silent))).toMatchObject({ algorithm: 'ssh-rsa' });
    legacy.accepted();
    expect(legacy.notes).toEqual(['legacy algorithms: login by ssh-rsa']);
  });

  test('says which setting would let its key in, and does not show it for nothing', async () => {
    const [login, ports] = await prepared({ privateKey: RSA });
    await login.next(turn(null));
    const old = turn(['publickey'], false, { signatures: null, hostKey: ['ssh-rsa', 'ssh-ed25519'] });
    await expect(login.next(old)).rejects.toMatchObject(
      failing('the device takes RSA keys only with SHA-1; legacy: true in the inventory would allow it'),
    );
    expect(ports.asked).toEqual([]);
  });

  test('sends nothing that the coordinator has not permitted', async () => {
    for (const given of [{ privateKey: RSA }, { password }]) {
      const [login, ports] = await prepared(given);
      ports.permits = async () => Permit.SPENT;
      await login.next(turn(null));
      await expect(login.next(turn(['publickey', 'password']))).rejects.toMatchObject(
        failing(/already sent/),
      );
      await expect(login.answer([{ prompt: 'Password:' }])).rejects.toBeInstanceOf(Error);
      expect(login.passwordSent).toBe(false);
    }
  });

  test('does not sign once the lease is over', async () => {
    const [login, ports] = await prepared({ privateKey: RSA });
    await login.next(turn(null));
    const step = await login.next(turn(['publickey']));
    if (step.type !== 'publickey') throw new Error('no key was shown');
    ports.may.write = false;
    await expect(step.sign(Buffer.from('x'))).rejects.toMatchObject({ kind: Kind.DISCONNECTED });
  });

  test('wipes its password when it is over', async () => {
    const [login] = await prepared({ password });
    await login.next(turn(null));
    const step = await login.next(turn(['password']));
    if (step.type !== 'password') throw new Error('no password was sent');
    expect(step.password.bytes.toString()).toBe(PASSWORD);
    login[Symbol.dispose]();
    expect(step.password.bytes.every((byte) => byte === 0)).toBe(true);
  });
});

describe('a question', () => {
  test.each([
    ['Password: ', false, 'password'],
    ['Password for netops@R1:', false, 'password'],
    ['password:', true, 'password'],
    ['Kennwort:', false, 'password'],
    ['Mot de passe :', false, 'password'],
    ['パスワード', false, 'password'],
    ['', false, 'password'],
    ['Username: ', true, 'username'],
    ['login as: ', true, 'username'],
    ['User Name :', true, 'username'],
    ['Enter your username:', true, 'username'],
    ['Login:', false, 'username'],
    ['Verification code: ', false, 'more'],
    ['Enter PASSCODE: ', false, 'more'],
    ['One-time password (OATH) for `netops`: ', false, 'more'],
    ['Enter your PIN:', false, 'more'],
    ['Duo two-factor login\nPasscode or option (1-3): ', true, 'more'],
    ['Response: ', false, 'more'],
    ['Favourite colour?', true, 'more'],
    ['New password: ', false, 'change'],
    ['Retype new password: ', false, 'change'],
    ['(current) UNIX password: ', false, 'change'],
    ['Current password: ', false, 'change'],
    ['Your password has expired. Choose another: ', false, 'change'],
  ] as const)('%j, shown %s, is about %s', (prompt, echo, meaning) => {
    expect(meaningOf({ prompt, echo })).toBe(meaning);
  });
});

describe('keyboard-interactive', () => {
  type Round = [prompts: Prompt[], name?: string];
  const hidden = (prompt: string): Prompt => ({ prompt, echo: false });
  const shown = (prompt: string): Prompt => ({ prompt, echo: true });

  /** A device that asks these rounds one after the other and lets in then; what it was answered. */
  async function asking(rounds: Round[], answers: string[][], reject = false): Promise<ScriptedDevice> {
    const authenticate = (context: AuthContext) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      const ask = (at: number): void => {
        const round = rounds[at];
        if (!round) return reject ? context.reject() : context.accept();
        (context as KeyboardAuthContext).prompt(round[0], (given) => {
          answers.push(given);
          ask(at + 1);
        });
      };
      ask(0);
    };
    return ScriptedDevice.start({ shell: ios({ 'show version': 'ok\r\n' }), authenticate });
  }

  test.each<[string, Round[], string[][]]>([
    ['one question', [[[hidden('Password: ')]]], [[PASSWORD]]],
    [
      'user name and password at once',
      [[[shown('Username: '), hidden('Password: ')]]],
      [['admin', PASSWORD]],
    ],
    ['user name, then password', [[[shown('login: ')]], [[hidden('Password: ')]]], [['admin'], [PASSWORD]]],
    [
      'words without a question before and after',
      [[[]], [[hidden('Password: ')]], [[]]],
      [[], [PASSWORD], []],
    ],
    ['the password before the user name', [[[hidden('Kennwort: '), shown('User: ')]]], [[PASSWORD, 'admin']]],
  ])('is answered: %s', async (_, rounds, wanted) => {
    const answers: string[][] = [];
    await using device = await asking(rounds, answers);
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports });
    expect(got.status).toBe(Status.OK);
    expect(answers).toEqual(wanted);
    expect(ports.asked).toEqual([SecretUse.LOGIN]);
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.ACCEPTED]]);
  });

  test.each<[string, Round[], string[][], string, LoginResult[]]>([
    [
      'a code instead of a password',
      [[[hidden('Verification code: ')]]],
      [],
      'the device asks for more than a password',
      [],
    ],
    [
      'a code beside the password, which then stays here',
      [[[hidden('Password: '), hidden('Token: ')]]],
      [],
      'the device asks for more than a password',
      [],
    ],
    [
      'a code after the password',
      [[[hidden('Password: ')]], [[hidden('Verification code: ')]]],
      [[PASSWORD]],
      'the device asks for more than a password',
      [LoginResult.UNKNOWN],
    ],
    [
      'two passwords',
      [[[hidden('Password: '), hidden('Password: ')]]],
      [],
      'the device asks for more than a password',
      [],
    ],
    [
      'the password again',
      [[[hidden('Password: ')]], [[hidden('Password: ')]]],
      [[PASSWORD]],
      'the device refused the password',
      [LoginResult.REFUSED],
    ],
    [
      'a new password',
      [[[hidden('Password: ')]], [[hidden('New password: '), hidden('Retype new password: ')]]],
      [[PASSWORD]],
      'the device demands a new password',
      [LoginResult.REFUSED],
    ],
    [
      'the user name without end',
      Array.from({ length: 40 }, () => [[shown('Username: ')]] as Round),
      Array.from({ length: 10 }, () => ['admin']),
      'the device asks for more than a password',
      [],
    ],
  ])('gives up on %s', async (_, rounds, wanted, words, told) => {
    const answers: string[][] = [];
    await using device = await asking(rounds, answers);
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports });
    expect(got.failure).toMatchObject({ ...failing(words), retryable: false });
    expect(answers).toEqual(wanted);
    expect(ports.told).toEqual(told.map((result) => [SecretUse.LOGIN, result]));
    expect(got.secretSent).toBe(told.length > 0);
  });

  test('that is refused does not lead to the password method', async () => {
    const answers: string[][] = [];
    await using device = await ScriptedDevice.start({
      authenticate: (context, seen) => {
        if (context.method !== 'keyboard-interactive')
          return context.reject(
            seen.logins.length > 1 ? ['password'] : ['keyboard-interactive', 'publickey'],
          );
        context.prompt([hidden('Password: ')], (given) => {
          answers.push(given);
          context.reject(['password', 'keyboard-interactive']);
        });
      },
    });
    const got = await attempt(device.port);
    expect(got.failure).toMatchObject(failing('the device refused the login'));
    expect(answers).toEqual([[PASSWORD]]);
    expect(device.seen.passwords).toEqual([]);
  });

  test('after the password as a second factor is not answered with the password', async () => {
    await using device = await ScriptedDevice.start({
      authenticate: (context) => {
        if (context.method === 'password') return context.reject(['keyboard-interactive'], true);
        context.reject(['password', 'keyboard-interactive']);
      },
    });
    const ports = new Coordinator();
    const got = await attempt(device.port, { ports });
    expect(got.failure).toMatchObject(
      failing('the device took the password and asks for a second factor (keyboard-interactive)'),
    );
    expect(device.seen.logins).toEqual(['none', 'password']);
    expect(ports.told).toEqual([[SecretUse.LOGIN, LoginResult.ACCEPTED]]);
  });

  test('answers are wiped with the session', async () => {
    const [login] = await prepared({ password: Buffer.from(PASSWORD) });
    const answers = await login.answer([{ prompt: 'Username:', echo: true }, { prompt: 'Password:' }]);
    expect(answers[0]).toBe('netops');
    const secret = answers[1] as Secret;
    expect(secret).toBeInstanceOf(Secret);
    expect(secret.bytes.toString()).toBe(PASSWORD);
    login[Symbol.dispose]();
    expect(secret.bytes.toString()).not.toBe(PASSWORD);
  });
});

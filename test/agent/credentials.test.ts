// Secrets: what they show of themselves, and what is left of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret, wipeCredential } from '../../agent/credentials.js';
import { Credential } from '../../proto/gen/netsweep/v1/model.js';
import { Place } from '../place.ts';
import { output, program } from '../process.ts';
import { type Line, ScriptedDevice } from './device.js';

test('a secret never prints itself', () => {
  const secret = Secret.copy(Buffer.from('hunter2'));
  expect(
    `${secret} ${JSON.stringify({ secret })} ${inspect({ secret })} ${inspect(secret, { showHidden: true })}`,
  ).not.toContain('hunter2');
});

test('a secret is a copy of its own, and zero once disposed', () => {
  const bytes = Buffer.from('hunter2');
  const secret = Secret.copy(bytes);
  secret?.[Symbol.dispose]();
  expect(secret?.bytes).toEqual(Buffer.alloc(7));
  expect(bytes.toString()).toBe('hunter2');
  expect(Secret.copy(Buffer.alloc(0))).toBeNull();
});

test('a credential can be zeroed as a whole', () => {
  const credential = Credential.create({
    password: Buffer.from('a'),
    enableSecret: Buffer.from('b'),
    passphrase: Buffer.from('c'),
    privateKey: Buffer.from('d'),
  });
  wipeCredential(credential);
  expect(credential.password).toEqual(Buffer.alloc(1));
  expect(credential.enableSecret).toEqual(Buffer.alloc(1));
  expect(credential.passphrase).toEqual(Buffer.alloc(1));
  expect(credential.privateKey).toEqual(Buffer.alloc(1));
});

test.each(['password', 'keyboard-interactive'] as const)(
  'after a login by %s and a step to privileged mode no secret is left in the process',
  async (method) => {
    const password = randomLetters();
    const enableSecret = randomLetters();
    await using device = await ScriptedDevice.start({
      shell: unprivileged,
      authenticate: (context) => {
        if (context.method !== method) return context.reject([method]);
        if (context.method === 'keyboard-interactive')
          return context.prompt([{ prompt: 'Password: ', echo: false }], () => context.accept());
        context.accept();
      },
    });
    const secrets = [password, enableSecret];
    expect(await leftOver(device.port, secrets, secrets)).toEqual([true, false, false]);
  },
);

test.each(['RFC4716', 'PKCS8'])(
  'after a login by a closed key in format %s its passphrase is not left in the process',
  async (format) => {
    await using place = await Place.open();
    const path = join(place.folder, 'key');
    const passphrase = randomLetters();
    const enableSecret = randomLetters();
    const args = ['-q', '-t', 'rsa', '-b', '2048', '-m', format, '-N', passphrase.toString(), '-f', path];
    await output(program('ssh-keygen') ?? 'ssh-keygen', args);
    await using device = await ScriptedDevice.start({
      shell: unprivileged,
      authenticate: (context) =>
        context.method === 'publickey' ? context.accept() : context.reject(['publickey']),
    });
    const secrets = [Buffer.alloc(0), enableSecret, readFileSync(path), passphrase];
    expect(await leftOver(device.port, secrets, [passphrase, enableSecret])).toEqual([true, false, false]);
  },
);

/** Logs in from a process of its own; whether its memory then holds what it typed, and each of these. */
async function leftOver(port: number, secrets: Buffer[], sought: Buffer[]): Promise<boolean[]> {
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '--eval', CLIENT], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    // Inverted on the way, so that only the session ever has them in the clear.
    child.stdin.write(`${port} ${secrets.map((secret) => inverted(secret)).join(' ')}\n`);
    const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [
      Buffer | number,
    ];
    expect(String(said)).toBe('STATUS_OK\n');
    return findInMemory(child.pid as number, [Buffer.from('terminal length 0'), ...sought]);
  } finally {
    child.kill('SIGKILL');
  }
}

/** Runs one attempt with the compiled session, zeroes the credential and waits. */
const CLIENT = `
  import { runSession } from './dist/agent/session/session.js';
  import { wipeCredential } from './dist/agent/credentials.js';
  import { Bastions } from './dist/agent/ssh/bastions.js';
  import { Credential, Device, SweepOptions } from './dist/proto/gen/netsweep/v1/model.js';
  const said = await new Promise((resolve) => process.stdin.once('data', resolve));
  const [port, password, enableSecret, privateKey = '', passphrase = ''] = said.toString().trimEnd().split(' ');
  const plain = (hex) => { const bytes = Buffer.from(hex, 'hex'); bytes.forEach((byte, at) => { bytes[at] = byte ^ 255; }); return bytes; };
  const credential = Credential.create({ username: 'admin', password: plain(password), enableSecret: plain(enableSecret), privateKey: plain(privateKey), passphrase: plain(passphrase) });
  const device = Device.create({ host: '127.0.0.1', port: Number(port), platform: 'cisco_ios', commands: ['show version'], enable: true });
  const limits = { connectMs: 9000, loginMs: 9000, idleMs: 9000, commandMs: 9000, deviceMs: 20000 };
  const ports = { permit: async () => 'PERMIT_SEND', loggedIn: () => {}, acceptHostKey: async () => ({ accepted: true, known: [] }), start: async () => true, mayStart: () => true, mayWrite: () => true };
  const options = SweepOptions.create({ outputLimit: 1e6 });
  const attempt = await runSession({ sweep: 's', device, options, limits, credential, hostKeys: [], jump: [] }, ports, new AbortController().signal, new Bastions());
  wipeCredential(credential);
  gc();
  setInterval(() => {}, 1000);
  console.log(attempt.status);
`;

async function unprivileged(line: Line): Promise<void> {
  line.write('R1>');
  for (let typed = await line.read(); typed !== null; typed = await line.read()) {
    line.write(`${typed}\r\n`);
    if (typed === 'exit') return line.close();
    if (typed === 'enable') {
      line.write('Password: ');
      await line.read();
      line.write('\r\n');
    }
    line.write(typed.startsWith('terminal') ? 'R1>' : 'R1#');
  }
}

/** Which of these bytes stand anywhere in the process's writable memory. */
function findInMemory(pid: number, needles: Buffer[]): boolean[] {
  const found = needles.map(() => false);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  for (const region of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(region) ?? [];
    if (from === undefined || to === undefined) continue;
    const start = Number.parseInt(from, 16);
    const bytes = Buffer.alloc(Number.parseInt(to, 16) - start);
    try {
      readSync(memory, bytes, 0, bytes.length, start);
    } catch {
      continue; // a region of the kernel's
    }
    needles.forEach((needle, at) => {
      found[at] ||= bytes.includes(needle);
    });
  }
  closeSync(memory);
  return found;
}

function randomLetters(): Buffer {
  return Buffer.from(Array.from({ length: 24 }, () => 97 + Math.floor(Math.random() * 26)));
}

function inverted(bytes: Buffer): string {
  return Buffer.from(bytes.map((byte) => byte ^ 255)).toString('hex');
}

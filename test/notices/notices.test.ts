// Notices to real servers and programs.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Tally } from '../../coordinator/combine/tally.ts';
import { InputError } from '../../coordinator/inventory/inventory.ts';
import { auditNotice } from '../../coordinator/notices/audit.ts';
import { readDestinations } from '../../coordinator/notices/destination.ts';
import { runHook } from '../../coordinator/notices/exec.ts';
import { sendMail } from '../../coordinator/notices/mail.ts';
import { isDue, type Notice, noticeText } from '../../coordinator/notices/notice.ts';
import { backupNotice, runNotice } from '../../coordinator/notices/sweep.ts';
import { postNotice, signature } from '../../coordinator/notices/webhook.ts';
import { NO_PAST, type Past } from '../../coordinator/report/past.ts';
import { Device, Kind, Report, Stage, Status } from '../../proto/gen/netsweep/v1/model.ts';
import { Sweep } from '../../proto/gen/netsweep/v1/sweeps.ts';
import { makeCertificates } from '../certificates.ts';
import { Smtp } from '../smtp.ts';

const COUNTS = { pass: 4, fail: 2, error: 0, unknown: 0, waived: 0, 'not-applicable': 0 };
const FIGURES = { atMs: 0, sweep: 's', policies: ['lab'], devices: 3, counts: COUNTS };
const SECRET = Buffer.from('of the receiver');

function past(fresh: string[], fixed: string[]): Past {
  const seen = (devices: string[]) =>
    devices.map((device) => ({ policy: 'lab', rule: 'A-1', device, firstSeenMs: 0 }));
  const change = { atMs: 0, fresh: seen(fresh), fixed: seen(fixed), open: 1, oldestMs: 0 };
  return { score: 50, trend: [], change };
}

test('what has not changed is not told again, unless somebody wants to hear it', () => {
  const said = (counts: typeof COUNTS, before: Past) => {
    const notice = auditNotice({ ...FIGURES, counts }, before);
    return (['changes', 'findings', 'always'] as const).filter((occasion) => isDue(notice, occasion));
  };
  const none = { ...COUNTS, fail: 0 };
  expect(said(COUNTS, past([], []))).toEqual(['findings', 'always']);
  expect(said(COUNTS, past(['R1'], []))).toEqual(['changes', 'findings', 'always']);
  expect(said(none, past([], ['R1']))).toEqual(['changes', 'always']);
  expect(said(COUNTS, NO_PAST), 'nothing to compare with').toEqual(['changes', 'findings', 'always']);
  expect(said(none, NO_PAST)).toEqual(['always']);
  const many = auditNotice(
    FIGURES,
    past(
      Array.from({ length: 900 }, (_, at) => `R${at}`),
      [],
    ),
  );
  expect([many.new?.count, many.new?.first.length]).toEqual([900, 50]);
  expect(noticeText(many)).toMatch(/^ {2}A-1 \(lab\) on R49\n {2}and 850 more$/m);
});

test('a run is told where a device did not end ok, a backup where it has changed something, too', () => {
  const failure = { kind: Kind.TIMEOUT, stage: Stage.COMMAND, message: 'password hunter2', retryable: false };
  const figuresOf = (failed: number, percent = 0) => {
    const tally = new Tally();
    for (let n = 0; n < 100; n++) {
      const about = n < failed ? { status: Status.FAILED, failure } : { status: Status.OK };
      tally.add(Report.create({ device: Device.create({ name: `R${n}` }), ...about }));
    }
    const sweep = Sweep.create({
      id: 's',
      counts: { selected: 100, ok: 100 - failed, failed },
      endedAtMs: 1,
    });
    return { sweep, tally, tolerance: { percent, kinds: new Set<Kind>() } };
  };
  const due = (notice: Notice) =>
    (['changes', 'findings', 'always'] as const).filter((occasion) => isDue(notice, occasion));
  const [none, one] = [figuresOf(0), { commit: 'c0ffee', summary: '1 changed' }];
  const same = { commit: '', summary: '0 changed' };
  expect(due(runNotice(none))).toEqual(['always']);
  expect(due(runNotice(figuresOf(3)))).toEqual(['changes', 'findings', 'always']);
  expect(due(runNotice(figuresOf(3, 5))), 'tolerated').toEqual(['always']);
  expect(due(backupNotice(none, same, null))).toEqual(['always']);
  expect(due(backupNotice(none, one, null))).toEqual(['changes', 'always']);
  expect(due(backupNotice(none, same, 'git push: no'))).toEqual(['changes', 'findings', 'always']);
  const many = backupNotice(figuresOf(70), one, null);
  expect(many).toMatchObject({
    ...{ kind: 'backup', subject: 'backup: 1 changed; 100 devices: 30 ok, 70 failed', failing: 70 },
    ...{ commit: 'c0ffee', failures: [{ kind: 'timeout', count: 70, first: { length: 50 } }] },
  });
  expect(noticeText(many)).toMatch(/^ {2}timeout: R\[0-49\] and 20 more\ncommit c0ffee\n$/m);
  expect(JSON.stringify(many), 'what a device said may hold anything').not.toContain('hunter2');
});

test('a webhook is signed over time and body, tried again under the same id, and not led elsewhere', async () => {
  const got: { headers: IncomingMessage['headers']; body: string }[] = [];
  const answers = [500, 429, 204, 302, 400];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      got.push({ headers: request.headers, body });
      response.writeHead(answers[got.length - 1] ?? 500, { Location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hidden`;
    const quick = { pausesMs: [1, 1, 1] };
    await postNotice(url, SECRET, '{"notice":1}', quick);
    expect(got).toHaveLength(3);
    expect(new Set(got.map(({ headers }) => headers['x-netsweep-id'])).size).toBe(1);
    for (const { headers, body } of got)
      expect(headers['x-netsweep-signature']).toBe(
        signature(SECRET, String(headers['x-netsweep-timestamp']), body),
      );
    const refused = postNotice(url, null, '{}', quick);
    await expect(refused).rejects.toThrow(/^127\.0\.0\.1:\d+ answered 302$/);
    await expect(postNotice(url, null, '{}', quick)).rejects.toThrow(/answered 400$/);
    expect(got, 'neither is tried again').toHaveLength(5);
    await expect(postNotice(url, null, '{}', { pausesMs: [1] })).rejects.toThrow(/answered 500, 2 times$/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  await expect(postNotice('http://127.0.0.1:1/', null, '{}', { pausesMs: [] })).rejects.toThrow(
    /was not reached/,
  );
});

test('a hook has the notice on its stdin and an environment of its own, and a limit of time', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-hook-'));
  try {
    const program = join(directory, 'hook.sh');
    const write = (script: string) => {
      writeFileSync(program, `#!/bin/sh\n${script}\n`);
      chmodSync(program, 0o755);
    };
    write(`cat > ${directory}/got; env > ${directory}/env`);
    process.env.NETSWEEP_TEST_SECRET = 'hidden';
    await runHook('chat', program, '{"notice":1}');
    expect(readFileSync(`${directory}/got`, 'utf8')).toBe('{"notice":1}');
    const env = readFileSync(`${directory}/env`, 'utf8');
    expect(env).toContain('NETSWEEP_NOTICE=chat');
    expect(env).not.toContain('hidden');
    write('exit 3');
    await expect(runHook('chat', program, '{}')).rejects.toThrow(/ended with 3$/);
    write('sleep 60');
    await expect(runHook('chat', program, '{}', 100)).rejects.toThrow(/took longer than 0.1 s$/);
  } finally {
    delete process.env.NETSWEEP_TEST_SECRET;
    rmSync(directory, { recursive: true });
  }
});

const OPS = { name: 'ops', on: 'changes', secret: null, kind: 'mail' } as const;
const MAIL = { to: 'ops@example.net', from: 'netsweep@example.net', username: null, ca: null, tls: true };
const CONTENT = { subject: 'two\r\nBcc: x@example.net', text: 'two findings', json: '{"notice":1}' };

test('mail goes over TLS by STARTTLS or from the start, and the login only then', async () => {
  await using certificates = await makeCertificates();
  const leaf = await certificates.leaf('mail');
  for (const secure of [false, true]) {
    await using server = await Smtp.open({ leaf, secure });
    const to = { ...OPS, ...MAIL, server: server.url, username: 'netsweep', ca: certificates.ca };
    await sendMail(to, SECRET, CONTENT);
    expect(server.mails[0]).toContain('two findings');
    expect(server.mails[0]).not.toMatch(/^Bcc:/m);
    expect(server.logins).toEqual([{ user: 'netsweep', password: 'of the receiver' }]);
    const inClear = server.said.filter(({ isEncrypted }) => !isEncrypted).map(({ line }) => line);
    expect(inClear.map((line) => line.split(' ')[0])).toEqual(secure ? [] : ['EHLO', 'STARTTLS']);
  }
});

test('nothing is said to a mail server with a wrong certificate, or without TLS, unless that was asked for', async () => {
  await using certificates = await makeCertificates();
  await using strangers = await makeCertificates();
  const elsewhere = await certificates.leaf('elsewhere', ['mail.example.net']);
  const unknown = await strangers.leaf('mail');
  const to = { ...OPS, ...MAIL, username: 'netsweep', ca: certificates.ca };
  for (const secure of [false, true])
    for (const [leaf, why] of [
      [unknown, /certificate|signature/],
      [elsewhere, /altnames/],
    ] as const) {
      await using server = await Smtp.open({ leaf, secure });
      await expect(sendMail({ ...to, server: server.url }, SECRET, CONTENT)).rejects.toThrow(why);
      expect(server.said.filter(({ isEncrypted }) => isEncrypted)).toEqual([]);
      expect([server.logins, server.mails]).toEqual([[], []]);
    }
  await using plain = await Smtp.open({ leaf: null, secure: false });
  await expect(sendMail({ ...to, server: plain.url }, SECRET, CONTENT)).rejects.toThrow();
  expect([plain.logins, plain.mails], 'it offers a login, and gets none').toEqual([[], []]);
  await sendMail({ ...OPS, ...MAIL, server: plain.url, tls: false }, null, CONTENT);
  expect(plain.mails).toHaveLength(1);
  expect(plain.said.filter(({ line }) => line.startsWith('RCPT'))).toHaveLength(1);
});

test('destinations are read from netsweep.yaml, each mistake with its place, and no secret is shown', () => {
  const read = (text: string) => readDestinations('netsweep.yaml', text, '/etc/netsweep');
  expect(
    read(`forks: 5
notices:
  chat: {webhook: 'https://chat.example.net/x', secret: env:CHAT}
  ops: {mail: ops@example.net, from: netsweep@example.net, smtp: 'smtp://mail.example.net', on: always}
  page: {exec: page.sh, on: findings}
`),
  ).toEqual([
    { name: 'chat', on: 'changes', secret: 'env:CHAT', kind: 'webhook', url: 'https://chat.example.net/x' },
    {
      ...{ name: 'ops', on: 'always', secret: null, kind: 'mail', to: 'ops@example.net' },
      ...{
        from: 'netsweep@example.net',
        server: 'smtp://mail.example.net',
        username: null,
        tls: true,
        ca: null,
      },
    },
    { name: 'page', on: 'findings', secret: null, kind: 'exec', program: '/etc/netsweep/page.sh' },
  ]);
  const wrong = `notices:
  chat: {webhook: 'ftp://x', secret: hunter2, onn: always}
  both: {webhook: 'https://x', exec: y}
  when: {exec: y, on: weekly}
  clear: {mail: a@b, from: a@b, smtp: 'smtp://m', username: u, secret: env:S, tls: off}
`;
  expect(() => read(wrong)).toThrow(InputError);
  expect(() => read(wrong)).toThrow(
    /^netsweep\.yaml:2:47: notice chat: unknown key "onn" \(did you mean "on"\?\)$/m,
  );
  expect(() => read(wrong)).toThrow(/notice chat: secret is no reference/);
  expect(() => read(wrong)).toThrow(/notice clear: username goes with tls: a password is not sent in clear/);
  expect(() => read(wrong)).not.toThrow(/hunter2/);
  expect(() => read(wrong)).toThrow(
    /^netsweep\.yaml:3:3: notice both: expected one of webhook, mail and exec$/m,
  );
  expect(() => read(wrong)).toThrow(/on is wrong \(found weekly, expected changes, findings, always\)/);
});

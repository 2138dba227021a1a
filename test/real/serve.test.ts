// `netsweep serve` as a process: what it refuses, what it waits for, how it ends.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { makeCertificates } from '../certificates.ts';
import { startNats } from '../nats.ts';
import { Place } from '../place.ts';
import { Running, root } from '../process.ts';
import { tlsWords } from './secured.ts';

/** Nobody answers there. */
const nats = ['--nats', 'nats://127.0.0.1:1'];
const anywhere = ['--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'];

function startServe(place: Place, args: string[]): { serve: Running } & AsyncDisposable {
  const words = [`${root}/dist/coordinator/main.js`, 'serve', ...nats, ...args];
  const options = { onParentExit: 'killed' as const, cwd: place.folder, env: place.environment() };
  const serve = new Running(process.execPath, words, options);
  return { serve, [Symbol.asyncDispose]: () => serve.stop('SIGTERM') };
}

describe('netsweep serve', () => {
  test.each([
    ['--listen', '0.0.0.0:0'],
    ['--listen', '198.18.0.1:0'],
    ['--listen', '[::]:0'],
    ['--http', '0.0.0.0:0'],
  ])(
    'refuses %s %s without TLS, with one line and 2, before it touches anything',
    async (option, address) => {
      await using place = await Place.open();
      const words = ['serve', ...nats, '--state', place.path('state'), option, address];
      const { status, stdout, stderr } = await place.netsweep(words);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(/^[^\n]*only loopback is served[^\n]*\n$/);
      expect(stderr).toContain(`${option} ${address}: `);
      expect(existsSync(place.path('state'))).toBe(false);
    },
  );

  test('refuses a NATS beyond loopback without TLS, and never shows its password', async () => {
    await using place = await Place.open();
    const words = [
      'serve',
      '--nats',
      'nats://us:pass@192.0.2.1',
      '--state',
      place.path('state'),
      ...anywhere,
    ];
    const { status, stdout, stderr } = await place.netsweep(words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/--nats nats:\/\/192\.0\.2\.1: only loopback is reached without --tls-ca/);
    expect(existsSync(place.path('state'))).toBe(false);
  });

  test('ends with 4 where a NATS beyond loopback lets in whoever comes', async () => {
    await using certificates = await makeCertificates();
    const leaf = await certificates.leaf('all', ['0.0.0.0']);
    const files = `cert_file: "${leaf.cert}", key_file: "${leaf.key}", ca_file: "${certificates.ca}"`;
    const secured = (more: string) => `tls { ${files} ${more} }`;
    await using server = await startNats({ config: secured('') });
    await using place = await Place.open();
    const nats = ['--nats', server.url.replace('127.0.0.1', '0.0.0.0')];
    const words = [...nats, '--state', place.path('state'), ...anywhere, ...tlsWords(certificates.ca, leaf)];
    const { status, stdout, stderr } = await place.netsweep(['serve', ...words]);
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
    expect(stderr).toMatch(/^netsweep: nats:\/\/0\.0\.0\.0:\d+ lets in whoever comes: /m);
    await server.restart(secured(', verify: true'));
    await using running = startServe(place, words);
    await running.serve.logged(/^ready/m);
  });

  test('says which TLS file can not be read or used', async () => {
    await using place = await Place.open();
    const broken = await place.write('broken.pem', 'no certificate\n');
    const state = ['--state', place.path('state')];
    const missing = tlsWords(place.path('ca'), { cert: place.path('cert'), key: place.path('key') });
    const absent = await place.netsweep(['serve', ...nats, ...state, ...missing]);
    expect(absent.status).toBe(2);
    expect(absent.stderr).toMatch(/^--tls-ca: [^\n]*\n--tls-cert: [^\n]*\n--tls-key: [^\n]*\n$/);
    const words = tlsWords(broken, { cert: broken, key: broken });
    for (const command of [
      ['serve', ...nats, ...state],
      ['sweeps', 'list', '--coordinator', '127.0.0.1:1'],
    ]) {
      const ended = await place.netsweep([...command, ...words]);
      expect(ended.status).toBe(2);
      expect(ended.stderr).toMatch(/^--tls-ca, --tls-cert, --tls-key: /);
    }
    expect(existsSync(place.path('state'))).toBe(false);
  });

  test('waits for NATS, and ends with 0 when it is told to meanwhile', async () => {
    await using place = await Place.open();
    await using running = startServe(place, ['--state', place.path('state'), ...anywhere]);
    const { serve } = running;
    await serve.logged(/waiting for NATS/);
    await serve.stop('SIGTERM');
    expect(serve.child.exitCode).toBe(0);
    expect(serve.log).not.toMatch(/^ready/m);
  });

  test('says once why it can not use JetStream, and is ready as soon as it can', async () => {
    const account = (more: string) =>
      `accounts { OURS: { ${more} users: [{ user: us, password: "" }] } }\nno_auth_user: us\n`;
    await using server = await startNats({ config: account('') });
    await using place = await Place.open();
    await using running = startServe(place, [
      ...['--state', place.path('state'), ...anywhere],
      ...['--nats', server.url],
    ]);
    const { serve } = running;
    await serve.logged(/JetStream can't be used: jetstream not enabled for account/i);
    await server.restart(account('jetstream: enabled,'));
    await serve.logged(/^ready/m);
    expect(serve.log.match(/can't be used/g)).toHaveLength(1);
  });

  test('ends with 4 where another holds the state directory or the address', async () => {
    await using place = await Place.open();
    const state = ['--state', place.path('state')];
    await using running = startServe(place, [...state, ...anywhere]);
    await running.serve.logged(/waiting for NATS/);
    const held = await place.netsweep(['serve', ...nats, ...state, ...anywhere]);
    expect(held).toMatchObject({ status: 4, stdout: '' });
    expect(held.stderr).toMatch(
      /^netsweep: .* is in use by another netsweep \(end that one, or name another with --state\)$/m,
    );
    await using listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const taken = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
    for (const [listen, http] of [
      [taken, '127.0.0.1:0'],
      ['127.0.0.1:0', taken],
    ] as const) {
      const words = ['serve', ...nats, '--state', place.path('other'), '--listen', listen, '--http', http];
      const refused = await place.netsweep(words);
      expect(refused).toMatchObject({ status: 4, stdout: '' });
      expect(refused.stderr).toContain(`netsweep: can't listen on ${taken} (taken, or not of this machine; `);
      expect(refused.stderr.split('\n').filter((line) => !/^({"level"|netsweep: |$)/.test(line))).toEqual([]);
    }
  });
});

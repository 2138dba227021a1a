// Who is let in where the wires are encrypted, by what real clients see: openssl, the command line, agents.
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { makeCertificates } from '../certificates.ts';
import { startNats } from '../nats.ts';
import { type Finished, program, type Running, run, until } from '../process.ts';
import { securedMissing, startSecured, tlsWords } from './secured.ts';

/** An HTTP/2 server's first frame, its settings. */
const SETTINGS = /\x00\x00[\s\S]\x04\x00\x00\x00\x00\x00/;

/** What the other side answers to these bytes on a bare connection before it closes. */
async function sayPlain(address: string, bytes: string): Promise<string> {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
  const socket = connect(Number(port), host ?? '');
  socket.write(bytes, 'latin1');
  return (await buffer(socket)).toString('latin1');
}

/** `openssl s_client` until the server closes the connection, or until it has said all of `input`. */
function shakeHands(address: string, words: string[], input: string | null): Promise<Finished> {
  const args = [
    's_client',
    '-connect',
    address,
    '-alpn',
    'h2',
    ...words,
    ...(input === null ? ['-ign_eof'] : []),
  ];
  return run(program('openssl') ?? 'openssl', args, { input: input ?? '' });
}

/** Resolves when an agent has tried so often and was never ready. */
async function refused(agent: Running, tries: RegExp, where: () => string = () => agent.log): Promise<void> {
  await until('it has tried twice', () => (where().match(tries) ?? []).length >= 2);
  expect(agent.ended).toBe(false);
  expect(agent.log).not.toMatch(/^ready/m);
}

describe.skipIf(securedMissing !== null)('a coordinator with TLS', () => {
  test('answers nothing to a client that speaks in plain', async () => {
    await using secured = await startSecured();
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00';
    for (const bytes of [preface, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n']) {
      const answer = await sayPlain(secured.coordinator, bytes);
      expect(answer).toMatch(/^(?:\x15\x03[\s\S]{5})?$/); // at most TLS's own alert
    }
  });

  test('shakes hands only with a certificate of its authority', async () => {
    await using secured = await startSecured();
    await using others = await makeCertificates();
    const { ca } = secured.certificates;
    const [own, foreign] = [await secured.certificates.leaf('client'), await others.leaf('client')];
    const trust = ['-CAfile', ca, '-verify_return_error'];

    const welcome = await shakeHands(
      secured.coordinator,
      [...trust, '-verify_ip', '127.0.0.1', '-cert', own.cert, '-key', own.key],
      'Q\n',
    );
    expect(welcome.stdout).toMatch(/ALPN protocol: h2/);
    expect(welcome.stdout).toMatch(/Verify return code: 0 \(ok\)/);

    const strangers = [trust, [...trust, '-cert', foreign.cert, '-key', foreign.key]];
    for (const words of strangers) {
      const ended = await shakeHands(secured.coordinator, words, null);
      expect(ended.signal).toBe(null); // the server has closed
      expect(ended.stdout).not.toMatch(SETTINGS);
    }
  });

  test('serves a client of its authority and ends every other with 4', async () => {
    await using secured = await startSecured();
    await using others = await makeCertificates();
    const { ca } = secured.certificates;
    const foreign = await others.leaf('client');
    const list = ['sweeps', 'list', '--json'];
    expect(await secured.place.netsweep([...list, ...(await secured.client())])).toMatchObject({
      status: 0,
      stderr: '',
    });
    const to = ['--coordinator', secured.coordinator];
    const strangers = {
      'without a certificate': [],
      'with a certificate of another authority': tlsWords(ca, foreign),
      'that believes in another authority': tlsWords(others.ca, foreign),
    };
    const refusals = Object.entries(strangers).map(async ([who, words]) => {
      const { status, stdout, stderr } = await secured.place.netsweep([...list, ...to, ...words]);
      expect({ who, status, stdout }).toEqual({ who, status: 4, stdout: '' });
      expect(stderr).toMatch(/^netsweep: no coordinator answers at 127\.0\.0\.1:\d+[^\n]*\n$/);
    });
    await Promise.all(refusals);
  });

  test('submits no sweep of a client without a certificate', async () => {
    await using secured = await startSecured();
    const device = {
      name: 'R1',
      host: '127.0.0.1',
      platform: 'linux',
      username: 'u',
      password: 'unsaid-secret',
    };
    const inventory = await secured.place.write('inventory.json', JSON.stringify([device]));
    const words = ['run', '-i', inventory, '--coordinator', secured.coordinator, 'uname -a'];
    const ended = await secured.place.netsweep(words);
    expect(ended).toMatchObject({ status: 4, stdout: '' });
    const listed = await secured.place.netsweep(['sweeps', 'list', '--json', ...(await secured.client())]);
    expect(listed.stdout).not.toContain('R1');
    expect(JSON.parse(listed.stdout)).toEqual([]);
  });

  test('never welcomes an agent without a certificate, or with one of another authority', async () => {
    // A NATS that lets everybody in: it is the coordinator who refuses.
    await using secured = await startSecured({ natsVerifies: false });
    await using others = await makeCertificates();
    const { ca } = secured.certificates;
    const foreign = await secured.agent({
      name: 'foreign',
      tls: tlsWords(ca, await others.leaf('foreign')),
    });
    const welcome = await secured.agent({ name: 'welcome' });
    await welcome.logged(/^ready name=welcome /m);
    await refused(foreign, /link: /g);
    await using open = await startNats();
    const plain = await secured.agent({ name: 'plain', tls: [], nats: open.url });
    await refused(plain, /link: /g);
  });

  test('has a NATS that never lets in an agent without a certificate, or with one of another authority', async () => {
    await using secured = await startSecured();
    await using others = await makeCertificates();
    const { ca } = secured.certificates;
    const strangers = [
      await secured.agent({ name: 'plain', tls: [] }),
      await secured.agent({ name: 'foreign', tls: tlsWords(ca, await others.leaf('foreign')) }),
    ];
    for (const agent of strangers) await refused(agent, /TLS handshake error|tls: /g, () => secured.nats.log);
  });
});

describe.skipIf(securedMissing !== null)('an agent with TLS', () => {
  test('does not speak in plain with a NATS that has none', async () => {
    await using secured = await startSecured();
    await using plain = await startNats({ config: 'debug: true' });
    const agent = await secured.agent({ name: 'careful', nats: plain.url });
    await refused(agent, /Client connection closed/g, () => plain.log);
    expect(plain.log).not.toMatch(/netsweep agent careful/);
  });
});

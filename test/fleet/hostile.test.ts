// That each fault fires: what a plain client, or a bare socket, sees of it.
import { createConnection } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../agent/fleet/fault.ts';
import { startFleet } from '../../agent/fleet/fleet.ts';
import type { FleetOptions } from '../../agent/fleet/options.ts';
import type { FleetPlatform } from '../../agent/fleet/plan.ts';
import { until } from '../process.ts';
import { Client } from './client.ts';

async function bad(fault: Fault, options: Partial<FleetOptions> = {}) {
  return await startFleet({
    devices: 1,
    unprivileged: 0,
    keyboardInteractive: 0,
    bad: { [fault]: 1 },
    ...options,
  });
}

/** What a bare socket that identifies itself gets, until it has enough or the device closes. */
async function listen(fault: Fault, enough: RegExp) {
  await using fleet = await bad(fault);
  const socket = createConnection({ host: '127.1.0.1', port: fleet.port });
  let heard = '';
  let ended: string | null = null;
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1');
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code ?? '';
  });
  socket.on('end', () => {
    ended ??= 'FIN';
  });
  socket.on('connect', () => socket.write('SSH-2.0-test\r\n'));
  await until(`${fault}: ${enough}`, () => enough.test(heard) || ended !== null);
  socket.destroy();
  return { heard, ended };
}

describe('a device that is bad before SSH', () => {
  test.each<[Fault, RegExp]>([
    ['not-ssh', /^HTTP\/1\.1 400 Bad Request\r\n/],
    ['telnet', /^\xff\xfb\x01.*Username: $/s],
    ['endless-greeting', /^(Welcome to this device\. .*\r\n){5000}/],
    ['open-ident', /^SSH-2\.0-Cisco-1\.25$/],
    ['ssh1-ident', /^SSH-1\.5-Cisco-1\.25\r\n$/],
    ['garbage-ident', /^SSH-2\.0-Cisco-1\.25\r\n\x80/],
    ['giant-packet', /^SSH-2\.0-Cisco-1\.25\r\n\xff{4}/],
    ['giant-names', /(unknown-\d+@rehearsal\.example,?){180}/],
    ['hang-ident', /^SSH-2\.0-Cisco-1\.25\r\n$/],
    ['drip-kex', /^SSH-2\.0-Cisco-1\.25\r\n.$/s],
    ['drop-kex', /^SSH-2\.0-Cisco-1\.25\r\n.{20}$/s],
    ['ident-1.99', /^SSH-1\.99-Cisco-1\.25\r\n/],
    ['weak-algorithms', /diffie-hellman-group1-sha1,kex-strict.*aes128-cbc/s],
    ['only-compressed', /zlib@openssh\.com/],
  ])('%s: says %s', async (fault, pattern) => {
    expect((await listen(fault, pattern)).heard).toMatch(pattern);
  });

  test('reset-accept and close-accept: the connection ends at once', async () => {
    expect((await listen('reset-accept', /./)).ended).toBe('ECONNRESET');
    expect((await listen('close-accept', /./)).ended).toMatch(/FIN|ECONNRESET/);
  });
});

describe('a device that is bad at the login', () => {
  test.each<[Fault, RegExp]>([
    ['no-methods', /authentication methods failed/],
    ['second-factor', /authentication methods failed/],
    ['partial-login', /authentication methods failed/],
    ['ban-login', /Too many authentication failures/],
    ['hang-service', /Timed out/],
  ])('%s: nobody enters', async (fault, message) => {
    await using fleet = await bad(fault);
    await expect(Client.open('127.1.0.1', fleet.port, { readyTimeout: 800 })).rejects.toThrow(message);
  });

  // The client answers a round without questions by itself.
  test.each<[Fault, number[]]>([
    ['wordless-question', [1]],
    ['two-questions', [2]],
    ['asks-new-password', [1, 2]],
  ])('%s: asks rounds of %j questions', async (fault, wanted) => {
    await using fleet = await bad(fault);
    const asked: number[] = [];
    const login = Client.open('127.1.0.1', fleet.port, {
      authHandler(left, _partial, next) {
        if (left !== null) return next(false as never); // no method left, which its types do not know
        next({
          type: 'keyboard-interactive',
          username: 'admin',
          prompt(_name, _instructions, _language, prompts, finish) {
            asked.push(prompts.length);
            finish(prompts.map(() => 'rehearsal'));
          },
        });
      },
      readyTimeout: 1_000,
    });
    const client = await login.catch(() => null);
    expect(client !== null).toBe(fault === 'wordless-question');
    expect(asked).toEqual(wanted);
    await client?.[Symbol.asyncDispose]();
  });

  test('false-proof: the signature is by another key', async () => {
    await using fleet = await bad('false-proof');
    await expect(Client.open('127.1.0.1', fleet.port)).rejects.toThrow(/signature verification failed/i);
  });

  test('slow-login: the answer comes late', async () => {
    await using fleet = await bad('slow-login', { slowMs: 300 });
    const started = performance.now();
    await using _client = await Client.open('127.1.0.1', fleet.port);
    expect(performance.now() - started).toBeGreaterThan(295);
  });

  test('wild-banner: escape sequences and control characters before the login', async () => {
    await using fleet = await bad('wild-banner');
    await using client = await Client.open('127.1.0.1', fleet.port);
    expect(client.banner).toMatch(/^\x1b\[2J\x1b\]0;/);
  });

  test.each<[Fault, RegExp]>([
    ['refuse-channel', /open failure/i],
    ['refuse-shell', /shell/],
  ])('%s: there is no command line', async (fault, message) => {
    await using fleet = await bad(fault);
    await using client = await Client.open('127.1.0.1', fleet.port);
    await expect(client.shell()).rejects.toThrow(message);
  });
});

/** Everything that a client sees of one session: paging off, a short output, the configuration, exit. */
async function watch(fault: Fault | null, platform: FleetPlatform): Promise<string> {
  // A pause between bytes is for all devices, unless some are to drip.
  const dripMs = fault === 'drip' ? 0 : null;
  const options = { platforms: [platform], configLines: 120, slowMs: 200, dripMs };
  await using fleet = await startFleet({
    ...options,
    ...{ devices: 1, unprivileged: 0, keyboardInteractive: 0 },
    bad: fault === null ? {} : { [fault]: 1 },
  });
  const client = await (await Client.open('127.1.0.1', fleet.port)).shell();
  const prompt = platform === 'juniper_junos' ? /netops@\S+> $/ : /R1(-new|:\d)?# ?$/;
  const show = platform === 'juniper_junos' ? 'show configuration' : 'show running-config';
  await client.expect(prompt);
  for (const line of ['terminal length 0', 'show version', show]) {
    client.type(`${line}\r`);
    const from = client.text.length;
    await until(`${fault}: an end of ${line}`, () => {
      const end = client.text.slice(Math.max(from, client.text.length - 300));
      if (/(More--|Q to quit\))[^\n]{0,10}$/.test(end)) client.type(' ');
      if (/CONFIG_I: .*\r\n$/.test(end)) client.type('\r');
      return prompt.test(end);
    });
  }
  client.type('exit\r');
  await until('an answer to exit', () => client.closed || /exit\r\n.*[#\]>:] ?$/s.test(client.text));
  await client[Symbol.asyncDispose]();
  return client.text;
}

describe('a device that is odd but does its work', () => {
  test.each<[Fault, RegExp]>([
    ['no-echo', /R1#\r\nBuilding/],
    ['prompt-inside', /\r\nR1#\r\n/],
    ['pager-anyway', /--More--/],
    ['other-pager', /Press any key to continue/],
    ['no-paging-off', /Invalid input.*--More--/s],
    ['colours', /\x1b\[1;32m/],
    ['binary', /\xff\xfe\x80/],
    ['long-line', /certificate [0-9A-F]+\r\n/],
    ['wild-lines', /\r\r\r\n/],
    ['no-newline', /endR1#/],
    ['narrow-echo', /[\b]{14}\$/],
    ['redrawn-prompt', /R1#\r {3}\rR1#/],
    ['counting-prompt', /R1:1#.*R1:2#/s],
    ['log-lines', /R1#\r\n\*Mar.*\r\nR1#/],
    ['log-over-prompt', /R1#\*Mar.*\r\n/],
    ['asks-exit', /exit\r\nConfiguration has been modified; save it\?/],
    ['ignores-exit', /exit\r\nR1#$/],
    ['cli-error', /show running-config\r\n +\^\r\n% Invalid input/],
  ])('%s: shows %s, which a good device does not', async (fault, pattern) => {
    // Compared here, because a failure's words about a line of 1 MB take the test runner half a minute.
    expect(pattern.test(await watch(fault, 'cisco_ios'))).toBe(true);
    expect(pattern.test(await watch(null, 'cisco_ios'))).toBe(false);
  });

  test.each<Fault>(['rekey', 'keepalives', 'debug', 'opens-channels', 'fragments', 'drip', 'ident-1.99'])(
    '%s: shows just what a good device does',
    async (fault) => {
      expect(await watch(fault, 'arista_eos')).toBe(await watch(null, 'arista_eos'));
    },
  );
});

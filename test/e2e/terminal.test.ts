// Sequences that a terminal obeys, in everything that devices and files may say: none reaches the terminal of whoever
// runs netsweep, and files and pipes get what the device has sent.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INVALID, ios, PASSWORD, ScriptedDevice } from '../agent/device.ts';
import { Place } from '../place.ts';
import { root, run, without } from '../process.ts';
import { OBEYED, SEQUENCES } from '../sequences.ts';

/** One a line. */
const TEXT = SEQUENCES.map((sequence, at) => `${at}: ${sequence} .\n`).join('');
const ALL = SEQUENCES.join(' ');
/** Lines that an output keeps to the byte: others hold what a command line only draws with. */
const KEPT = TEXT.split('\n').filter((line) => line !== '' && !/[\x1b\0\x07\b\r]/.test(line));
/** No UTF-8, every byte from 0x80 on. */
const BYTES = Buffer.from(
  Array.from({ length: 0x80 }, (_, at) => `${at}: ${String.fromCharCode(0x80 + at)}0;x .\n`).join(''),
  'latin1',
);

const login = { username: 'admin', password: PASSWORD };
const own: AsyncDisposable[] = [];
const devices: Record<string, string | number>[] = [];

function add(name: string, port: number, more: Record<string, string> = {}): void {
  devices.push({ name, host: '127.0.0.1', port, platform: 'linux', ...login, ...more });
}

beforeAll(async () => {
  for (const [name, said] of [
    ['texts', Buffer.from(TEXT)],
    ['bytes', BYTES],
  ] as const) {
    const device = await ScriptedDevice.start({
      server: { banner: ALL },
      exec: (_, channel) => {
        channel.stderr.write(said);
        channel.write(said);
        channel.exit(0);
        channel.end();
      },
    });
    own.push(device);
    add(name, device.port);
  }
  const shells = {
    'no-prompt': async (line: { write(text: string): void }) => line.write(`${TEXT}${ALL}`),
    refusing: ios({ 'uname -a': `${INVALID}${TEXT}` }),
    shown: ios({ 'uname -a': TEXT.replaceAll('\n', '\r\n') }, { banner: TEXT }),
  };
  for (const [name, shell] of Object.entries(shells)) {
    const device = await ScriptedDevice.start({ shell });
    own.push(device);
    add(name, device.port, { platform: 'anything' });
  }
  const strangers = SEQUENCES.slice(0, 40).map((sequence) => `hello ${sequence} there\r\n`);
  for (const [at, said] of [ALL, ...strangers.slice(0, 8)].entries()) {
    const server = createServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end(`${said}\r\n`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    own.push({
      [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
    });
    add(`stranger${at}`, (server.address() as { port: number }).port);
  }
});

afterAll(async () => {
  for (const one of own) await one[Symbol.asyncDispose]();
});

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs netsweep on a terminal; what it sent there, without our own colours and what draws the live view. */
async function onTerminal(place: Place, args: string[]): Promise<string> {
  const words = [process.execPath, `${root}/dist/coordinator/main.js`, ...args].map(quote).join(' ');
  const { stdout } = await run('script', ['-qec', words, '/dev/null'], {
    cwd: place.folder,
    env: { ...place.environment(), TERM: 'xterm-256color' },
  });
  return stdout.replaceAll(/\x1b\[(0|1|2|31|32|33)m/g, '').replaceAll(/\r(?:\x1b\[\d+A)?|\x1b\[[KJ]/g, '');
}

function expectHarmless(shown: string, ...words: string[]): void {
  const found = OBEYED.exec(shown);
  expect(found && JSON.stringify(shown.slice(Math.max(0, found.index - 60), found.index + 20))).toBeNull();
  for (const word of words) expect(shown).toContain(word);
}

describe.skipIf(without('script') !== null)('a terminal', () => {
  test('is sent nothing that it obeys, by any view of what devices say', async () => {
    expect(SEQUENCES.length).toBeGreaterThanOrEqual(200);
    await using place = await Place.open();
    const platform = {
      title: 'Anything',
      extends: 'cisco_ios',
      default_commands: ['uname -a'],
      reads: ['uname'],
    };
    await place.write('.config/netsweep/platforms/anything.yaml', JSON.stringify(platform));
    const inventory = await place.write('devices.json', JSON.stringify(devices));
    const words = ['run', '-i', inventory, '--login-timeout', '3', '--retries', '0', '-vvv', 'uname -a'];
    const shown = await onTerminal(place, words);
    expectHarmless(shown, `${SEQUENCES.length - 1}: `, '127: ', 'stranger8', 'no-prompt');
    for (const view of [
      ['-b'],
      ['-o'],
      ['--format', 'table'],
      ['--format', 'csv'],
      ['--format', 'json'],
      ['-v'],
    ])
      expectHarmless(await onTerminal(place, ['sweeps', 'results', 'last', ...view]), 'texts');
    expectHarmless(await onTerminal(place, ['sweeps', 'show', 'last']), 'failed');
    for (const command of [
      ['history', 'texts'],
      ['search', 'pwned'],
      ['diff', 'last', 'last'],
    ])
      expectHarmless(await onTerminal(place, command));

    // What is not a terminal gets the bytes.
    const { stdout } = await place.netsweep(['sweeps', 'results', 'last', '--format', 'json', '--map']);
    const outputs = JSON.parse(stdout) as Record<string, string>;
    expect(outputs.texts?.split('\n')).toEqual(expect.arrayContaining(KEPT));
    expect(outputs.bytes).toBe(BYTES.toString('latin1'));
    const tree = place.path('tree');
    await place.netsweep(['sweeps', 'results', 'last', '-t', tree]);
    expect(await readFile(`${tree}/texts/uname_-a.txt`, 'utf8')).toBe(outputs.texts);
    const piped = await place.netsweep(['sweeps', 'results', 'last']);
    for (const line of KEPT) expect(piped.stdout).toContain(`texts: ${line}\n`);
    expect(KEPT.length).toBeGreaterThan(70);
  });

  test('is sent nothing that it obeys, by names in inventories, words and files', async () => {
    await using place = await Place.open();
    const named = SEQUENCES.map((sequence, at) => ({
      name: `n${at}${sequence}x`,
      host: '127.0.0.1',
      port: 1,
      site: `s${sequence}`,
      groups: [`g${sequence}`],
      platform: `p${sequence}`,
      [`k${sequence}`]: sequence,
    }));
    const inventory = await place.write('named.json', JSON.stringify(named));
    expectHarmless(await onTerminal(place, ['run', '-i', inventory, '-C', 'show version']), 'named.json');
    const yaml = named.map((one) => `- ${JSON.stringify(one)}\n`).join('');
    const other = await place.write(
      'named.yaml',
      yaml.replaceAll(/"platform":"(?:[^"\\]|\\.)*"/g, '"platform":"linux"'),
    );
    expectHarmless(await onTerminal(place, ['run', '-i', other, '--retries', '0', '-y', 'uname -a']));
    const some = SEQUENCES.filter((sequence) => !sequence.includes('\0')).map((one) => `a${one}b`);
    for (const args of [
      ['run', '-i', inventory, ...some],
      ['run', '-i', other, '-l', some.join(''), 'uname -a'],
      ['run', '-i', some.join('').slice(0, 1000), 'uname -a'],
    ])
      expectHarmless(await onTerminal(place, args));
  });
});

// Every example of docs/inventories.md: its files are written, its commands are run, and what they print is compared.
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { endOf } from '../../coordinator/cli/end.ts';
import { buildProgram } from '../../coordinator/cli/program.ts';
import { wordsOf } from '../../coordinator/cli/words.ts';
import { type Device, startDcim, TOKEN } from './dcim.ts';
import { directoryOf } from './files.ts';

const PAGE = readFileSync(new URL('../../docs/inventories.md', import.meta.url), 'utf8');

const DEVICES: Device[] = [
  {
    name: 'zrh-core-01',
    address: '10.20.0.1',
    platform: 'cisco-nx-os',
    role: 'core',
    site: 'zrh',
    tags: ['tier1'],
  },
  { name: 'zrh-acc-17', address: '2001:db8:20::17', platform: 'ios-xe-17-9', role: 'access', site: 'zrh' },
  { name: 'zrh-patch-1', platform: null, role: 'patch-panel', site: 'zrh' },
  {
    name: 'zrh-old-01',
    address: '10.20.0.9',
    platform: 'cisco-ios',
    role: 'core',
    site: 'zrh',
    status: 'decommissioning',
  },
  {
    name: 'jump-01',
    address: '10.20.1.1',
    platform: 'ubuntu-24-04',
    role: 'server',
    site: 'zrh',
    machine: true,
  },
  { name: 'gva-core-01', address: '10.30.0.1', platform: 'cisco-nx-os', role: 'core', site: 'gva' },
];

interface Block {
  info: string;
  text: string;
}

const blocks: Block[] = Array.from(
  PAGE.matchAll(/^```(\S.*)\n([\s\S]*?)^```$/gm),
  ([, info = '', text = '']) => ({ info, text }),
);
const files = Object.fromEntries(
  blocks.filter(({ info }) => info.includes(' ')).map(({ info, text }) => [info.split(' ')[1] ?? '', text]),
);
const commands = blocks
  .filter(({ info }) => info === 'console')
  .flatMap(({ text }) =>
    text.split(/^\$ /m).flatMap((run) => {
      const [command = '', ...printed] = run.split('\n');
      return command === '' ? [] : [{ command, printed: printed.join('\n') }];
    }),
  );

test('the page has examples', () => {
  expect([Object.keys(files).length, commands.length]).toEqual([12, 15]);
});

test.each(commands)('$command', async ({ command, printed }) => {
  using directory = directoryOf(files);
  const tool = command.includes('nautobot:') ? 'nautobot' : 'netbox';
  await using dcim = await startDcim(
    tool,
    DEVICES.filter(({ site }) => tool === 'netbox' || site === 'zrh'),
  );
  const name = `https://${tool}.example.com`;
  const got = await run(wordsIn(command.replaceAll(name, dcim.url)), directory.path);
  expect(got.replaceAll(dcim.url, name)).toBe(printed);
});

function wordsIn(command: string): string[] {
  return Array.from(command.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, bare]) => quoted ?? bare ?? '');
}

/** What is printed, and then what is told on the other stream. */
async function run(words: string[], directory: string): Promise<string> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text, ...rest) => {
      written[stream] += String(text);
      rest.find((argument) => typeof argument === 'function')?.();
      return true;
    }),
  );
  const cwd = vi.spyOn(process, 'cwd').mockReturnValue(directory);
  vi.stubEnv('NETBOX_TOKEN', TOKEN);
  vi.stubEnv('NAUTOBOT_TOKEN', TOKEN);
  const stop = new AbortController().signal;
  try {
    await buildProgram({ stop, done: () => {} }).parseAsync(wordsOf(['node', ...words]));
  } catch (error) {
    return endOf(error, stop).message;
  } finally {
    for (const spy of [...spies, cwd]) spy.mockRestore();
    vi.unstubAllEnvs();
  }
  return written.stdout + written.stderr;
}

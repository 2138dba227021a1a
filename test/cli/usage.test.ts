import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type End, endOf } from '../../coordinator/cli/end.ts';
import { MEANT } from '../../coordinator/cli/habits.ts';
import { buildProgram } from '../../coordinator/cli/program.ts';

const directory = mkdtempSync(join(tmpdir(), 'netsweep-usage-'));
const inventory = join(directory, 'lab.yaml');
writeFileSync(inventory, '- {name: R1, host: 10.0.0.1, platform: cisco_ios, username: admin, password: x}\n');
const state = join(directory, 'state');

/** What the program does with these words: how it ends, and what it has printed. */
async function netsweep(...words: string[]): Promise<End & { printed: string }> {
  let printed = '';
  const silent = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const catching = vi.spyOn(process.stdout, 'write').mockImplementation((text, ...rest) => {
    printed += text;
    const done = rest.find((argument) => typeof argument === 'function');
    done?.();
    return true;
  });
  const stop = new AbortController().signal;
  let end: End = { code: 0, message: '' };
  const edge = { stop, done: (code: End['code']) => (end = { code, message: '' }) };
  try {
    await buildProgram(edge).parseAsync(['node', 'netsweep', ...words]);
  } catch (error) {
    end = endOf(error, stop);
  } finally {
    catching.mockRestore();
    silent.mockRestore();
  }
  return { ...end, printed };
}

afterEach(() => vi.unstubAllEnvs());

describe('bad usage is one clear line and exit 2', () => {
  const run = (...words: string[]) => ['run', '-i', inventory, '--state', state, ...words];
  test.each([
    [['rum'], "unknown command 'rum' (did you mean run?)"],
    [
      run('--timeout', '5', 'show version'),
      "unknown option '--timeout' (here it is --connect-timeout, --login",
    ],
    [run('-p', 'secret', 'show version'), "unknown option '-p' (here it is -k or --password-file"],
    [run('--frobnicate', 'show version'), "unknown option '--frobnicate' (--help shows all)"],
    [['sweeps', 'rm'], "missing required argument 'sweep' (--help shows all)"],
    [['frobnicate'], "unknown command 'frobnicate' (netsweep --help shows them)"],
    [['show version'], `unknown command 'show version' (did you mean netsweep run "show version"?)`],
    [
      ['run', '-i', join(directory, 'lba.yaml'), 'show version'],
      `cannot be read (no such file or directory; did you mean ${inventory}?)`,
    ],
    [
      run('--platform', 'ciscoo', 'show version'),
      'unknown platform (found "ciscoo", expected a name that netsweep platforms list shows; did you mean one of cisco_apic, cisco_',
    ],
    [['platforms', 'show', 'junip'], 'did you mean '],
    [
      ['run', '-i', inventory, '--state', join(inventory, 'x'), 'show version'],
      `--state: nothing can be kept there (found "${inventory}/x": a part of the path is not a directory; expected a directory that you may write to, by --state DIR or NETSWEEP_STATE)`,
    ],
    [
      ['serve', '--state', inventory],
      `--state: nothing can be kept there (found "${inventory}/serve": a part of the path is not a directory`,
    ],
    [
      ['backup', '-i', inventory, '--repo', join(inventory, 'x', 'y')],
      `${inventory}/x/y can't be made (not a directory; expected a place that you may write to)`,
    ],
    [['sweeps', 'lst'], "unknown command 'lst' (did you mean list?)"],
    [run('--frks', '3'), "unknown option '--frks' (did you mean --forks?)"],
    [run('--diff', '--one-line'), '--diff and --one-line exclude each other'],
    [run('--diff', '--format', 'json'), '--diff goes with --format text'],
    [
      run('--jump', 'a,,b'),
      '--jump: a jump host is empty (expected USER@HOST:PORT with commas between, or none)',
    ],
    [run('-J', 'me:secret@b'), '--jump: a jump host takes no password'],
    [run('-J', 'a', '-J', 'b'), '--jump: given more than once'],
    [run('-J', 'R1,R2/'), 'jump host "R2/" is neither a device nor an address'],
    [run('-e', 'jump=x:0'), '--set jump: jump: the port of jump host "x" is not one'],
    [run('--tree', join(inventory, 'x')), `--tree: ${inventory} is not a directory`],
    [run('--session-log', inventory), `--session-log: ${inventory} is not a directory`],
    [
      run('--canary', '0'),
      '--canary: found "0", expected a number of devices from 1, a share from above 0% to 100%, or none',
    ],
    [run('--max-fail', '101%'), '--max-fail: found "101%", expected a number of devices'],
    [run('--canary', '0%'), '--canary: found "0%"'],
    [run('--canary', 'two'), '--canary: found "two"'],
    [run('--batch', '1.5'), '--batch: found "1.5"'],
    [run('--batch', '-3'), '--batch: found "-3"'],
    [run('--batch', '2', '--batch', '3'), '--batch: given more than once'],
    [run('--max-fali', '2'), "unknown option '--max-fali' (did you mean --max-fail?)"],
    [
      run('--forks'),
      "option '-f, --forks <n>' argument missing (expected a value behind it; --help shows which)",
    ],
    [run('--forks', '0'), '--forks: found "0", expected a whole number from 1 to 1000000'],
    [run('--forks', '-1'), '--forks: found "-1", expected a whole number'],
    [run('--forks', '1.5'), '--forks: found "1.5"'],
    [run('--forks', '1', '--forks', '2'), '--forks: given more than once'],
    [run('-T', 'soon'), '--connect-timeout: found "soon", expected a duration'],
    [run('-T', '0'), '--connect-timeout: found "0", expected at least 1 ms'],
    [run('--deadline', '48h'), '--deadline: found "48h", expected at most 24h'],
    [run('--retries', 'many'), '--retries: found "many"'],
    [run('--auth-fail-max', '0'), '--auth-fail-max: found "0"'],
    [run('--output-limit', '3XB'), '--output-limit: found "3XB", expected a size'],
    [run('--isolation', 'none'), '--isolation: found "none", expected pool, device'],
    [run('--host-keys', 'yes'), '--host-keys: found "yes", expected strict, accept-new, off'],
    [run('--format', 'xml'), '--format: found "xml", expected text, table'],
    [run('--tolerate', 'refuzed'), 'expected a kind of failure (did you mean "refused"?)'],
    [run('--tolerate', '101%'), 'at most 100%'],
    [run('--coordinator', 'here'), '--coordinator: found "here", expected HOST:PORT'],
    [run('--map'), '--map goes with --format json'],
    [run('--fold', '--one-line'), 'exclude each other'],
    [run('--fold', '--format', 'json'), '--fold goes with --format text'],
    [run('-k', '--password-file', 'f'), 'exclude each other'],
    [run('--failed'), '--failed and --kind go with --rerun'],
    [run('--rerun', 'last', 'show version'), '--rerun repeats the commands'],
    [run('--detach'), '--detach goes with --coordinator'],
    [run('--coordinator', 'a:1', '--agents', '2'), '--agents is for sweeps that run here'],
    [run('--coordinator', 'a:1', '--tls-ca', 'x', 'show version'), 'belong together'],
    [run('show', 'version'), 'did you mean "show version"?'],
    [run('reload'), '"reload" is not a reading command of cisco_ios'],
    [run('-l', 'R9'), '"R9"'],
    [['run', 'show version'], 'no inventory'],
    [['run', '-i', join(directory, 'none.yaml')], 'no such file'],
    [['serve', '--listen', '10.0.0.1:7440'], 'only loopback is served'],
    [['serve', '--http', '10.0.0.1:7441'], 'only loopback is served'],
    [['hostkeys', 'accept', 'R1', 'ssh-ed25519', 'AAAA'], 'expected a public key'],
    [['sweeps', 'list', 'x'], 'too many arguments'],
  ])('%j', async (words, message) => {
    const end = await netsweep(...words);
    expect(end.message).toContain(message);
    expect(end.message).not.toContain('\n');
    expect(end).toMatchObject({ code: 2, printed: '' });
  });

  test('all bad values are said at once', async () => {
    const { message } = await netsweep(...run('-f', '0', '-T', 'x', '--retries', '-2'));
    expect(message.split('\n')).toHaveLength(3);
  });

  test('from the environment and from netsweep.yaml just as well', async () => {
    vi.stubEnv('NETSWEEP_FORKS', 'lots');
    expect((await netsweep(...run())).message).toContain('NETSWEEP_FORKS: found "lots"');
    vi.stubEnv('NETSWEEP_FORKS', '');
    vi.stubEnv('NETSWEEP_MAX_FAIL', '-1');
    expect((await netsweep(...run())).message).toContain('NETSWEEP_MAX_FAIL: found "-1"');
  });
});

test('what an option of elsewhere is here, is an option of run', () => {
  const run = buildProgram({ stop: new AbortController().signal, done: () => {} }).commands.find(
    (command) => command.name() === 'run',
  );
  const known = new Set(run?.options.flatMap(({ short, long }) => [short, long]));
  const unknown = MEANT.flatMap((words) => words.match(/(?<![\w-])--?[a-z][\w-]*/gi) ?? []).filter(
    (flag) => !known.has(flag),
  );
  expect(unknown).toEqual([]);
});

describe('without touching anything', () => {
  test('no words at all print the help and exit 2', async () => {
    expect(await netsweep()).toMatchObject({ code: 2, message: '' });
  });

  test.each([
    [['--help']],
    [['run', '--help']],
    [['sweeps', 'results', '--help']],
    [['hostkeys', 'scan', '--help']],
  ])('%j exits 0', async (words) => {
    const end = await netsweep(...words);
    expect(end.code).toBe(0);
    expect(end.printed).toContain('Usage: netsweep');
  });

  test('--list-hosts prints one name a line, options behind the command included', async () => {
    const end = await netsweep('run', 'show version', '-i', inventory, '--list-hosts');
    expect(end).toMatchObject({ code: 0, printed: 'R1\n' });
  });

  test('--check shows the plan and resolves no secret', async () => {
    const end = await netsweep(
      'run',
      '-i',
      inventory,
      '-C',
      '--password-file',
      '/nonexistent',
      '--',
      'show version',
    );
    expect(end.code).toBe(0);
    expect(end.printed).toContain('"show version" on 1 device');
  });

  test('--check shows the limits, a share as the number of devices that it is', async () => {
    vi.stubEnv('NETSWEEP_BATCH', '30%');
    const words = ['-i', inventory, '-C', '--max-fail', '5%', '--canary', '1', 'show version'];
    const { code, printed } = await netsweep('run', ...words);
    expect(code).toBe(0);
    expect(printed).toContain(
      [
        'limit        canary of 1: all must end ok before any other is begun',
        'limit        batches of 1: each must end before the next is begun',
        'limit        none is begun once 1 has failed',
        'writes ',
      ].join('\n'),
    );
  });

  test.each([[['run', 'show version']], [['audit', 'run', '-p', 'cisco-ios-baseline']]])(
    '--check of %j is JSON where JSON is asked for',
    async (words) => {
      const { code, printed } = await netsweep(...words, '-i', inventory, '-C', '--format', 'json');
      expect(code).toBe(0);
      expect(JSON.parse(printed)).toMatchObject({ selected: 1, devices: [{ name: 'R1', host: '10.0.0.1' }] });
    },
  );

  test('--check shows jump hosts, where keys come from and the ssh-agent, without asking for anything', async () => {
    vi.stubEnv('NETSWEEP_JUMP', 'ops@b1:2222,[::1]');
    vi.stubEnv('SSH_AUTH_SOCK', '');
    const words = ['run', '-i', inventory, '-C', '--ssh-agent', '-e', 'legacy=true', 'show version'];
    const { code, printed } = await netsweep(...words);
    expect(code).toBe(0);
    expect(printed).toContain(
      "jump         ops@b1:2222 with the device's login, then [::1]:22 with the device's login (1 device)",
    );
    expect(printed).toContain('password from inventory');
    expect(printed).toContain(', ssh-agent (1 device)');
    expect(printed).toContain('legacy       weak algorithms allowed on 1 device');
  });

  test('an ssh-agent that is not there is told before anything is started', async () => {
    vi.stubEnv('SSH_AUTH_SOCK', '');
    const end = await netsweep('run', '-i', inventory, '--state', state, '--ssh-agent', 'show version');
    expect(end).toMatchObject({ code: 2, printed: '' });
    expect(end.message).toContain('there is no ssh-agent (SSH_AUTH_SOCK is not set');
  });

  test('devices that nobody can log in to are told beforehand, with what would help', async () => {
    const bare = join(directory, 'bare.yaml');
    writeFileSync(
      bare,
      '- {name: R1, host: 10.0.0.1, platform: cisco_ios}\n- {name: R2, host: 10.0.0.2, platform: cisco_ios}\n',
    );
    vi.stubEnv('HOME', directory);
    const told: string[] = [];
    const listening = vi
      .spyOn(process.stderr, 'write')
      .mockImplementation((text) => told.push(String(text)) > 0);
    const plain = { stop: new AbortController().signal, done: () => {} };
    const quiet = vi.spyOn(process.stdout, 'write').mockImplementation((_, ...rest) => {
      for (const done of rest) if (typeof done === 'function') done();
      return true;
    });
    await buildProgram(plain).parseAsync(['node', 'netsweep', 'run', '-i', bare, '-C', 'show version']);
    await buildProgram(plain).parseAsync(['node', 'netsweep', 'run', '-i', inventory, '-C', 'show version']);
    quiet.mockRestore();
    listening.mockRestore();
    expect(told).toEqual([
      'warning: 2 devices have neither a password nor a key: R[1-2] (expected password or private_key in the inventory, -k, --password-file, --private-key or --ssh-agent)\n',
    ]);
  });

  test('the version is also JSON', async () => {
    const { printed } = await netsweep('version', '--json');
    expect(JSON.parse(printed)).toMatchObject({ netsweep: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });
});

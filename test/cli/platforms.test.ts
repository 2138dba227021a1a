// The platforms on the command line, and what a sweep's plan makes of them, without a device.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { type End, endOf } from '../../coordinator/cli/end.ts';
import { buildProgram } from '../../coordinator/cli/program.ts';
import { ownPlatforms, refusePlatforms } from '../../coordinator/sweep/ownplatforms.ts';
import { Platforms } from '../../proto/platform.ts';

const home = mkdtempSync(join(tmpdir(), 'netsweep-cli-platforms-'));
const own = join(home, 'own');
mkdirSync(own);
writeFileSync(join(own, 'lab_os.yaml'), LAB());
afterAll(() => rmSync(home, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

function LAB(): string {
  return "title: Lab switch\nextends: cisco_ios\naliases: [labby]\nreads: [peek]\nprompt: '^lab> $'\n";
}

/** What the program does with these words: how it ends, and what it has printed. */
async function netsweep(...words: string[]): Promise<End & { printed: string }> {
  vi.stubEnv('HOME', home);
  vi.stubEnv('XDG_CONFIG_HOME', process.env.XDG_CONFIG_HOME ?? '');
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

/** A plan for one device with these fields. */
function check(fields: Record<string, string>, ...words: string[]) {
  const inventory = join(home, 'lab.json');
  writeFileSync(
    inventory,
    JSON.stringify([{ name: 'R1', host: '10.0.0.1', username: 'a', password: 'b', ...fields }]),
  );
  return netsweep('run', '-i', inventory, '--check', ...words);
}

describe('platforms list and show', () => {
  test('every platform has a line, with the names that mean it', async () => {
    const { code, printed } = await netsweep('platforms', 'list');
    expect(code).toBe(0);
    const lines = printed.split('\n');
    expect(lines[0]).toMatch(/^NAME +TITLE +MODE +FROM +ALIASES$/);
    expect(lines.length).toBeGreaterThan(100);
    expect(printed).toMatch(/^cisco_ios +Cisco IOS\b.* shell +shipped +ios .*\bcisco\.ios\.ios\b/m);
  });

  test('a filter is a part of a name, an alias or a title', async () => {
    const { printed } = await netsweep('platforms', 'list', 'junip', '--json');
    const names = (JSON.parse(printed) as { name: string }[]).map(({ name }) => name);
    expect(names).toContain('juniper_junos');
    expect(names).not.toContain('cisco_ios');
  });

  test('one platform is shown under any of its names, as YAML that says all', async () => {
    const { code, printed } = await netsweep('platforms', 'show', 'cisco.ios.ios');
    expect(code).toBe(0);
    expect(printed).toMatch(/^name: cisco_ios\ntitle: /);
    expect(printed).toMatch(/^reads: \[show, /m);
    const json = await netsweep('platforms', 'show', 'ios', '--json');
    expect(JSON.parse(json.printed)).toEqual(new Platforms().get('cisco_ios'));
  });

  test('what another platform says is stated where one builds on it', async () => {
    const { printed } = await netsweep('platforms', 'show', 'lab_os', '--platforms', own);
    expect(printed).toContain("prompt: '^lab> $'");
    expect(printed).toContain('reads: [peek]');
    expect(printed).toMatch(/^setup: /m);
    expect(printed).not.toContain('extends');
  });

  test('an unknown name is one line with the nearest, exit 2', async () => {
    expect(await netsweep('platforms', 'show', 'cisco_isr')).toEqual({
      code: 2,
      printed: '',
      message: expect.stringMatching(
        /^netsweep: unknown platform \(found "cisco_isr", .*did you mean cisco_\w+\?\)$/,
      ),
    });
  });
});

describe("the user's own directory", () => {
  const names = async (...words: string[]) => {
    const { printed } = await netsweep('platforms', 'list', '--json', ...words);
    const rows = JSON.parse(printed) as { name: string; own: boolean }[];
    return rows.filter((row) => row.own).map(({ name }) => name);
  };

  test('is given by option, by environment, or lies where settings lie', async () => {
    expect(await names()).toEqual([]);
    expect(await names('--platforms', own)).toEqual(['lab_os']);
    vi.stubEnv('NETSWEEP_PLATFORMS', own);
    expect(await names()).toEqual(['lab_os']);
    vi.unstubAllEnvs();
    const usual = join(home, '.config/netsweep/platforms');
    mkdirSync(usual, { recursive: true });
    writeFileSync(join(usual, 'other_os.yaml'), LAB().replace('labby', 'othery'));
    expect(await names()).toEqual(['other_os']);
    rmSync(usual, { recursive: true });
  });

  test.each([
    ['none', 'no such directory'],
    ['lab.json', 'expected a directory'],
    ['open', 'everybody may write to it'],
    ['named', 'a platform can\'t be called "Lab"'],
    ['auto', 'a platform can\'t be called "auto"'],
    ['wrong', 'lab_os.yaml:1:1: unknown field (found "titel"; did you mean title?)'],
  ])('%s is refused with exit 2: %s', async (name, message) => {
    const directory = join(home, name);
    writeFileSync(join(home, 'lab.json'), '[]');
    const files: Record<string, [string, string]> = {
      open: ['lab_os.yaml', LAB()],
      named: ['Lab.yaml', LAB()],
      auto: ['auto.yaml', LAB()],
      wrong: ['lab_os.yaml', LAB().replace('title', 'titel')],
    };
    const [file, text] = files[name] ?? [];
    if (file !== undefined && text !== undefined) {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, file), text);
      chmodSync(directory, name === 'open' ? 0o777 : 0o755);
    }
    for (const words of [
      ['platforms', 'list'],
      ['platforms', 'show', 'labby'],
      ['run', '-i', join(home, 'lab.json'), '--check'],
    ]) {
      const end = await netsweep(...words, '--platforms', directory);
      expect(end).toMatchObject({ code: 2, printed: '' });
      if (words[0] === 'platforms') expect(end.message).toContain(message);
    }
  });

  test('all that is wrong in all its files is said at once, whatever is needed of them', async () => {
    const directory = mkdtempSync(join(home, 'wrong-'));
    for (const [file, text] of [
      ['Lab.yaml', LAB()],
      ['one.yaml', 'titel: x\nextends: cisco_ios\n'],
      ['two.yaml', 'extends: cisco_iso\n'],
      ['short.yml', LAB()],
    ] as const)
      writeFileSync(join(directory, file), text);
    const end = await netsweep('platforms', 'show', 'linux', '--platforms', directory);
    expect(end).toMatchObject({ code: 2, printed: '' });
    const lines = end.message.trim().split('\n');
    expect(lines.map((line) => line.slice(directory.length + 1))).toEqual([
      `short.yml:1:1: a platform's file ends in .yaml (found "short.yml")`,
      `Lab.yaml:1:1: a platform can't be called "Lab"`,
      'one.yaml:1:1: unknown field (found "titel"; did you mean title?)',
      'two.yaml:1:10: extends: there is no such platform (found cisco_iso; did you mean cisco_ios?)',
    ]);
  });

  test('its platforms are known to inventories, and their reading commands to the gate', async () => {
    const good = await check({ platform: 'labby' }, '--platforms', own, 'peek vlan 1');
    expect(good).toMatchObject({ code: 0, printed: expect.stringContaining('(lab_os 1)') });
    const bad = await check({ platform: 'labby' }, '--platforms', own, 'show vlan');
    expect(bad).toMatchObject({
      code: 2,
      message: expect.stringContaining('not a reading command of lab_os'),
    });
    expect((await check({ platform: 'labby' })).message).toContain('unknown platform (found "labby"');
  });

  test('only what the devices need travels along, also what builds on it', () => {
    const directory = mkdtempSync(join(home, 'ios-'));
    writeFileSync(join(directory, 'cisco_ios.yaml'), 'title: Ours\nextends: cisco_ios\nreads: [peek]\n');
    writeFileSync(join(directory, 'lab_os.yaml'), LAB());
    const platforms = new Platforms([directory]);
    const sent = (...names: string[]) =>
      ownPlatforms(
        names.map((platform) => ({ platform })),
        platforms,
      ).map(({ name }) => name);
    expect(sent('juniper_junos', 'linux')).toEqual([]);
    expect(sent('cisco_xe', 'linux')).toEqual(['cisco_xe']);
    expect(sent('lab_os', 'lab_os')).toEqual(['lab_os']);
    expect(sent('auto', 'linux')).toEqual(expect.arrayContaining(['cisco_ios', 'cisco_xe', 'lab_os']));
    expect(ownPlatforms([{ platform: 'auto' }], new Platforms())).toEqual([]);
  });

  test('too much of it, or what is no platform, is refused in a sentence', () => {
    const json = JSON.stringify(new Platforms().get('linux'));
    const large = Array.from({ length: 200 }, (_, number) => ({ name: `lab${number}`, json }));
    expect(refusePlatforms([{ name: 'linux', json }])).toBeNull();
    expect(refusePlatforms(large)).toMatch(
      /^the platforms of your own .* too large \(found \d+ bytes in 200, expected at most 131072 in all\)$/,
    );
    expect(refusePlatforms([{ name: 'lab', json }])).toBe(
      'platform "lab" can\'t be used: its data calls it "linux"',
    );
    expect(refusePlatforms([{ name: 'lab', json: '{' }])).toContain('this is not JSON');
    expect(refusePlatforms([{ name: 'lab', json: '{"name":"lab"}' }])).toContain('mode is missing');
    expect(
      refusePlatforms([
        { name: 'linux', json },
        { name: 'linux', json },
      ]),
    ).toContain('comes twice');
  });
});

describe('a platform that is yet to be found', () => {
  test.each([
    ['in the inventory', { platform: 'auto' }, []],
    ["under netmiko's word", { device_type: 'autodetect' }, []],
    ['by option', {}, ['--platform', 'auto']],
    ['set on every device', { platform: 'cisco_ios' }, ['-e', 'platform=auto']],
  ])('is accepted %s and shown as auto', async (_, fields, words) => {
    const plan = await check(fields, ...words, 'show version');
    expect(plan).toMatchObject({ code: 0, printed: expect.stringContaining('(auto 1)') });
    expect(plan.printed).toContain('"show version" on 1 device');
  });

  test('--platform fills gaps and overrides nothing', async () => {
    expect((await check({ platform: 'linux' }, '--platform', 'ios')).printed).toContain('(linux 1)');
    expect((await check({}, '--platform', 'ios')).printed).toContain('(cisco_ios 1)');
    expect((await check({}, '--platform', 'isr')).message).toContain('unknown platform');
    expect((await check({})).message).toContain('has no platform');
  });

  test('may run what any platform takes for reading, and what none does is refused', async () => {
    expect((await check({ platform: 'auto' }, 'display version')).code).toBe(0);
    expect((await check({ platform: 'auto' }, 'cat /etc/os-release')).code).toBe(0);
    const refused = await check({ platform: 'auto' }, 'reload in 5');
    expect(refused).toMatchObject({
      code: 2,
      message: expect.stringContaining('not a reading command of any platform'),
    });
    expect(refused.message.length).toBeLessThan(400);
  });

  test('has no commands before it is found', async () => {
    const plan = await check({ platform: 'auto' });
    expect(plan.code).toBe(0);
    expect(plan.printed).toContain('(auto 1)');
    expect(plan.printed).toContain('as the platform has it once found, on 1 device');
  });
});

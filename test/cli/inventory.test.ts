// `netsweep inventory`, and -w without an inventory, on the command line.
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { type End, endOf } from '../../coordinator/cli/end.ts';
import { buildProgram } from '../../coordinator/cli/program.ts';
import { wordsOf } from '../../coordinator/cli/words.ts';
import { directoryOf } from '../inventory/files.ts';

const EXAMPLES = fileURLToPath(new URL('../inventory/examples', import.meta.url));

/** What the program does with these words: how it ends, and what it has printed on both streams. */
async function netsweep(...words: string[]): Promise<End & { printed: string; told: string }> {
  let printed = '';
  let told = '';
  const watch = (stream: NodeJS.WriteStream, add: (text: string) => void) =>
    vi.spyOn(stream, 'write').mockImplementation((text, ...rest) => {
      add(String(text));
      rest.find((argument) => typeof argument === 'function')?.();
      return true;
    });
  const streams = [
    watch(process.stdout, (text) => (printed += text)),
    watch(process.stderr, (text) => (told += text)),
  ];
  const stop = new AbortController().signal;
  let end: End = { code: 0, message: '' };
  const edge = { stop, done: (code: End['code']) => (end = { code, message: '' }) };
  try {
    await buildProgram(edge).parseAsync(wordsOf(['node', 'netsweep', ...words]));
  } catch (error) {
    end = endOf(error, stop);
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
  return { ...end, printed, told };
}

describe('inventory check', () => {
  test('counts what several sources hold, with what is left out', async () => {
    const { code, printed } = await netsweep(
      'inventory',
      'check',
      '-i',
      `${EXAMPLES}/nornir`,
      '-i',
      `rancid:${EXAMPLES}/rancid`,
    );
    expect(code).toBe(0);
    expect(printed.split('\n')).toEqual([
      'devices       11 of 12 (1 left out)',
      'platforms     cisco_nxos 4, cisco_ios 2, juniper_junos 2, cisco_s300 1, hp_procurve 1, linux 1',
      'sites         gva2 2, zrh1 2',
      'segments      default 11',
      'groups        core 5, access 4, switch 3, gva 2, tacacs 2, zrh 2',
      'left out      1 device, its state is "down": old-core9.example.com',
      '',
    ]);
  });

  test('gives the same as JSON, which adds up', async () => {
    using directory = directoryOf({
      'router.db': 'r1;cisco;up\nr2;cisco;down\nr3;juniper;up\n',
      'more.csv': 'name,host,community\nr4,r1,s3cret-community\nr5,r5,x\n',
    });
    const words = ['-i', `${directory.path}/router.db`, '-i', `${directory.path}/more.csv`, '--json'];
    const { printed } = await netsweep('inventory', 'check', ...words);
    const census = JSON.parse(printed);
    expect(census).toMatchObject({
      named: 5,
      devices: 4,
      platforms: { cisco_ios: 1, juniper_junos: 1 },
      withoutPlatform: ['r4', 'r5'],
      sameAddress: [{ segment: 'default', host: 'r1', port: 22, devices: ['r1', 'r4'] }],
      leftOut: [{ name: 'r2', why: 'its state is "down"', line: 2, column: 1 }],
    });
    expect(census.devices + census.leftOut.length).toBe(census.named);
    expect(census.warnings).toHaveLength(1);
  });

  test('of a wrong inventory says everything that is wrong and ends with 2', async () => {
    using directory = directoryOf({ 'a.yaml': '- {name: R1, host: h, port: x}\n- {name: R2}\n' });
    const { code, message } = await netsweep('inventory', 'check', '-i', `${directory.path}/a.yaml`);
    expect(code).toBe(2);
    expect(message.split('\n')).toHaveLength(2);
  });
});

describe('inventory list', () => {
  test('shows devices as a sweep would have them', async () => {
    const { printed } = await netsweep(
      'inventory',
      'list',
      '-i',
      `${EXAMPLES}/oxidized/router.db`,
      '--map',
      'name:ip:model:username:password:enable:group:ssh_port',
      '-l',
      'gva',
      '--port',
      '830',
    );
    expect(printed.split('\n')).toEqual([
      'NAME      HOST            PORT  PLATFORM   SITE  SEGMENT  GROUPS',
      'fw1.gva   2001:db8:30::1  2222  fortinet         default  gva',
      'oob3.gva  10.30.9.3        830  cisco_ios        default  gva',
      '',
    ]);
  });

  test('shows no secret, whatever it is called', async () => {
    const device = {
      ...{ name: 'R1', host: 'h', password: 'SECRET-1', secret: 'SECRET-2', passphrase: 'SECRET-3' },
      ...{ snmp_community: 'SECRET-4', api_token: 'SECRET-5', vty: { password: 'SECRET-6', lines: 5 } },
      ...{ radius_key: 'SECRET-7', has_password: true, role: 'core' },
    };
    using directory = directoryOf({ 'a.json': JSON.stringify([device]) });
    for (const words of [
      ['list', '--json'],
      ['list'],
      ['check', '--json'],
      ['graph', '--vars'],
      ['graph', '--json'],
    ]) {
      const { printed, told } = await netsweep('inventory', ...words, '-i', `${directory.path}/a.json`);
      expect(printed + told).not.toMatch(/SECRET/);
    }
    const { printed } = await netsweep('inventory', 'list', '--json', '-i', `${directory.path}/a.json`);
    expect(JSON.parse(printed)[0].data).toEqual({
      snmp_community: '***',
      api_token: '***',
      vty: { password: '***', lines: 5 },
      radius_key: '***',
      has_password: true,
      role: 'core',
    });
  });
});

describe('inventory graph', () => {
  test('draws a group, with what is known of its devices', async () => {
    const { printed } = await netsweep(
      'inventory',
      'graph',
      'tacacs',
      '--vars',
      '-i',
      `${EXAMPLES}/nornir`,
      '-l',
      '*02',
    );
    expect(printed.split('\n').slice(0, 4)).toEqual([
      '@tacacs:',
      '  |--@core:',
      '  |  |--core-sw-zrh-02',
      '  |  |  |--{asset = {"serial":"FDO2245E0QW","bought":2023}}',
    ]);
  });

  test('of a group that is not there proposes the nearest', async () => {
    const { code, message } = await netsweep('inventory', 'graph', 'coer', '-i', `${EXAMPLES}/nornir`);
    expect([code, message]).toEqual([
      2,
      'netsweep: no group of this name (found "coer"; did you mean core?)',
    ]);
  });
});

describe('-w without an inventory', () => {
  test('is the inventory, with platform, port and user from the command line', async () => {
    const words = [
      '-w',
      'sw[1-3].zrh,admin@core1:2222',
      '-x',
      'sw2.zrh',
      '--platform',
      'ios',
      '--port',
      '830',
      '-u',
      'me',
    ];
    const { printed } = await netsweep('inventory', 'list', '--json', ...words);
    expect(
      JSON.parse(printed).map(({ name, port, platform, username }: Record<string, unknown>) => [
        name,
        port,
        platform,
        username,
      ]),
    ).toEqual([
      ['sw1.zrh', 830, 'cisco_ios', 'me'],
      ['sw3.zrh', 830, 'cisco_ios', 'me'],
      ['core1', 2222, 'cisco_ios', 'admin'],
    ]);
    expect((await netsweep('run', '--list-hosts', ...words)).printed).toBe('sw1.zrh\nsw3.zrh\ncore1\n');
  });

  test.each([
    [['-w', 'sw[1-3'], 'nodeset:1:3: a bracket that is never closed (found "sw[1-3", expected ])'],
    [[], 'netsweep: no inventory (expected -i SRC, -w NAMES, or inventory in netsweep.yaml)'],
  ])('%j is an input error', async (words, message) => {
    expect(await netsweep('run', '--check', ...words)).toMatchObject({ code: 2, message });
  });
});

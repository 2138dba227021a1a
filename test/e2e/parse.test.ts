// `--parse` on whole sweeps: rows beside the outputs in every format that has a place for them, and a word where there
// are none.
import { expect, test } from 'vitest';
import { startCluster } from '../cluster.ts';

const CONFIG = `Value HOSTNAME (\\S+)
Value List INTERFACE (\\S+)

Start
  ^hostname $HOSTNAME
  ^interface $INTERFACE
  ^end -> Record End
`;
const BROKEN = 'Value A (a\n\nStart\n  ^$A\n';

test('a sweep gives rows beside its outputs, and says where it has none', async () => {
  await using cluster = await startCluster({ devices: 6, platforms: ['cisco_ios', 'cisco_xe', 'linux'] });
  const { fleet, place } = cluster;
  await place.write(
    'ntc/index',
    'Template, Hostname, Platform, Command\nconfig.textfsm, .*, cisco_ios, sh[[ow]] run\nbroken.textfsm, .*, linux, uname\n',
  );
  await place.write('ntc/config.textfsm', CONFIG);
  await place.write('ntc/broken.textfsm', BROKEN);
  const parse = ['--parse', '--templates', place.path('ntc')];
  const { status, stderr, results } = await cluster.run(parse);
  expect(status).toBe(0);
  const broken = `${place.path('ntc/broken.textfsm')}:1:9: found "(a", expected a pattern in parentheses`;
  expect(stderr).toContain(`no rows on 2 devices (R[3,6]): uname -a: ${broken}`);
  const routers = results.filter(({ platform }) => platform !== 'linux');
  expect(routers).toHaveLength(4);
  for (const { device, outputs } of results) {
    const router = routers.some((one) => one.device === device);
    const expected = router ? rowsOf(fleet.expected(device, 'show running-config')) : null;
    expect(outputs[0]).toMatchObject({
      rows: expected,
      rowsNote: router ? null : broken,
      status: 'complete',
    });
  }

  const print = (...args: string[]) => place.netsweep(['sweeps', 'results', 'last', ...parse, ...args]);
  const [json, map, csv, table, tree] = await Promise.all([
    print('--format', 'json'),
    print('--format', 'json', '--map'),
    print('--format', 'csv'),
    print(),
    print('-t', place.path('tree')),
  ]);
  const inOrder = fleet.names.map((name) => results.find(({ device }) => device === name));
  expect(JSON.parse(json.stdout).devices).toEqual(inOrder);
  const devices: { device: string; outputs: { rows: unknown }[] }[] = JSON.parse(json.stdout).devices;
  const rows = Object.fromEntries(devices.map(({ device, outputs }) => [device, outputs[0]?.rows]));
  expect(JSON.parse(map.stdout)).toEqual(rows);
  const [head, ...records] = csv.stdout.trimEnd().split('\r\n');
  expect(head).toBe('device,command,note,hostname,interface');
  expect(records).toHaveLength(6);
  expect(records[0]).toMatch(/^R1,show running-config,,R1,\w+/);
  expect(records[2]).toMatch(/^R3,uname -a,".*pattern in parentheses",,$/);
  expect(table.stdout.split('\n').slice(0, 2)).toEqual([
    expect.stringMatching(/^DEVICE {2}HOSTNAME {2}INTERFACE$/),
    expect.stringMatching(/^R1 {6}R1 {8}\w+/),
  ]);
  expect(tree).toMatchObject({ status: 2, stdout: '' });
  const without = await place.netsweep(['sweeps', 'results', 'last', '--parse']);
  expect(without).toMatchObject({ status: 2, stderr: expect.stringContaining('no templates: ') });
});

/** What the template finds, by other means. */
function rowsOf(config: string): unknown[] {
  const found = (pattern: RegExp) => Array.from(config.matchAll(pattern), ([, name]) => name);
  return [{ hostname: found(/^hostname (\S+)/gm)[0], interface: found(/^interface (\S+)/gm) }];
}

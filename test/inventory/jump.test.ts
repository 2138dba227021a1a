// Jump hosts: what people write, and the way to each device that it comes to.
import { describe, expect, test } from 'vitest';
import { InputError, type JumpHop, type ReadyEntry } from '../../coordinator/inventory/inventory.ts';
import { hopText, partsOf } from '../../coordinator/inventory/jump.ts';
import { applyLogin, type Login } from '../../coordinator/inventory/login.ts';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { directoryOf, platforms } from './files.ts';

function hop(host: string, port: number | null = null, username: string | null = null) {
  return { host, port, username };
}

describe('a jump host as it is written', () => {
  test.each([
    ['b1', [hop('b1')]],
    ['me@b1:2222', [hop('b1', 2222, 'me')]],
    ['me@b1:22,b2', [hop('b1', 22, 'me'), hop('b2')]],
    [' b1 , me@b2 ', [hop('b1'), hop('b2', null, 'me')]],
    ['[2001:db8::1]', [hop('2001:db8::1')]],
    ['me@[2001:db8::1]:22,[fe80::1%eth0]', [hop('2001:db8::1', 22, 'me'), hop('fe80::1%eth0')]],
    ['me@example.com@b1', [hop('b1', null, 'me@example.com')]],
    ['DOM\\me@b1', [hop('b1', null, 'DOM\\me')]],
    ['ssh://me@b1:22', [hop('b1', 22, 'me')]],
    ['none', []],
    ['None', []],
  ])('%j', (text, expected) => {
    expect(partsOf(text)).toEqual(expected.map((one) => ({ offset: expect.any(Number), hop: one })));
  });

  test.each([
    ['', 0],
    ['b1,', 3],
    [',b1', 0],
    ['b1, ,b2', 4],
    ['b1:0', 0],
    ['b1:65536', 0],
    ['b1:', 0],
    ['b1:ssh', 0],
    ['b1:22:22', 0],
    ['b1,@b2', 3],
    ['b1,me@', 3],
    ['::1', 0],
    ['[b1]:22', 0],
    ['[::1', 0],
    ['[::1]22', 0],
    ['a b', 0],
    ['me:secret@b1', 0],
    ['me:sec,ret@b1', 0],
  ])('%j is refused at %i, without what may be a password', (text, offset) => {
    const wrong = partsOf(text).flatMap((part) => ('wrong' in part ? [part] : []));
    expect(wrong.map((part) => part.offset)).toEqual([offset]);
    expect(wrong[0]?.wrong).not.toMatch(/sec|ret/);
  });
});

interface World {
  yaml: string;
  config?: string;
  files?: Record<string, string>;
  login?: Login;
  only?: string[];
}

async function reached({ yaml, config, files = {}, login = {}, only }: World) {
  using directory = directoryOf({
    'a.yaml': yaml,
    ...files,
    ...(config === undefined ? {} : { '.ssh/config': config }),
  });
  const io = {
    cwd: directory.path,
    stdin: process.stdin,
    env: { HOME: directory.path },
    platforms,
    system: null,
  };
  const { entries: all } = await readInventory(['a.yaml'], io);
  const chosen = all.filter(({ name }) => only === undefined || only.includes(name));
  return applyLogin(chosen, login, io, all).entries;
}

function ways(entries: readonly ReadyEntry[]): Record<string, string> {
  const text = ({ host, port, username, login }: ReadyEntry['via'][number]) =>
    `${hopText({ host, port, username })}${login === null ? '' : ` as ${login.username}`}`;
  return Object.fromEntries(entries.map(({ name, via }) => [name, via.map(text).join(' > ')]));
}

async function refusal(world: World): Promise<string[]> {
  const error = await reached(world).catch((thrown: unknown) => thrown);
  if (!(error instanceof InputError)) throw new Error(`nothing was wrong: ${JSON.stringify(error)}`);
  return error.message.split('\n');
}

function given(text: string): JumpHop[] {
  return partsOf(text).flatMap((part) => ('hop' in part ? [{ ...part.hop, at: null }] : []));
}

describe('the way to a device', () => {
  test("is through an address with the device's own login", async () => {
    const yaml = '- {name: R1, host: h, jump: "b1,ops@[::1]:2222"}\n- {name: R2, host: i, jump: none}\n';
    expect(ways(await reached({ yaml }))).toEqual({ R1: 'b1:22 > ops@[::1]:2222', R2: '' });
  });

  test('is through a device of the inventory with its address and login, and its own jump hosts before it', async () => {
    const yaml = `
outer: &x {}
devices:
  R1: {host: 10.0.0.1, jump: inner, username: admin, password: x}
  R2: {host: 10.0.0.2, jump: "ops@inner:2022"}
  inner: {host: 10.9.9.1, port: 830, username: jumper, password: y, jump: outer}
  outer: {host: 192.0.2.1, username: me}
`.replace('outer: &x {}\n', '');
    const entries = await reached({ yaml, only: ['R1', 'R2'] });
    expect(ways(entries)).toEqual({
      R1: 'me@192.0.2.1:22 > 10.9.9.1:830 as jumper',
      R2: 'me@192.0.2.1:22 > 10.9.9.1:2022 as ops',
    });
    expect(entries[1]?.via[1]?.login?.password).toMatchObject({ text: 'y' });
  });

  test('takes hosts of their own only before the first of a list, as ssh does', async () => {
    const yaml =
      '- {name: R1, host: h, jump: [b1, b2]}\n- {name: b1, host: i, jump: b0}\n- {name: b2, host: j, jump: b9}\n';
    expect(ways(await reached({ yaml, only: ['R1'] }))).toEqual({ R1: 'b0:22 > i:22 > j:22' });
  });

  test("is through what ssh's configuration says of a host, with its key where that is there", async () => {
    const config = `Host b1
  HostName 192.0.2.7
  Port 2222
  User ops
  IdentityFile ~/.ssh/missing
  IdentityFile ~/.ssh/jump
  ProxyJump b0
Host b0
  User first
`;
    const yaml = '- {name: R1, host: h, jump: b1, password: x}\n- {name: R2, host: i, jump: "me@b1:7"}\n';
    const files = { '.ssh/jump': 'k', '.ssh/jump-cert.pub': 'c' };
    const entries = await reached({ yaml, config, files });
    expect(ways(entries)).toEqual({
      R1: 'first@b0:22 > 192.0.2.7:2222 as ops',
      R2: 'first@b0:22 > 192.0.2.7:7 as me',
    });
    expect(entries[0]?.via[1]?.login).toMatchObject({
      password: null,
      privateKey: { path: expect.stringMatching(/\.ssh\/jump$/) },
      certificate: { path: expect.stringMatching(/jump-cert\.pub$/) },
    });
  });

  test('is the configuration of ssh only where neither inventory nor command line say one', async () => {
    const config = 'Host h i j\n  ProxyJump cfg\n';
    const yaml =
      '- {name: R1, host: h}\n- {name: R2, host: i, jump: own}\n- {name: R3, host: j, jump: none}\n';
    expect(ways(await reached({ yaml, config }))).toEqual({ R1: 'cfg:22', R2: 'own:22', R3: '' });
    const login = { jump: given('opt') };
    expect(ways(await reached({ yaml, config, login }))).toMatchObject({
      R1: expect.stringMatching(/opt:22$/),
      R2: expect.stringMatching(/own:22$/),
      R3: '',
    });
    expect(ways(await reached({ yaml, login: { jump: [] }, config }))).toMatchObject({ R1: '' });
    expect(ways(await reached({ yaml, login: { ...login, set: ['jump=set1,set2'] } }))).toEqual({
      R1: 'set1:22 > set2:22',
      R2: 'set1:22 > set2:22',
      R3: 'set1:22 > set2:22',
    });
  });

  test('of an option is for the devices, not for the jump hosts that their inventory names', async () => {
    const yaml = '- {name: R1, host: h, jump: b1}\n- {name: R2, host: i}\n- {name: b1, host: j}\n';
    const login = { jump: given('gate') };
    expect(ways(await reached({ yaml, login }))).toEqual({ R1: 'j:22', R2: 'gate:22', b1: 'gate:22' });
  });

  test('that all devices share leads to the jump hosts among them without themselves', async () => {
    const yaml = `
defaults: {jump: "b1,b2"}
devices:
  R1: {host: h}
  b1: {host: 10.0.0.1}
  b2: {host: 10.0.0.2}
`;
    const expected = { R1: '10.0.0.1:22 > 10.0.0.2:22', b1: '', b2: '10.0.0.1:22' };
    expect(ways(await reached({ yaml }))).toEqual(expected);
    const bare = yaml.replace('{jump: "b1,b2"}', '{}');
    expect(ways(await reached({ yaml: bare, login: { jump: given('b1,b2') } }))).toEqual(expected);
    expect(ways(await reached({ yaml: bare, login: { set: ['jump=10.0.0.1,b2'] } }))).toEqual(expected);
    expect(ways(await reached({ yaml: bare, config: 'ProxyJump b1,b2\n' }))).toEqual(expected);
  });

  test('is read from the file of ssh that a device names, in place of the others', async () => {
    const yaml = '- {name: R1, host: h, ssh_config_file: lab.conf}\n- {name: R2, host: h}\n';
    const files = { 'lab.conf': 'Host h\n HostName 10.0.0.9\n Port 830\n ProxyJump b\nHost b\n Port 7\n' };
    const entries = await reached({ yaml, files, config: 'Host h\n HostName 10.0.0.1\n' });
    expect(entries).toMatchObject([
      { host: '10.0.0.9', port: 830, via: [{ host: 'b', port: 7 }] },
      { host: '10.0.0.1', port: 22, via: [] },
    ]);
    expect((await refusal({ yaml }))[0]).toMatch(
      /^a\.yaml:1:\d+: ssh_config_file: .*lab\.conf cannot be read \(no such file\)$/,
    );
  });

  test('is one array for all devices that share it', async () => {
    const devices = Array.from({ length: 50 }, (_, index) => `  R${index}: {host: h${index}}\n`);
    const entries = await reached({ yaml: `defaults: {jump: "b1,b2"}\ndevices:\n${devices.join('')}` });
    expect(new Set(entries.map(({ via }) => via)).size).toBe(1);
  });

  test.each([
    [
      '- {name: R1, host: h, jump: R1}\n',
      'a.yaml:1:29: "R1" jumps through itself (found R1 > R1, expected another jump host, or none)',
    ],
    ['- {name: R1, host: h, jump: "b,me@h:22"}\n', 'a.yaml:1:32: "R1" jumps through itself'],
    [
      '- {name: R1, host: h, jump: b}\n- {name: b, host: i, jump: R1}\n',
      'a.yaml:1:29: "R1" jumps through itself (found R1 > b > R1,',
    ],
    ['- {name: R1, host: h, jump: "b,c,b"}\n', 'a.yaml:1:30: "R1" jumps through "b" port 22 twice'],
    [
      '- {name: R1, host: h, jump: "b,c/d"}\n',
      'a.yaml:1:32: jump host "c/d" is neither a device nor an address',
    ],
    [
      '- {name: R1, host: h, jump: "a,b,c,d,e,f,g,i,j"}\n',
      'a.yaml:1:30: "R1" has too many jump hosts (expected at most 8)',
    ],
  ])('%j is refused', async (yaml, message) => {
    expect((await refusal({ yaml }))[0]).toContain(message);
  });

  test('through thousands of devices in a row is refused, not followed', async () => {
    const devices = Array.from({ length: 5000 }, (_, i) => `- {name: R${i}, host: h${i}, jump: R${i + 1}}\n`);
    const found = await refusal({ yaml: devices.join(''), only: ['R0'] });
    expect(found).toEqual([expect.stringContaining('has too many jump hosts')]);
  });
});

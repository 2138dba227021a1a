// The client as a script has it: TypeScript compiled against the package's types, run by itself.
import { describe, expect, test } from 'vitest';
import { Fleet } from '../fleet.ts';
import { Place } from '../place.ts';
import { execute, script, TEN_LINES } from '../script.ts';

const MORE = `
import { InputError, Netsweep, UsageError, type Result } from 'netsweep';

const [, , inventory = ''] = process.argv;
const refused = async (work: () => Promise<unknown>) =>
  work().then(() => 'taken', (error) => {
    if (error instanceof InputError || error instanceof UsageError) return error.message;
    throw error;
  });
console.log(await refused(() => Netsweep.open({ forks: 0 })));
await using netsweep = await Netsweep.open({ hostKeys: 'off' });
console.log(await refused(() => netsweep.run('show version')));
console.log(await refused(() => netsweep.run('show version', { inventory, hosts: 'R9' })));
console.log(await refused(() => netsweep.run('reload', { inventory })));
const login = { username: 'admin', password: 'wrong', platform: 'cisco_ios' };
const devices = [{ name: 'X', host: '127.0.0.1', port: 1, ...login }];
const nobody: Result[] = [];
const first = await netsweep.run(['show version', 'show clock'], { devices, retries: 0 });
for await (const result of first) nobody.push(result);
console.log(nobody[0]?.device, nobody[0]?.failure?.kind, nobody.length);
const left = await netsweep.run('show version', { inventory, forks: 1 });
for await (const { status } of left) {
  console.log('first', status);
  break;
}
console.log((await left.summary()).status);
const again = await netsweep.sweep('last');
const names: string[] = [];
for await (const { device, status } of again.results()) names.push(device + ' ' + (status === 'ok' || status === 'cancelled'));
console.log(again.id === left.id, names.join(','));
`;

describe('the client', () => {
  test('sweeps and reads results in ten lines', async () => {
    await using place = await Place.open();
    await using fleet = await Fleet.open({ devices: 4, platforms: ['cisco_ios'], siteSize: 0 });
    const file = await script(place, TEN_LINES);
    const { status, stdout, stderr } = await execute(place, file, [fleet.inventory()]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    const ended = lines.slice(0, -1).map((line) => line.split(' ').slice(0, 4).join(' '));
    expect(ended.toSorted()).toEqual(['R1', 'R3', 'R4'].map((name) => `${name} ok undefined complete`));
    expect(lines.at(-1)).toMatch(/^ended \{"selected":3,"ok":3,/);
  });

  test('refuses what is wrong before anything is touched, cancels a sweep that is left, and finds it again', async () => {
    await using place = await Place.open();
    await using fleet = await Fleet.open({
      devices: 5,
      platforms: ['cisco_ios'],
      siteSize: 0,
      commandMs: 1000,
    });
    const file = await script(place, MORE);
    const { status, stdout, stderr } = await execute(place, file, [fleet.inventory()]);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n')).toEqual([
      expect.stringContaining('--forks: '),
      'no inventory (expected -i SRC, -w NAMES, or inventory in netsweep.yaml)',
      expect.stringContaining('-w names no device (found "R9"'),
      expect.stringContaining('reload'),
      'X refused 1',
      'first ok',
      'cancelled',
      'true R1 true,R2 true,R3 true,R4 true,R5 true',
    ]);
    expect(
      fleet
        .events()
        .filter(
          ({ event, ...more }) => event === 'command' && 'command' in more && more.command === 'reload',
        ),
    ).toEqual([]);
  });
});

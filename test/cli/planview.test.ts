// The plan as somebody reads it who has to say yes: on a terminal of 80 columns, on a pipe, and as JSON.
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { planLines, planObject } from '../../coordinator/cli/planview.ts';
import { plan, select } from '../../coordinator/cli/prepare.ts';
import { sweepOptions } from '../../coordinator/cli/run.ts';
import { RUN } from '../../coordinator/cli/settings.ts';
import { type Given, settle } from '../../coordinator/config.ts';

const LAB = {
  defaults: { platform: 'cisco_ios', username: 'admin', password: 'env:NET_PASSWORD' },
  groups: {
    core: { site: 'zrh', aaa: 'tacacs-zrh', secret: 'very-secret' },
    branch: { site: 'ber', jump: 'ops@192.0.2.10:22', private_key: '/etc/keys/branch', segment: 'dmz' },
    old: { legacy: true, timeouts: { idle: 60 } },
  },
  devices: {
    gate: { host: '192.0.2.10', username: 'ops', password: 'env:GATE', platform: 'linux', site: 'zrh' },
    ...Object.fromEntries(numbers(60).map((n) => [`sw${n}`, { host: `10.1.0.${n}`, groups: ['core'] }])),
    ...Object.fromEntries(numbers(80).map((n) => [`br${n}`, { host: `10.2.0.${n}`, groups: ['branch'] }])),
    ...Object.fromEntries(
      numbers(3).map((n) => [`old${n}`, { host: `10.3.0.${n}`, groups: ['core', 'old'] }]),
    ),
  },
};

function numbers(most: number): number[] {
  return Array.from({ length: most }, (_, index) => index + 1);
}

/** What `netsweep run COMMANDS -C` makes of an inventory. */
async function planned(inventory: object, commands: string[], given: Given = {}) {
  const all = { inventory: ['-'], state: ['/srv/state'], ...given };
  const { values } = settle(RUN, { given: all, environment: {}, file: new Map() });
  const selected = await select(values, null, Readable.from([JSON.stringify(inventory)]));
  const made = plan(selected, { commands, values, options: sweepOptions(values) });
  return { made, frame: { selected, values } };
}

async function lines(columns: number | null, ...of: Parameters<typeof planned>): Promise<string[]> {
  const { made, frame } = await planned(...of);
  return planLines(made, frame, columns);
}

describe('a plan', () => {
  test('says on 80 columns what is done to whom, by which login, through what, in which order, and what stops it', async () => {
    const given = { exclude: ['old2'], canary: ['3'], batch: ['50%'], maxFail: ['2'], allowWrites: ['true'] };
    const told = await lines(80, LAB, ['show version', 'clear counters'], given);
    expect(told).toEqual([
      'devices      143 (linux 1, cisco_ios 142)',
      '             br[1-80],gate,old[1,3],sw[1-60]',
      'no platform  0',
      'not selected 1 device of the inventory (-x old2)',
      '             old2',
      'segment      default, site zrh: 63',
      '             gate,old[1,3],sw[1-60]',
      'segment      dmz, site ber: 80',
      '             br[1-80]',
      'agents       2, here; results are kept in /srv/state',
      'command      "show version" on 143 devices',
      'command      "clear counters" on 143 devices',
      'login        no group: user ops, password from env:GATE (1 device)',
      '             gate',
      'login        group core: user admin, password from env:NET_PASSWORD, enable',
      '             secret from inventory - (62 devices)',
      '             old[1,3],sw[1-60]',
      'login        group branch: user admin, password from env:NET_PASSWORD, private',
      '             key from file:/etc/keys/branch (80 devices)',
      '             br[1-80]',
      'login        group old: user admin, password from env:NET_PASSWORD, enable',
      '             secret from inventory - (2 devices)',
      '             old[1,3]',
      "jump         ops@192.0.2.10:22 with the device's login (80 devices)",
      '             br[1-80]',
      'legacy       weak algorithms allowed on 2 devices',
      '             old[1,3]',
      'host keys    accept-new: a new one is kept, a changed one refused before any',
      '             secret is sent',
      'sessions     at most 2 at once, as it may write and no more may fail',
      'pace         50 logins per second in each domain',
      'pace         logins: 81 devices, about 2 s',
      'pace         logins, domain tacacs-zrh: 62 devices, about 2 s',
      'pace         32 sessions at most at a site or jump host',
      'pace         site ber: 80 devices, about 9 s',
      'pace         jump host 192.0.2.10:22: 80 devices, about 9 s',
      'pace         site zrh: 63 devices, about 6 s',
      'patience     connect 10 s, login 30 s, silence 30 s, a command 5 min, a device',
      '             in all 15 min; 2 devices of the inventory with times of their own',
      'retries      2 at failures that may pass; none once a command was sent',
      'order        1. canary: 3 devices',
      '             gate,sw[1-2]',
      'order        2. batch 1 of 2: 72 devices',
      '             br[1-14],sw[3-60]',
      'order        3. batch 2 of 2: 68 devices',
      '             br[15-80],old[1,3]',
      'limit        a login is stopped after 3 refusals in a row; what is left of its',
      '             devices ends skipped',
      'limit        the sweep ends after 24 h',
      'limit        Ctrl-C cancels it',
      'limit        canary of 3: all must end ok before any other is begun',
      'limit        batches of 72: each must end before the next is begun',
      'limit        none is begun once 2 have failed',
      'writes       allowed: at most one attempt a device',
      '             "show version" may change linux',
      '             "clear counters" may change linux, cisco_ios',
      'if stopped   devices done stay as they are now, nothing is taken back; one that',
      '             was cut off in between ends interrupted, is not tried again by',
      '             itself and has to be looked at; the others are untouched and end',
      '             skipped or cancelled',
      'outputs      shown and written as devices give them',
      'time         about 4 min, if a device takes 3 s',
      'not checked  whether devices answer and logins are right: nothing was connected',
      '             to, no secret read',
    ]);
    expect(told.filter((line) => line.length > 80)).toEqual([]);
    expect(told.join()).not.toContain('very-secret');
  });

  test('has one line for each item on a pipe, and says who will refuse a command', async () => {
    const given = {
      mask: ['true'],
      tree: ['/srv/configs'],
      limit: ['gate:sw1'],
      retries: ['0'],
      hostKeys: ['off'],
    };
    const told = await lines(null, LAB, ['show version'], given);
    for (const line of [
      'command      "show version" on 2 devices',
      '             not sent to 1 device, which will end as not-allowed: no reading command of linux, only whole commands are known to read',
      '             gate',
      'host keys    off: neither checked nor kept; secrets go to whoever answers',
      'retries      none; a password is sent to a device once',
      'order        that of the inventory, 500 at a time as places get free',
      'writes       refused',
      'if stopped   nothing has changed on any device; what came back is kept, the others end skipped or cancelled, and netsweep run --rerun last --failed goes on with them',
      'outputs      shown and written with their secrets hidden (--mask)',
      'written      outputs to /srv/configs',
    ])
      expect(told).toContain(line);
    expect(told.find((line) => line.startsWith('not selected'))).toBe(
      'not selected 142 devices of the inventory (-l gate:sw1)',
    );
  });

  test('names the devices that the inventory itself leaves out, and why; with a coordinator, whose agents go there', async () => {
    const [all] = [numbers(9).map((n) => ({ name: `R${n}`, ip: `10.9.0.${n}`, platform: 'cisco_ios' }))];
    const { made, frame } = await planned(all, ['show clock'], { coordinator: ['far.example.net:7440'] });
    const at = { file: 'a', line: 1, column: 1 };
    const leftOut = ['R12', 'R13', 'old'].map((name) => ({ name, why: 'its status is offline', at }));
    const inventory = { ...frame.selected.inventory, leftOut };
    const told = planLines(made, { ...frame, selected: { ...frame.selected, inventory } }, null);
    const from = told.findIndex((line) => line.startsWith('left out'));
    expect(told.slice(from, from + 2)).toEqual([
      'left out     3 devices, its status is offline',
      '             R[12-13],old',
    ]);
    expect(told).toContain(
      'agents       those of far.example.net:7440 that serve default; results are kept there',
    );
    expect(told).toContain('limit        Ctrl-C leaves it running; netsweep sweeps cancel ID cancels it');
    expect(planObject(made, { ...frame, selected: { ...frame.selected, inventory } })).toMatchObject({
      leftOut: [{ why: 'its status is offline', devices: ['R12', 'R13', 'old'] }],
      ...{ coordinator: 'far.example.net:7440', state: null, agents: null },
    });
  });

  test('names devices once where everything is about all of them', async () => {
    const all = numbers(9).map((n) => ({
      name: `R${n}`,
      ip: `10.9.0.${n}`,
      platform: 'cisco_ios',
      username: 'a',
      password: 'env:P',
    }));
    const told = await lines(80, all, ['show clock']);
    expect(told.filter((line) => line.includes('R[1-9]'))).toEqual([`${' '.repeat(13)}R[1-9]`]);
  });

  test('stays readable with irregular names and hundreds of batches on a terminal; a pipe has every name', async () => {
    const odd = numbers(800).map((n) => ({
      name: `x${(n * 7919) % 9973}-${n}`,
      ip: `10.9.${n >> 8}.${n & 255}`,
    }));
    const given = { platform: ['cisco_ios'], batch: ['2'] };
    const [shown, piped] = await Promise.all(
      [80, null].map((columns) => lines(columns, odd, ['show clock'], given)),
    );
    expect(shown?.length).toBeLessThan(80);
    expect(shown?.filter((line) => line.length > 80)).toEqual([]);
    expect(shown).toContain('             ... (all of them: -C --format json)');
    expect(shown).toContain('order        and 389 more, the last is 400. batch 400 of 400: 2 devices');
    expect(piped?.[1]?.length).toBeGreaterThan(5_000);
  });

  test('is the same as JSON: each device with its place in the order, logins by where they come from, no secret', async () => {
    const given = { canary: ['2'], maxFail: ['10%'], exclude: ['br[2-80]'] };
    const { made, frame } = await planned(LAB, ['show version'], given);
    const text = JSON.stringify(planObject(made, frame));
    expect(text).not.toContain('very-secret');
    const object = JSON.parse(text);
    expect(object).toMatchObject({
      selected: 65,
      notSelected: numbers(80)
        .slice(1)
        .map((n) => `br${n}`),
      commands: [
        {
          command: 'show version',
          devices: 65,
          notSent: [{ platform: 'linux', devices: ['gate'] }],
          mayChange: [],
        },
      ],
      stages: [
        { name: 'canary', devices: 2 },
        { name: 'after the canary', devices: 63 },
      ],
      jumps: [{ hops: ["ops@192.0.2.10:22 with the device's login"], devices: ['br1'] }],
      limits: { canary: 2, maxFail: 7, retries: 2, connectMs: 10_000 },
      ...{ allowWrites: false, mask: false, agents: 2, state: '/srv/state', estimateMs: made.estimateMs },
    });
    expect(object.devices).toHaveLength(65);
    expect(object.devices[0]).toMatchObject({ name: 'gate', port: 22, platform: 'linux', stage: 'canary' });
    expect(object.devices[64]).toMatchObject({ name: 'old3', legacy: true, stage: 'after the canary' });
    expect(object.logins[1]).toMatchObject({ group: 'core', username: 'admin' });
  });
});

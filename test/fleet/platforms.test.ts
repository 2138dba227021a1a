import { describe, expect, test } from 'vitest';
import { makeCli } from '../../agent/fleet/clis.ts';
import { startFleet } from '../../agent/fleet/fleet.ts';
import { type FleetPlatform, PLATFORMS, planFleet } from '../../agent/fleet/plan.ts';
import { Client } from './client.ts';

/** A shell on the only device of a fleet. */
async function shellOf(platform: FleetPlatform, options: { seed?: number; unprivileged?: number } = {}) {
  const fleet = await startFleet({ devices: 1, platforms: [platform], unprivileged: 0, ...options });
  const client = await (await Client.open('127.1.0.1', fleet.port)).shell();
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await fleet[Symbol.asyncDispose]();
    },
  };
}

describe('a simulated NX-OS switch', () => {
  const PROMPT = /\rR1# $/;

  test('pages after 24 lines until told not to, and ends its configuration without a mark', async () => {
    await using device = await shellOf('cisco_nxos');
    const { client } = device;
    await client.expect(PROMPT);
    client.type('show running-config\r');
    expect((await client.expect(/\x1b\[7m--More--\x1b\[m$/)).split('\r\n')).toHaveLength(1 + 23 + 1);
    client.type('q');
    await client.expect(PROMPT);
    expect(await client.ask('terminal length 0', PROMPT)).toBe('');
    const config = await client.ask('sh run', PROMPT);
    expect(config).toMatch(/^\r\n!Command: show running-config\r\n!Running configuration last done at: /);
    expect(config).not.toMatch(/More|\nend\r\n/);
  });

  test('marks the place that its parser does not understand', async () => {
    await using device = await shellOf('cisco_nxos');
    await device.client.expect(PROMPT);
    expect(await device.client.ask('show fig', PROMPT)).toBe(
      "         ^\r\n% Invalid command at '^' marker.\r\n",
    );
    expect(await device.client.ask('show ip', PROMPT)).toContain("% Incomplete command at '^' marker.");
  });
});

describe('a simulated IOS XR router', () => {
  const PROMPT = /RP\/0\/RP0\/CPU0:R1#$/;
  const TIME = /^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{3} UTC\r\n/;

  test('says the time before every output until told not to, errors among them', async () => {
    await using device = await shellOf('cisco_xr');
    const { client } = device;
    await client.expect(PROMPT);
    expect(await client.ask('terminal length 0', PROMPT)).toMatch(TIME);
    expect(await client.ask('show running-config', PROMPT)).toMatch(TIME);
    expect(await client.ask('show fig', PROMPT)).toMatch(
      /UTC\r\n {22}\^\r\n% Invalid input detected at '\^' marker\.\r\n$/,
    );
    await client.ask('terminal exec prompt no-timestamp', PROMPT);
    const config = await client.ask('show running-config', PROMPT);
    expect(config).toMatch(/^Building configuration\.\.\.\r\n!! IOS XR Configuration 7\.5\.2\r\n/);
    expect(config).toMatch(/\r\nend\r\n\r\n$/);
  });
});

describe('a simulated EOS switch', () => {
  test('asks for the enable secret, answers what changes the session, and pages in reverse video', async () => {
    await using device = await shellOf('arista_eos', { unprivileged: 1 });
    const { client } = device;
    await client.expect(/R1>$/);
    expect(await client.ask('show running-config', /R1>$/)).toBe(
      '% Invalid input (privileged mode required)\r\n',
    );
    client.type('enable\r');
    await client.expect(/Password: $/);
    client.type('rehearsal-enable\r');
    await client.expect(/R1#$/);
    client.type('show running-config\r');
    await client.expect(/\x1b\[7m --More-- \x1b\[27m$/);
    client.type('q');
    await client.expect(/R1#$/);
    expect(await client.ask('terminal length 0', /R1#$/)).toBe('Pagination disabled.\r\n');
    expect(await client.ask('terminal width 511', /R1#$/)).toBe('Width set to 511 columns.\r\n');
    expect(await client.ask('show running-config', /R1#$/)).toMatch(/^! Command: .*\r\n(.*\r\n)*end\r\n$/);
  });
});

describe('a simulated Junos router', () => {
  const PROMPT = /netops@R1> $/;

  test('leaves a line empty before its prompt, and says how far its pager is', async () => {
    await using device = await shellOf('juniper_junos');
    const { client } = device;
    await client.expect(PROMPT);
    client.type('show configuration\r');
    await client.expect(/---\(more\)---$/);
    client.type(' ');
    await client.expect(/\r {40}\r[^\r](.*\r\n)+---\(more( \d+%)?\)---$/);
    client.type('q');
    await client.expect(PROMPT);
    expect(await client.ask('set cli screen-length 0', PROMPT)).toMatch(/^Screen length set to 0\r\n\r\n/);
    expect(await client.ask('show version', PROMPT)).toMatch(/\r\n\r\n(\{master:0\}\r\n)?$/);
    expect(await client.ask('show fig', PROMPT)).toMatch(/^ {16}\^\r\nunknown command\.\r\n\r\n/);
  });

  test('shows its configuration as a tree and as lines that set it', async () => {
    const [device] = planFleet({ devices: 1, platforms: ['juniper_junos'] });
    if (device === undefined) throw new Error('no device');
    const cli = makeCli({ device, seed: 1, configLines: 100 });
    const shown = (command: string) => {
      const answer = cli.answer(command, { privileged: true, configuring: false, rows: 0 });
      return answer.do === 'print' ? answer.text() : '';
    };
    expect(shown('show configuration')).toContain('system {\r\n    host-name R1;\r\n');
    expect(shown('show configuration | display set')).toContain('\r\nset system host-name R1\r\n');
    expect(shown('show configuration | display inheritance | display set')).toBe(
      shown('show configuration | display set'),
    );
    expect(shown('show configuration | display set | match "unknown"')).toBe('\r\n');
    expect(shown('show configuration | no-more')).toBe(shown('show configuration'));
    const braces = (sign: string) => shown('show configuration').split(sign).length;
    expect(braces('{')).toBe(braces('}'));
  });

  test('shows the role of its routing engine above the prompt on some', async () => {
    const above = Array.from({ length: 40 }, (_, index) => {
      const [device] = planFleet({ devices: 1, platforms: ['juniper_junos'], seed: index });
      if (device === undefined) throw new Error('no device');
      const cli = makeCli({ device, seed: index, configLines: 50 });
      return cli.prompt({ privileged: true, configuring: false, rows: 0 }).startsWith('{master:0}\r\n');
    });
    expect(new Set(above)).toEqual(new Set([true, false]));
  });
});

test.each(PLATFORMS.filter((platform) => platform !== 'linux'))(
  'the configuration of %s is as long as asked, another on each device and the same on every run',
  (platform) => {
    const devices = planFleet({ devices: 2, platforms: [platform] });
    const command = platform === 'juniper_junos' ? 'show configuration' : 'show running-config';
    const configOf = (index: number, configLines: number) => {
      const [device] = devices.slice(index);
      if (device === undefined) throw new Error('no device');
      const answer = makeCli({ device, seed: 1, configLines }).answer(command, {
        privileged: true,
        configuring: false,
        rows: 0,
      });
      return answer.do === 'print' ? answer.text() : '';
    };
    for (const lines of [540, 5000]) {
      const count = configOf(0, lines).split('\r\n').length;
      expect(count).toBeGreaterThan(lines * 0.9 - 50);
      expect(count).toBeLessThan(lines * 1.1 + 50);
    }
    expect(configOf(0, 540)).toBe(configOf(0, 540));
    expect(configOf(0, 540)).not.toBe(configOf(1, 540));
  },
);

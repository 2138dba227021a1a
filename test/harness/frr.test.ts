import { describe, expect, test } from 'vitest';
import { frrMissing, startFrr } from '../frr.ts';

describe.skipIf(frrMissing !== null)('a real FRR', () => {
  test('shows its running configuration through ssh, the same every time', async () => {
    await using frr = await startFrr({ hostname: 'core-7' });
    const config = await frr.runningConfig();
    expect(config).toMatch(/^Building configuration\.\.\.\n\nCurrent configuration:\n!\nfrr version 8/);
    expect(config).toMatch(/\nhostname core-7\n/);
    expect(config).toContain('\nip route 10.0.249.0/24 192.0.2.250\n');
    expect(config).toContain('\nip prefix-list CUSTOMERS seq 750 permit 172.16.149.0/24 le 32\n');
    expect(config).toContain('\n description to rack 39 # uplink "39" (core-7> not a prompt)\n');
    expect(config).toContain(
      '\nroute-map EXPORT permit 300\n match ip address prefix-list CUSTOMERS\n set metric 29\n',
    );
    expect(config.trimEnd()).toMatch(/\nend$/);
    expect(config.split('\n').length).toBeGreaterThan(600);
    expect(await frr.runningConfig()).toBe(config);
  });

  test('keeps its routes to itself and answers as a router', async () => {
    await using frr = await startFrr({ routes: 1, prefixes: 0, interfaces: 0, routeMaps: 0 });
    expect(await frr.sshd.ssh('show version')).toMatch(/^FRRouting 8/);
    expect(await frr.sshd.ssh('show interface brief')).toMatch(/^lo\s+up\s+default/m);
    expect((await frr.sshd.ssh('show interface brief')).trimEnd().split('\n')).toHaveLength(3);
  });
});

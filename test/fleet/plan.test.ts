import { describe, expect, test } from 'vitest';
import { FAULT_NAMES } from '../../agent/fleet/fault.ts';
import { deriveHostKey } from '../../agent/fleet/hostkey.ts';
import { FleetOptionError, planFleet } from '../../agent/fleet/plan.ts';
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.ts';
import { label } from '../../proto/label.ts';

describe('the plan of a fleet', () => {
  test('deals addresses from 127.1.0.1 upwards without .0 and .255 hosts', () => {
    const devices = planFleet({ devices: 600 });
    expect(devices.slice(0, 2).map((device) => device.address)).toEqual(['127.1.0.1', '127.1.0.2']);
    expect(devices[253]?.address).toBe('127.1.0.254');
    expect(devices[254]?.address).toBe('127.1.1.1');
    expect(new Set(devices.map((device) => device.address)).size).toBe(600);
  });

  test('has room for a hundred thousand devices', () => {
    const devices = planFleet({ devices: 100_000, segments: 40, bad: { auth: 0.01 } });
    expect(new Set(devices.map((device) => device.address)).size).toBe(100_000);
    expect(devices.filter((device) => device.fault === 'auth')).toHaveLength(1000);
  });

  test('is the same for the same seed and another for another', () => {
    const options = { devices: 200, bad: { refuse: 0.1, auth: 0.05 } };
    expect(planFleet({ ...options, seed: 7 })).toEqual(planFleet({ ...options, seed: 7 }));
    expect(planFleet({ ...options, seed: 7 })).not.toEqual(planFleet({ ...options, seed: 8 }));
  });

  test('spoils exactly the share of devices that was asked for, each in one way', () => {
    const bad = { refuse: 0.1, auth: 0.055, 'hang-output': 0.02, enable: 0.3 };
    const devices = planFleet({ devices: 200, platforms: ['cisco_ios', 'linux'], bad });
    const count = (fault: string) => devices.filter((device) => device.fault === fault).length;
    expect([count('refuse'), count('auth'), count('hang-output'), count('enable')]).toEqual([20, 11, 4, 60]);
    expect(devices.filter((device) => device.fault === 'enable').every((device) => device.unprivileged)).toBe(
      true,
    );
    expect(devices.filter((device) => device.fault === null).every((device) => device.expect === 'ok')).toBe(
      true,
    );
  });

  test('keeps the devices of one fault when another is added', () => {
    const numbers = (bad: object) =>
      planFleet({ devices: 1000, bad })
        .filter(({ fault }) => fault === 'auth')
        .map(({ number }) => number);
    expect(numbers({ auth: 0.02, drip: 0.02 })).toEqual(numbers({ auth: 0.02 }));
  });

  test('deals segments in blocks of nearly the same size, and all to `default` without segments', () => {
    const sizes = new Map<string, number>();
    for (const { segment } of planFleet({ devices: 100, segments: 3 }))
      sizes.set(segment, (sizes.get(segment) ?? 0) + 1);
    expect([...sizes]).toEqual([
      ['segment-1', 34],
      ['segment-2', 33],
      ['segment-3', 33],
    ]);
    expect(planFleet({ devices: 1 })[0]?.segment).toBe('default');
  });

  test.each([
    ['10.0.0.0/8', /not within 127/],
    ['127.0.0.0/7', /not within 127/],
    ['localhost', /not a range/],
    ['127.300.0.0/16', /not a range/],
    ['127.9.0.0/24', /room for 254 devices, not for 300/],
  ])('refuses to listen on %s', (listen, message) => {
    expect(() => planFleet({ devices: 300, listen })).toThrow(message);
    expect(() => planFleet({ devices: 300, listen })).toThrow(FleetOptionError);
  });

  test('refuses faults that its platforms cannot have, and more faults than devices', () => {
    expect(() => planFleet({ devices: 10, platforms: ['linux'], bad: { enable: 0.5 } })).toThrow(
      /5 devices, only 0/,
    );
    expect(() => planFleet({ devices: 10, bad: { auth: 0.6, refuse: 0.6 } })).toThrow(/only 4 can be/);
  });

  test('expects endings that the contract knows', () => {
    const words = new Set([...Object.values(Kind).map((kind) => label('KIND', kind)), 'ok', 'suspect']);
    const stages = Object.values(Stage).map((stage) => label('STAGE', stage));
    for (const fault of FAULT_NAMES) {
      const platforms = ['cisco_ios', 'arista_eos', 'linux'] as const;
      const devices = planFleet({ devices: 3, platforms, bad: { [fault]: 1 / 3 } });
      const bad = devices.filter((device) => device.fault !== null);
      expect(bad.map((device) => device.fault)).toEqual([fault]);
      expect(words).toContain(bad[0]?.expect);
      expect([null, ...stages]).toContain(bad[0]?.expectStage);
    }
  });
});

test('a host key is the same on every run and differs by device, by seed and by generation', () => {
  expect(deriveHostKey(1, 1, 0).public).toBe(deriveHostKey(1, 1, 0).public);
  const keys = [
    deriveHostKey(1, 1, 0),
    deriveHostKey(1, 2, 0),
    deriveHostKey(2, 1, 0),
    deriveHostKey(1, 1, 1),
  ];
  expect(new Set(keys.map((key) => key.public)).size).toBe(4);
});

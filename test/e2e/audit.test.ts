import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Verdict } from '../../coordinator/audit/verdict.ts';
import { startCluster } from '../cluster.ts';

const POLICY = `netsweep_policy: 1
name: lab
devices: {platform: cisco_ios}
rules:
  - {id: NAME-1, severity: low, title: the name is the inventory's, command: show running-config, present: '^hostname {{ name }}$'}
  - {id: SAY-1, severity: high, title: nothing says so, command: show running-config, present: '^nothing says so$', remedy: say so}
  - {id: SAY-2, severity: critical, title: nothing says so either, command: show version, present: '^nothing says so$'}
  - {id: SAY-3, severity: critical, title: nothing says that, command: show version, present: '^nothing says that$'}
  - {id: SAME-1, severity: medium, title: no two are alike, command: show running-config, same_as: majority}
  - {id: NONE-1, severity: low, title: no such command, command: show nonsense, absent: '^x$'}
waivers:
  - {rule: SAY-1, devices: 'R1,R2', owner: netops, reason: CHG0412, expires: '2099-12-31'}
  - {rule: SAY-2, devices: all, owner: netops, reason: CHG0413, expires: '2020-12-31'}
`;

test('an audit sweeps what its rules need, judges every device with evidence, and judges it again from what is kept', async () => {
  await using cluster = await startCluster({ devices: 4, platforms: ['cisco_ios', 'linux'] });
  const { fleet, place } = cluster;
  const inventory = fleet.inventory('fleet.yaml');
  const policy = await place.write('lab.yaml', POLICY);
  const names = fleet.devices.filter(({ platform }) => platform === 'cisco_ios').map(({ name }) => name);
  const run = (...args: string[]) => place.netsweep(['audit', 'run', '-p', policy, '-i', inventory, ...args]);

  const first = await run('--format', 'ndjson');
  expect(first.stderr).toContain('no rule is for 2 devices of 4');
  expect(first.status, 'a device that refuses a command has failed').toBe(1);
  const verdicts = first.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict);
  expect([...new Set(verdicts.map(({ device }) => device))], 'in inventory order').toEqual(names);
  const statuses = (rule: string) => verdicts.filter((one) => one.rule === rule).map(({ status }) => status);
  expect(statuses('NAME-1')).toEqual(names.map(() => 'pass'));
  expect(statuses('SAY-1')).toEqual(
    names.map((name) => (name === 'R1' || name === 'R2' ? 'waived' : 'fail')),
  );
  expect(statuses('SAY-2')).toEqual(names.map(() => 'fail'));
  expect(statuses('SAME-1')).toEqual(names.map(() => 'error'));
  expect(statuses('NONE-1')).toEqual(names.map(() => 'unknown'));
  const said = verdicts.find(({ rule }) => rule === 'SAY-2');
  expect(said).toMatchObject({
    policy: 'lab',
    severity: 'critical',
    waiver: null,
    remedy: null,
    evidence: [
      {
        command: 'show version',
        line: null,
        expected: 'a line that matches ^nothing says so$',
        found: 'no such line',
        message: 'the waiver of netops (CHG0413) expired on 2020-12-31',
      },
    ],
  });
  const waived = verdicts.find(({ status }) => status === 'waived');
  expect(waived?.waiver).toEqual({ owner: 'netops', reason: 'CHG0412', expires: '2099-12-31' });

  const before = fleet.events().length;
  const again = await run('--from', 'last', '--tolerate', 'cli-error');
  expect(again.status, 'findings').toBe(3);
  expect(again.stdout).toMatch(/^critical: 4 findings$/m);
  expect(again.stdout).toMatch(/^waived: \d$/m);
  expect(again.stdout).toContain('by netops until 2099-12-31: CHG0412');
  const json = await run('--from', 'last', '--tolerate', 'cli-error', '--format', 'json');
  const document = JSON.parse(json.stdout);
  expect(document.verdicts).toEqual(verdicts);
  expect(document.counts.fail).toBe(verdicts.filter(({ status }) => status === 'fail').length);
  expect(fleet.events().length, 'no device was touched').toBe(before);

  const page = join(place.folder, 'reports', 'audit.html');
  await run('--from', 'last', '--report', page, '--format', 'sarif');
  expect(statSync(page).mode & 0o777, 'only for whoever ran it').toBe(0o600);
  const html = readFileSync(page, 'utf8');
  for (const part of ['<!doctype html>', 'SAY-2', 'Could not be evaluated', '</html>'])
    expect(html).toContain(part);
  expect(readdirSync(join(place.folder, 'reports')), 'and no half of one').toEqual(['audit.html']);

  const hook = await place.write('hook.sh', '#!/bin/sh\ncat > told.json\n');
  chmodSync(hook, 0o755);
  await place.write(
    'netsweep.yaml',
    'notices:\n  page: {exec: hook.sh}\n  lost: {exec: ./none.sh, on: always}\n',
  );
  const told = await run('--from', 'last', '--tolerate', 'cli-error', '--notify', 'page');
  expect(told.status).toBe(3);
  expect(JSON.parse(readFileSync(join(place.folder, 'told.json'), 'utf8'))).toMatchObject({
    ...{ notice: 1, kind: 'audit', policies: ['lab'], counts: document.counts, new: null },
  });
  const lost = await run('--from', 'last', '--tolerate', 'cli-error', '--notify', 'lost');
  expect([lost.status, lost.stderr]).toEqual([1, expect.stringContaining('notice lost could not be given')]);
  expect((await run('--notify', 'pag')).stderr).toContain('no notice is called "pag"');

  const gentle = await place.write(
    'gentle.yaml',
    POLICY.replace(/^.*(SAY-|SAME-|NONE-).*\n/gm, '').replace('waivers:\n', ''),
  );
  const passed = await place.netsweep(['audit', 'run', '-p', gentle, '-i', inventory, '--fail-on', 'high']);
  expect(passed).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('0 findings, 2 passed on 2 devices'),
  });
  const mended = await place.write(
    'mended.yaml',
    POLICY.replace(
      "command: show version, present: '^nothing says so$'",
      "command: show version, present: '.'",
    ).replace(/present: '\^hostname.*\$'/, "absent: '^hostname'"),
  );
  const later = await place.netsweep(['audit', 'run', '-p', mended, '-i', inventory]);
  expect(later.stdout).toMatch(/^since \S+: 2 new, 2 fixed, 3 still open, the oldest since \S+$/m);
  expect(later.stdout).toMatch(/^ {2}new: NAME-1 /m);
  expect(later.stdout).toMatch(/^ {2}fixed: SAY-2 /m);
  const runs = await place.netsweep(['audit', 'runs', '--json']);
  const kept = JSON.parse(runs.stdout);
  expect(kept.map(({ counts }: { counts: { fail: number } }) => counts.fail)).toEqual([
    5,
    0,
    document.counts.fail,
  ]);
  expect(kept[0].policies[0].digest).not.toBe(kept[1].policies[0].digest);

  const none = await place.netsweep(['audit', 'run', '-p', gentle, '-i', inventory, '-l', 'platform=linux']);
  expect(none.status).toBe(2);
  expect(none.stderr).toContain('no rule is for any of 2 devices');
});

const SEVERAL = `netsweep_policy: 1
name: several
rules:
  - {id: IOS-1, severity: low, title: t, devices: {platform: cisco_ios}, command: show running-config, present: '^hostname '}
  - {id: EOS-1, severity: low, title: t, devices: {platform: arista_eos}, command: show running-config, present: '^hostname '}
  - {id: VER-1, severity: low, title: t, devices: {platform: [cisco_ios, linux]}, command: {cisco_ios: show version, linux: uname -a}, present: '.'}
  - {id: NTP-1, severity: low, title: t, devices: {platform: cisco_ios}, command: show running-config, capture: '^ntp server (\\S+)', none: pass, equals: {field: ntp_servers, missing: not-applicable}}
`;

test('a device whose platform is found out is asked and judged by it, and what a sweep does not keep is no pass', async () => {
  await using cluster = await startCluster({
    devices: 3,
    platforms: ['cisco_ios', 'linux', 'juniper_junos'],
  });
  const { fleet, place } = cluster;
  const named = readFileSync(fleet.inventory('fleet.json'), 'utf8');
  const inventory = await place.write('auto.json', named.replace(/"platform": *"\w+"/g, '"platform":"auto"'));
  const policy = await place.write('several.yaml', SEVERAL);
  const run = (...args: string[]) =>
    place.netsweep(['audit', 'run', '-p', policy, '--format', 'ndjson', ...args]);
  const first = await run('-i', inventory);
  expect(first.status, first.stderr).toBe(0);
  const said = (stdout: string) => {
    const lines = stdout.trimEnd().split('\n');
    return lines.map((line) => {
      const { device, rule, status } = JSON.parse(line) as Verdict;
      return [fleet.devices.find(({ name }) => name === device)?.platform, rule, status];
    });
  };
  const platforms = ['cisco_ios', 'linux'].filter((one) =>
    fleet.devices.some(({ platform }) => platform === one),
  );
  expect(platforms).toHaveLength(2);
  expect(said(first.stdout).toSorted()).toEqual([
    ['cisco_ios', 'IOS-1', 'pass'],
    ['cisco_ios', 'NTP-1', 'not-applicable'],
    ['cisco_ios', 'VER-1', 'pass'],
    ['linux', 'VER-1', 'pass'],
  ]);
  expect(first.stderr).toContain('no rule is for 1 device, by the platform that was found out');
  expect(fleet.asked('show version'), 'to find it out, and once for the rule').not.toEqual([]);

  const again = await run('--from', 'last');
  expect(said(again.stdout)).toContainEqual(['cisco_ios', 'NTP-1', 'error']);
  expect(again.stdout).toContain('is not known without the inventory');
  // As netsweep serve takes up a run that it had left: the same sweep, and one audit.
  const words = ['audit', 'run', '-p', policy, '-i', inventory, '--format', 'ndjson'];
  const env = { NETSWEEP_SUBMIT_KEY: 'schedule night 2026-11-23T02:00+01:00' };
  const once = await place.start(words, { env }).finished;
  const sessions = fleet.sessions().length;
  const reordered = await place.write('auto.json', reversed(readFileSync(inventory, 'utf8')));
  expect(reordered).toBe(inventory);
  const twice = await place.start(words, { env }).finished;
  expect(said(twice.stdout).toSorted()).toEqual(said(once.stdout).toSorted());
  expect(fleet.sessions().length, 'no device was touched').toBe(sessions);
  const kept = JSON.parse((await place.netsweep(['audit', 'runs', '--json'])).stdout);
  expect(kept, 'with the first of all').toHaveLength(2);

  const limited = await place.write(
    'limited.yaml',
    SEVERAL.replace('name: several', "name: limited\ndevices: {limit: 'role=core'}"),
  );
  const refused = await place.netsweep(['audit', 'run', '-p', limited, '--from', 'last']);
  expect(refused).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('policy limited is for devices by their field role'),
  });
});

/** The same devices in another order. */
function reversed(inventory: string): string {
  const { devices, ...rest } = JSON.parse(inventory) as { devices: Record<string, unknown> };
  return JSON.stringify({ ...rest, devices: Object.fromEntries(Object.entries(devices).reverse()) });
}

// Command lines that are to run by the clock: what can't, or must not, is found when they are added.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkScheduled } from '../../coordinator/cli/scheduled.ts';

const folder = mkdtempSync(join(tmpdir(), 'netsweep-scheduled-'));
const inventory = file(
  'lab.yaml',
  'defaults: {platform: cisco_ios, username: a, password: "env:PW"}\ndevices: {R1: {host: 10.0.0.1}}\n',
);
const asking = file(
  'asking.yaml',
  'devices: {R9: {host: 10.0.0.9, platform: linux, username: a, password: ask}}\n',
);
const broken = file(
  'broken.yaml',
  'devices:\n  R1: {host: 10.0.0.1, platfrom: cisco_ios}\n  R1: {host: 10.0.0.2}\n',
);
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
}

test.each([
  [['run', '-i', inventory, 'show version', '--tolerate', '5%']],
  [['run', '-i', inventory]],
  [['backup', '-i', inventory, '--repo', '/srv/configs.git', '--push']],
  [['backup', '--from', 'last', '--repo', '/srv/configs.git']],
  [['audit', 'run', '-i', inventory, '-p', 'cisco-ios-baseline']],
])('%j can be scheduled', async (words) => {
  expect(await checkScheduled(words)).toBe(0);
});

test.each([
  [['sweeps', 'list'], 'found "sweeps", expected a command line that begins with run, audit run, backup'],
  [[], 'found "", expected a command line'],
  [['run', '-i', inventory, '--forsk', '3', 'show version'], "unknown option '--forsk'"],
  [
    ['run', '-i', inventory, '--forks', 'many', 'show version'],
    '--forks: found "many", expected a whole number',
  ],
  [['run', '-i', join(folder, 'nowhere.yaml'), 'show version'], 'nowhere.yaml'],
  [['run', '-i', broken, 'show version'], 'broken.yaml:3:'],
  [['run', '-i', inventory, '-l', 'R7', 'show version'], 'R7'],
  [['run', '-i', inventory, 'reload'], 'reload'],
  [['run', '--help'], 'run --help: that starts nothing'],
  [['run', '-i', '-', 'show version'], '-i -: a schedule has no standard input'],
  [['run', '-i', inventory, '-k', 'show version'], '--ask-pass: a schedule has no terminal to ask on'],
  [['run', '-i', asking, 'uptime'], 'is to be asked for, and a schedule has no terminal to ask on'],
  [
    ['run', '-i', inventory, '-e', 'password=hunter2', 'show version'],
    '--set password=...: a schedule keeps no secrets',
  ],
  [
    ['run', '-i', inventory, '--coordinator', '127.0.0.1:1', 'show version'],
    '--coordinator: a schedule runs on the coordinator that keeps it',
  ],
  [['backup', '-i', inventory, '--repo', '/x', '--state', '/y'], '--state: a schedule runs on'],
  [['run', '-i', inventory, '--detach', 'show version'], '--detach: the coordinator waits for the end'],
  [['run', '--rerun', 'last', '-i', inventory], '--rerun: which sweep that is would change'],
  [['audit', 'run', '-i', inventory], 'no policy'],
  [['audit', 'run', '-i', inventory, '-p', 'cisco-ios-baselin'], 'cisco-ios-baseline'],
])('%j is refused: %s', async (words, message) => {
  await expect(checkScheduled(words)).rejects.toThrow(message);
});

// Backups into real repositories: what goes in, what stays as it was, and what the history shows of it.
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Backup, type BackupOptions, type BackupResult } from '../../coordinator/backup/backup.ts';
import { Repository } from '../../coordinator/backup/repository.ts';
import { commandName, treeName } from '../../coordinator/cli/views/tree.ts';
import { Device, Kind, Output, Proof, Report, Stage, Status } from '../../proto/gen/netsweep/v1/model.ts';
import { Sweep } from '../../proto/gen/netsweep/v1/sweeps.ts';
import { Platforms } from '../../proto/platform.ts';
import { output } from '../process.ts';
import { Dice } from '../sim/dice.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const COMMAND = 'show running-config';
const platforms = new Platforms();

class Place {
  readonly path = mkdtempSync(join(tmpdir(), 'netsweep-backup-'));
  readonly repo = join(this.path, 'configs.git');
  #rounds = 0;

  git(...args: string[]): Promise<string> {
    return output('git', ['-C', this.repo, ...args]);
  }

  /** One sweep's reports as one backup. */
  async backup(
    given: Given[],
    changes: Partial<BackupOptions> = {},
  ): Promise<BackupResult & { message: string }> {
    await using repository = await Repository.open(this.repo);
    const backup = new Backup(repository, {
      ...{ layout: 'segment', raw: false, platforms, inventory: null },
      author: { name: 'Net Ops', mail: 'ops@example.net' },
      names: { device: treeName, command: commandName },
      ...changes,
    });
    for (const one of given)
      await backup.report(reportOf(one), async function* (wanted) {
        yield one.texts?.[wanted.command] ?? one.text;
      });
    this.#rounds += 1;
    const counts = { selected: given.length, ok: given.filter(({ status }) => status === undefined).length };
    const result = await backup.end(
      Sweep.create({ id: `S${this.#rounds}`, counts, endedAtMs: 1.8e12 + this.#rounds * 1e6 }),
    );
    const message = result.commit === '' ? '' : await this.git('log', '-1', '--format=%B', result.commit);
    return { ...result, message };
  }

  async files(): Promise<string[]> {
    return (await this.git('ls-tree', '-r', '--name-only', 'HEAD')).split('\n').slice(0, -1);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

interface Given {
  name: string;
  text: string;
  texts?: Record<string, string>;
  segment?: string;
  groups?: string[];
  /** Default: ok. */
  status?: Status;
}

function reportOf({ name, texts, segment = 'dc1', groups = [], status = Status.OK }: Given): Report {
  const proof = status === Status.SUSPECT ? Proof.SUSPECT : Proof.COMPLETE;
  const failure = { kind: Kind.CLI_ERROR, stage: Stage.COMMAND, message: 'it refused', retryable: false };
  return Report.create({
    device: Device.create({
      name,
      segment,
      groups,
      platform: 'cisco_ios',
      commands: Object.keys(texts ?? { [COMMAND]: '' }),
    }),
    status,
    failure: status === Status.FAILED ? failure : undefined,
    outputs: Object.keys(texts ?? { [COMMAND]: '' }).map((command) => Output.create({ command, proof })),
  });
}

test.each([SEED])(
  'after 20 backups with changes, noise, failures and suspects the history shows real changes only (SEED=%i npx vitest run test/backup)',
  async (seed) => {
    using place = new Place();
    const dice = new Dice(seed);
    const names = Array.from({ length: 12 }, (_, n) => `R${n + 1}`);
    const settings = new Map(names.map((name) => [name, 0]));
    /** What the last good fetch of each device said, without noise. */
    const kept = new Map<string, number>();
    let commits = 0;
    for (let round = 1; round <= 20; round++) {
      const expected = new Set<string>();
      const given = names.map((name): Given => {
        if (dice.chance(0.15)) settings.set(name, round);
        const setting = settings.get(name) ?? 0;
        const status = dice.chance(0.1) ? Status.FAILED : dice.chance(0.1) ? Status.SUSPECT : Status.OK;
        const text = config(name, setting, `${round}:${dice.below(60)}`);
        if (status !== Status.OK)
          return { name, text: `% Invalid input\n${text.slice(0, dice.below(60))}`, status };
        if (kept.get(name) !== setting) expected.add(`dc1/${name}/show_running-config.txt`);
        kept.set(name, setting);
        return { name, text };
      });
      const { commit, message } = await place.backup(given);
      expect(commit !== '', `round ${round}`).toBe(expected.size > 0);
      if (commit === '') continue;
      commits += 1;
      const changed = (await place.git('show', '--format=', '--name-only', commit)).trim().split('\n');
      expect(new Set(changed)).toEqual(expected);
      expect(message).toContain(`Sweep: S${round}`);
    }
    expect(Number(await place.git('rev-list', '--count', 'HEAD'))).toBe(commits);
    const log = await place.git('log', '-p', '-U0', '--format=');
    const changes = await place.git('log', '-p', '-U0', '--diff-filter=M', '--format=');
    const lines = changes.split('\n').filter((line) => /^[-+](?![-+])/.test(line));
    const changed = lines.filter((line) => line.startsWith('+ description setting'));
    // Each file of each commit has its setting changed, and beside that only noise.
    expect(changed.length).toBe(changes.match(/^diff --git/gm)?.length);
    for (const line of lines)
      expect(line).toMatch(
        /^[-+]( description setting \d+|! Last configuration change at .*|ntp clock-period \d+)$/,
      );
    expect(log).not.toMatch(/% Invalid|hunter2/);
    expect(log).toContain('<redacted>');
    for (const name of names) {
      if (!kept.has(name)) continue;
      const file = await place.git('show', `HEAD:dc1/${name}/show_running-config.txt`);
      expect(file).toContain(`description setting ${kept.get(name)}\n`);
    }
    await place.git('fsck', '--strict');
  },
);

function config(name: string, setting: number, time: string): string {
  return [
    'Building configuration...',
    `! Last configuration change at ${time} UTC`,
    `hostname ${name}`,
    'username admin password 0 hunter2',
    'interface Loopback0',
    ` description setting ${setting}`,
    `ntp clock-period ${time.replace(':', '')}`,
    'end',
    '',
  ].join('\n');
}

test('a commit says what changed and what failed, by whom and of which sweep', async () => {
  using place = new Place();
  await place.backup([
    { name: 'R1', text: 'a\n' },
    { name: 'R2', text: 'b\n' },
  ]);
  const { commit, message } = await place.backup([
    { name: 'R1', text: 'changed\n' },
    { name: 'R2', text: '', status: Status.FAILED },
    { name: 'R3', text: 'new\n' },
    { name: 'R4', text: 'half', status: Status.SUSPECT },
  ]);
  expect(message.trimEnd().split('\n')).toEqual([
    'backup: 1 changed, 1 new',
    '',
    '4 devices: 2 ok',
    '  cli-error              1  R2: it refused',
    '  not proved whole: "show running-config" of R4',
    'kept as they were: R[2,4]',
    '',
    'Sweep: S2',
  ]);
  expect(await place.git('log', '-1', '--format=%an %ae', commit)).toBe('Net Ops ops@example.net\n');
  expect(await place.files()).toEqual(
    ['R1', 'R2', 'R3'].map((name) => `dc1/${name}/show_running-config.txt`),
  );
  expect(statSync(place.repo).mode & 0o777).toBe(0o700);
});

test('nothing that has changed is no commit, and an empty answer takes nothing away', async () => {
  using place = new Place();
  await place.backup([{ name: 'R1', text: 'a\n' }]);
  expect(await place.backup([{ name: 'R1', text: 'a\n' }])).toMatchObject({
    commit: '',
    summary: '0 changed, 1 unchanged',
  });
  expect(await place.backup([{ name: 'R1', text: '' }])).toMatchObject({ commit: '' });
  expect(await place.git('show', 'HEAD:dc1/R1/show_running-config.txt')).toBe('a\n');
});

test('files lie by segment, by the first group or flat, named as --tree names them, and move with their device', async () => {
  using place = new Place();
  const device = {
    name: 'R/1',
    text: '',
    groups: ['core', 'edge'],
    texts: { 'show version': 'v\n', 'show run | i x': 'x\n' },
  };
  await place.backup([device]);
  expect(await place.files()).toEqual(['dc1/R%2F1/show_run_%7C_i_x.txt', 'dc1/R%2F1/show_version.txt']);
  const moved = await place.backup([{ ...device, segment: 'dc2' }]);
  expect(moved.summary).toBe('0 changed, 2 moved');
  expect(await place.files()).toEqual(['dc2/R%2F1/show_run_%7C_i_x.txt', 'dc2/R%2F1/show_version.txt']);
  await place.backup([device], { layout: 'group' });
  expect(await place.files()).toEqual(['core/R%2F1/show_run_%7C_i_x.txt', 'core/R%2F1/show_version.txt']);
  await place.backup([device], { layout: 'flat' });
  expect(await place.files()).toEqual(['R%2F1/show_run_%7C_i_x.txt', 'R%2F1/show_version.txt']);
});

test('devices that have left the inventory keep their files until they are pruned', async () => {
  using place = new Place();
  await place.backup([
    { name: 'R1', text: 'a\n' },
    { name: 'R2', text: 'b\n' },
  ]);
  await place.backup([{ name: 'R1', text: 'a\n' }]);
  expect(await place.files()).toHaveLength(2);
  const { summary } = await place.backup([{ name: 'R1', text: 'a\n' }], { inventory: new Set(['R1', 'R3']) });
  expect(summary).toBe('0 changed, 1 removed, 1 unchanged');
  expect(await place.files()).toEqual(['dc1/R1/show_running-config.txt']);
});

test('secrets are kept raw by choice, and masked otherwise', async () => {
  using place = new Place();
  const secret = { name: 'R1', text: 'username admin password 0 hunter2\n' };
  await place.backup([secret]);
  expect(await place.git('show', 'HEAD:dc1/R1/show_running-config.txt')).toBe(
    'username admin password 0 <redacted>\n',
  );
  // A secret that is changed is no change then.
  expect((await place.backup([{ ...secret, text: 'username admin password 0 other\n' }])).commit).toBe('');
  await place.backup([secret], { raw: true });
  expect(await place.git('show', 'HEAD:dc1/R1/show_running-config.txt')).toBe(secret.text);
});

test('two at once are refused, and the first is none the worse', async () => {
  using place = new Place();
  {
    await using repository = await Repository.open(place.repo);
    await repository.put('dc1/R1/a.txt', Buffer.from('a'));
    await expect(Repository.open(place.repo)).rejects.toThrow('another backup is under way');
    await repository.commit({ author: { name: 'a', mail: 'b' }, whenMs: 1e12, message: 'x' });
  }
  expect((await place.backup([{ name: 'R1', text: 'a\n' }])).commit).not.toBe('');
});

test('a working tree is kept in step, and what somebody is changing there is left alone', async () => {
  using place = new Place();
  await output('git', ['init', '-q', '-b', 'main', place.repo]);
  const file = join(place.repo, 'dc1/R1/show_running-config.txt');
  await place.backup([
    { name: 'R1', text: 'a\n' },
    { name: 'R2', text: 'b\n' },
  ]);
  expect(readFileSync(file, 'utf8')).toBe('a\n');
  writeFileSync(join(place.repo, 'notes.txt'), 'mine');
  expect(await place.backup([{ name: 'R2', text: 'other\n' }])).toMatchObject({ left: null });
  expect(await place.git('status', '--porcelain')).toBe('?? notes.txt\n');
  writeFileSync(file, 'being edited\n');
  const { commit, left } = await place.backup([{ name: 'R1', text: 'newer\n' }]);
  expect(left).toContain('show_running-config.txt');
  expect(readFileSync(file, 'utf8')).toBe('being edited\n');
  expect(await place.git('show', `${commit}:dc1/R1/show_running-config.txt`)).toBe('newer\n');
});

test('a push that is refused leaves the commit, and the next backup pushes it with its own', async () => {
  using place = new Place();
  const remote = join(place.path, 'remote.git');
  const push = async (name: string) => {
    await using repository = await Repository.open(place.repo);
    await repository.push(name);
  };
  await place.backup([{ name: 'R1', text: 'hostname R1\n' }]);
  await expect(push('origin')).rejects.toThrow(/^git push: .*origin/);
  await place.git('remote', 'add', 'origin', remote);
  await expect(push('origin')).rejects.toThrow(/^git push: /);
  await output('git', ['init', '-q', '--bare', remote]);
  const hook = join(remote, 'hooks', 'pre-receive');
  writeFileSync(hook, '#!/bin/sh\necho frozen until Monday\nexit 1\n', { mode: 0o755 });
  await expect(push('origin')).rejects.toThrow(/frozen until Monday/);
  rmSync(hook);
  await place.backup([{ name: 'R1', text: 'hostname R1\nend\n' }]);
  await push('origin');
  const log = await output('git', ['-C', remote, 'log', '--format=%s', 'main']);
  expect(log.trim().split('\n')).toHaveLength(2);
  // Somebody else has pushed there: git refuses, and nothing of theirs is overwritten.
  const other = join(place.path, 'other');
  await output('git', ['clone', '-q', '-b', 'main', remote, other]);
  const theirs = ['-c', 'user.name=x', '-c', 'user.email=x@example.net', 'commit', '-q', '--allow-empty'];
  await output('git', ['-C', other, ...theirs, '-m', 'theirs']);
  await output('git', ['-C', other, 'push', '-q', 'origin', 'main']);
  await place.backup([{ name: 'R1', text: 'hostname R1\n' }]);
  await expect(push('origin')).rejects.toThrow(/fetch first|non-fast-forward|rejected/);
  expect(await output('git', ['-C', remote, 'log', '-1', '--format=%s', 'main'])).toBe('theirs\n');
});

test('a repository that names its objects by SHA-256 is as good as any', async () => {
  using place = new Place();
  await output('git', ['init', '-q', '--bare', '--object-format=sha256', '-b', 'main', place.repo]);
  const given = [
    { name: 'R1', text: 'hostname R1\n' },
    { name: 'R2', text: 'hostname R2\n' },
  ];
  const first = await place.backup(given);
  expect([first.commit.length, first.summary]).toEqual([64, '0 changed, 2 new']);
  const again = await place.backup(given);
  expect([again.commit, again.summary]).toEqual(['', '0 changed, 2 unchanged']);
  const moved = await place.backup(
    [{ name: 'R1', text: 'hostname R1\n!\n' }, given[1] ?? { name: '', text: '' }],
    { layout: 'flat' },
  );
  expect(moved.summary).toContain('2 moved');
  await place.git('fsck', '--strict');
});

test('what is no repository is refused, and a repository around it is not taken for it', async () => {
  using place = new Place();
  await output('git', ['init', '-q', place.path]);
  await output('mkdir', [place.repo]);
  writeFileSync(join(place.repo, 'a'), 'a');
  await expect(Repository.open(place.repo)).rejects.toThrow('is no git repository');
});

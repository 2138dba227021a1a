// Agents brought to hosts by deploy/rollout/rollout.sh, over real OpenSSH.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readJoinToken } from '../../proto/identity/jointoken.ts';
import { Enrolled } from '../enrolled.ts';
import { type Sshd, sshdMissing } from '../openssh.ts';
import { Place } from '../place.ts';
import { type Finished, Running, root, run, until } from '../process.ts';
import { agentHost, agentPackage, START } from './rollout.ts';

const TOKEN = /netsweep1-[\w-]{60,}/g;

/** Processes that have a token of the coordinator at `port` among their words or in their environment. */
function exposing(port: string): string[] {
  // Other tests beside this one have tokens, too.
  const isOurs = (text: string) => readJoinToken(text)?.address.endsWith(`:${port}`) === true;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
    .flatMap((file) => {
      try {
        const text = readFileSync(file, 'latin1');
        return text.match(TOKEN)?.some(isOurs) ? [text.replaceAll('\0', ' ')] : [];
      } catch {
        return []; // it has just ended
      }
    });
}

/** Looks at all of them, again and again, while `work` is done. */
async function watched<T>(
  port: string,
  work: Promise<T>,
): Promise<{ result: T; looks: number; found: string[] }> {
  const looks: string[][] = [];
  const timer = setInterval(() => looks.push(exposing(port)), 20);
  const result = await work.finally(() => clearInterval(timer));
  return { result, looks: looks.length, found: [...new Set(looks.flat())] };
}

describe.skipIf(sshdMissing !== null)('a roll-out over SSH', () => {
  test('joins and starts agents where it can and says where it can not, changes nothing when all is well, and drains before an upgrade', async () => {
    await using netsweep = await Enrolled.open({ devices: 2 });
    await using place = await Place.open();
    await using a = await agentHost();
    await using b = await agentHost();
    await using old = await agentHost(true);
    const hosts = { a, b, old };
    const lines = Object.entries(hosts).map(
      ([name, { host, port, user }]) => `${user}@${host}:${port} default ${name}`,
    );
    await place.write('hosts', `# HOST SEGMENT NAME\n${lines.join('\n')}\n`);
    const known = Object.values(hosts).map((one) => readFileSync(join(one.folder, 'known_hosts'), 'utf8'));
    await place.write('known_hosts', known.join(''));
    const keys = Object.values(hosts).map(({ privateKeyPath }) => `IdentityFile ${privateKeyPath}`);
    await mkdir(place.path('tmp'));
    const coordinator = netsweep.place.path('coordinator');
    const roll = (file: string, ...words: string[]): Promise<Finished> => {
      const options = [`UserKnownHostsFile ${place.path('known_hosts')}`, 'IdentitiesOnly yes', ...keys];
      const ssh = options.flatMap((option) => ['--ssh-option', option.replace(' ', '=')]);
      const netsweepHere = `${process.execPath} ${root}/dist/coordinator/main.js`;
      return run(
        'bash',
        [
          ...[join(root, 'deploy/rollout/rollout.sh'), '--package', file, '--netsweep', netsweepHere],
          ...['--start', START, ...ssh, ...words, place.path('hosts')],
        ],
        {
          cwd: place.folder,
          env: place.environment({
            PATH: `${root}/.cache/bin:${process.env.PATH}`, // where the set-up has found or put OpenSSH
            NETSWEEP_STATE: coordinator,
            TMPDIR: place.path('tmp'),
          }),
        },
      );
    };
    const said = ({ stdout }: Finished) =>
      Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => [line.split(' ')[1], line.split(' ').slice(2).join(' ')]),
      );
    const tooOld = 'failed: it takes Node 20.19 or newer, found v18.20.4';
    const pids = () => Promise.all([a, b].map((one: Sshd) => one.ssh('cat $HOME/pid')));

    const first = await agentPackage(place, '0.1.0');
    const check = await roll(first, '--check');
    expect(said(check)).toEqual({
      a: 'ok: would: install 0.1.0, enrol as a for default, start',
      b: 'ok: would: install 0.1.0, enrol as b for default, start',
      old: tooOld,
    });
    expect(JSON.parse((await netsweep.local('agents', 'members', '--json')).stdout)).toEqual([]);

    const port = netsweep.serve.address.replace(/.*:/, '');
    const token = await netsweep.token('x', '--segment', 's');
    const careless = new Running('sh', ['-c', 'cat', 'sh', token], { onParentExit: 'input' });
    await until('it is seen', () => exposing(port).some((words) => words.startsWith('sh -c cat')));
    await careless.stop();
    const { result: rolled, looks, found } = await watched(port, roll(first));
    expect(said(rolled), rolled.stderr).toEqual({
      a: 'ok: did: install 0.1.0, enrol as a for default, start',
      b: 'ok: did: install 0.1.0, enrol as b for default, start',
      old: tooOld,
    });
    expect(rolled.status).toBe(1);
    expect(looks).toBeGreaterThan(10);
    expect(found).toEqual([]);
    for (const host of [a, b])
      expect(await host.ssh(`grep -rlsE '${TOKEN.source.replace('\\w', 'A-Za-z0-9_')}' $HOME || true`)).toBe(
        '',
      );
    expect(readdirSync(place.path('tmp'))).toEqual([]);

    const started = await pids();
    const again = await roll(first);
    expect(said(again)).toEqual({ a: 'ok: is there with 0.1.0', b: 'ok: is there with 0.1.0', old: tooOld });
    expect(await pids()).toEqual(started);

    const members = (await netsweep.local('agents', 'members', '--json')).stdout;
    await place.write('hosts', lines.slice(0, 2).join('\n'));
    const second = await agentPackage(place, '0.1.1');
    const upgrade = await roll(second);
    const did = 'ok: did: drain, install 0.1.1, start';
    expect(said(upgrade), upgrade.stderr).toEqual({ a: did, b: did });
    expect(upgrade.status).toBe(0);
    expect(JSON.parse((await netsweep.local('agents', 'members', '--json')).stdout)).toEqual(
      JSON.parse(members),
    );
    expect(await pids()).not.toEqual(started);

    // A host that was set up anew, or has joined as somebody else, is not taken for the one that joined.
    await a.ssh('rm -r .local/state/netsweep-agent');
    await b.ssh('sed -i \'s/"name": "b"/"name": "c"/\' .local/state/netsweep-agent/identity.json');
    const lost = await roll(second, '--check');
    expect(said(lost)).toEqual({
      a: 'failed: a is enrolled, but what it joined with is not on this host (--replace enrols it again)',
      b: 'failed: it has joined as c, not as b (--replace enrols it again)',
    });
  });

  test('is refused before anything is touched where its words are wrong', async () => {
    await using place = await Place.open();
    const hosts = await place.write('hosts', 'r1 dc1 one\nr2 dc1 one\n');
    const file = await place.write('netsweep-agent.tgz', 'x');
    const roll = async (...words: string[]) => {
      const { status, stderr } = await run('bash', [
        join(root, 'deploy/rollout/rollout.sh'),
        '--start',
        ':',
        ...words,
      ]);
      expect(status).toBe(2);
      return stderr.trim();
    };
    expect(await roll('--package', file, hosts)).toBe(`rollout: --package: ${file} is no package of npm`);
    const real = await agentPackage(place, '0.1.0');
    expect(await roll('--package', real, hosts)).toBe(
      `rollout: ${hosts}: two agents are called one: give one a NAME of its own`,
    );
    await place.write('hosts', 'r1;reboot dc1\n');
    expect(await roll('--package', real, hosts)).toContain(
      'found "r1;reboot dc1", expected [USER@]HOST[:PORT]',
    );
    expect(await roll('--packag', real, hosts)).toBe('rollout: unknown option --packag (--help)');
  });
});

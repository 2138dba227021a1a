// The packages, built and unpacked as on a host of their own: what is in them, what they need, and that they work.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Enrolled } from '../enrolled.ts';
import { Fleet } from '../fleet.ts';
import { Place } from '../place.ts';
import { output, program, Running, root, run } from '../process.ts';
import { execute, script, TEN_LINES } from '../script.ts';

let place: Place;
/** Where a package for npm lies unpacked, far from any node_modules. */
let unpacked: string;
let coordinator: string;

beforeAll(async () => {
  place = await Place.open();
  const words = ['deploy/packages/package.mjs', '--into', place.path('packages')];
  await output(process.execPath, [...words, 'netsweep-agent', 'netsweep'], { cwd: root });
  unpacked = await unpack('netsweep-agent');
  coordinator = await unpack('netsweep');
});

async function unpack(name: string): Promise<string> {
  const file = packed((one) => one.startsWith(`${name}-0`) && one.endsWith('.tgz'));
  await mkdir(place.path(name));
  await output('tar', ['-xzf', file, '-C', place.path(name)]);
  return place.path(`${name}/package`);
}

function packed(isIt: (file: string) => boolean): string {
  return place.path(`packages/${readdirSync(place.path('packages')).find(isIt)}`);
}

afterAll(() => place[Symbol.asyncDispose]());

describe('the package of the agent', () => {
  function programs(): string[] {
    const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
    return files.filter((file) => /\.(js|cjs|mjs)$/.test(file));
  }

  const text = (file: string) => readFileSync(join(unpacked, file), 'utf8');

  test('it holds what the agent is made of and nothing of the coordinator, the rehearsal fleet or its makers', () => {
    const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /coordinator|fleet|test|gen\/|\.(ts|map|kept)$/.test(file))).toEqual([]);
    // A chunk says of each module where it came from.
    const modules = programs().flatMap((file) =>
      [...text(file).matchAll(/^\/\/ ((?:dist|node_modules)\/\S+)$/gm)].map(([, module = '']) => module),
    );
    const own = modules.filter((module) => module.startsWith('dist/'));
    expect(own).toContain('dist/agent/worker.js');
    expect(own.filter((module) => !/^dist\/(agent\/(?!fleet)|proto\/)/.test(module))).toEqual([]);
    expect(modules.filter((module) => /sqlite|csv-parse|nodemailer|croner|@lezer/.test(module))).toEqual([]);
  });

  test('it depends on the packages that its files import, at exact versions, and on no other', () => {
    const said = programs().flatMap((file) => text(file).split('\n'));
    const imported = said
      .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line))
      .flatMap((line) => [
        ...line.matchAll(/(?:\brequire\(|\bimport\(|^import .*from )["']([\w@][\w@/.-]*)["']/g),
      ])
      .map(([, name = '']) => name)
      .filter((name) => !isBuiltin(name));
    const packages = new Set(imported.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]));
    const {
      dependencies = {},
      optionalDependencies,
      devDependencies,
      scripts,
    } = JSON.parse(text('package.json'));
    const declared = { ...dependencies, ...optionalDependencies };
    expect([...packages].sort()).toEqual(Object.keys(declared).sort());
    for (const version of Object.values(declared)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect([devDependencies, scripts]).toEqual([undefined, undefined]);
  });

  test('an older Node is told what it takes', () => {
    const old = "Object.defineProperty(process.versions, 'node', { value: '18.20.4' });";
    const program = join(unpacked, 'bin/netsweep-agent.cjs');
    const { status, stderr } = spawnSync(
      process.execPath,
      ['-e', `${old} require(${JSON.stringify(program)})`],
      {
        encoding: 'utf8',
      },
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(/^netsweep-agent: it takes Node 20.19 or newer, and .* NETSWEEP_NODE/);
  });

  test('alone on its host it says its version, joins a coordinator and sweeps', async () => {
    const program = join(unpacked, 'bin/netsweep-agent.cjs');
    const agent = (...words: string[]) =>
      run(process.execPath, [program, ...words], { cwd: place.folder, env: place.environment() });
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect((await agent('--version')).stdout.trim()).toBe(version);
    expect((await agent('--help')).stdout).toContain('netsweep-agent [options]');

    await using netsweep = await Enrolled.open({ devices: 5 });
    const token = await netsweep.token('far-away', '--segment', 'default');
    expect(await agent('join', token)).toMatchObject({ status: 0, stderr: '' });
    await using running = new Running(process.execPath, [program, '--nats', netsweep.nats.url], {
      onParentExit: 'killed',
      cwd: place.folder,
      env: place.environment(),
    });
    await running.logged(/^ready name=far-away/m);
    await using alice = await Place.open();
    await netsweep.operator(alice, 'alice');
    const words = ['-i', netsweep.fleet.inventory(), '--format', 'json'];
    const swept = await alice.netsweep(['run', 'show version', ...words]);
    expect(JSON.parse(swept.stdout).counts).toMatchObject({ selected: 5, ok: 5 });
    await running.stop('SIGTERM');
    expect(running.child.exitCode).toBe(0);
  });
});

describe('the package of the coordinator', () => {
  test('installed in an empty directory it lets ten lines of TypeScript sweep', async () => {
    // What npm would have brought.
    await mkdir(place.path('netsweep/package/node_modules'));
    for (const name of ['@photostructure', 'node-gyp-build'])
      await symlink(join(root, 'node_modules', name), join(coordinator, 'node_modules', name));
    await using empty = await Place.open();
    const file = await script(empty, TEN_LINES, coordinator);
    await using fleet = await Fleet.open({ devices: 4, platforms: ['cisco_ios'], siteSize: 0 });
    const { status, stdout, stderr } = await execute(empty, file, [fleet.inventory()]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^ended \{"selected":3,"ok":3,/);
  });

  test.skipIf(program('dpkg-deb') === null)(
    'its .deb brings a manual page for each command, completions for three shells, and starts no nats-server that is open',
    async () => {
      const deb = packed((file) => /^netsweep_.*\.deb$/.test(file));
      await output('dpkg-deb', ['-x', deb, place.path('installed')]);
      const share = place.path('installed/usr/share');
      const pages = readdirSync(join(share, 'man/man1'));
      await output(process.execPath, [join(coordinator, 'bin/netsweep.cjs'), 'manual', place.path('manual')]);
      expect(pages.toSorted()).toEqual(
        readdirSync(place.path('manual'))
          .map((page) => `${page}.gz`)
          .toSorted(),
      );
      const completions = [
        'bash-completion/completions/netsweep',
        'zsh/vendor-completions/_netsweep',
        'fish/vendor_completions.d/netsweep.fish',
      ];
      for (const file of completions)
        expect(readFileSync(join(share, file), 'utf8')).toMatch(/^#.*(compdef|completion)/);
      // Debian's own is started when it is installed, and lets everybody in.
      const needs = await output('dpkg-deb', ['-f', deb, 'Depends', 'Recommends']);
      expect(needs).not.toContain('nats');
    },
  );
});

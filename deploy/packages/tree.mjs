// What is installed of a program, whichever way: its bundle with the entries that start it, the data that it reads, and
// the terms of all that is in it. The programs are compiled for it anew, so that a dist/ in use is left alone.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAMS, pointEntries, writeChunks } from '../bundle/chunks.mjs';
import { CLIENT, writeClient } from './client.mjs';
import { termsOf } from './terms.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const here = fileURLToPath(new URL('.', import.meta.url));
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

export const version = own.version;

const { agent, worker } = PROGRAMS;
/** A build leaves it as it was compiled; installed without packages of its own it has to be in the bundle. */
const FLEET = { fleet: 'agent/fleet/main', member: 'agent/fleet/member', sleeper: 'agent/fleet/sleeper' };
/** Native parts that ssh2 does without. */
const FASTER = ['ssh2', 'cpu-features'];

export const TREES = [
  {
    name: 'netsweep-agent',
    about: 'The agent of netsweep: sweeps the devices of its segment. It joins a coordinator with a token.',
    bin: { 'netsweep-agent': 'agent.js' },
    programs: { agent, worker },
    data: ['proto/platforms'],
    needs: [],
    mayUse: FASTER,
  },
  {
    name: 'netsweep',
    about: own.description,
    bin: { netsweep: 'netsweep.js' },
    programs: { ...PROGRAMS, ...FLEET },
    client: { client: CLIENT },
    data: ['proto/platforms', 'coordinator/policies'],
    needs: ['@photostructure/sqlite'],
    mayUse: FASTER,
  },
];

/** Compiles all programs into `folder`. Throws when they can't be. */
export function compile(folder) {
  rmSync(folder, { recursive: true, force: true });
  const words = ['-p', 'tsconfig.json', '--outDir', folder, '--sourceMap', 'false'];
  const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), words, {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`tsc failed\n${stdout}`);
}

/** Makes `folder`, of programs that are compiled in `dist`, for npm to pack and for a .deb to hold. */
export async function plant(tree, dist, folder) {
  rmSync(folder, { recursive: true, force: true });
  const bundle = join(folder, 'dist/bundle');
  const modules = await writeChunks({ dist, bundle, programs: { ...tree.programs, ...tree.client } });
  pointEntries({ dist: join(folder, 'dist'), bundle, programs: tree.programs });
  copyFileSync(join(root, 'deploy/bundle/start.cjs'), join(bundle, 'start.cjs'));
  for (const data of tree.data) cpSync(join(root, data), join(folder, data), { recursive: true });
  for (const [name, program] of Object.entries(tree.bin)) writeBin(folder, name, program);
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'THIRD-PARTY'), termsOf(modules));
  writeFileSync(join(folder, 'README.md'), readme(tree));
  if (tree.client !== undefined) await writeClient(dist, join(folder, 'dist'));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(about(tree), null, 2)}\n`);
  modes(folder);
}

function writeBin(folder, name, program) {
  const file = join(folder, 'bin', `${name}.cjs`);
  mkdirSync(dirname(file), { recursive: true });
  const text = readFileSync(join(here, 'launch.cjs'), 'utf8');
  writeFileSync(file, text.replaceAll('PROGRAM', name).replace('CHUNK', program));
  chmodSync(file, 0o755);
}

function about({ name, about, bin, client, needs, mayUse }) {
  return {
    name,
    version,
    description: about,
    license: own.license,
    type: 'module',
    engines: own.engines,
    ...(client === undefined ? {} : { exports: own.exports }),
    bin: Object.fromEntries(Object.keys(bin).map((program) => [program, `bin/${program}.cjs`])),
    ...(needs.length > 0 ? { dependencies: pinned(needs) } : {}),
    optionalDependencies: pinned(mayUse),
  };
}

/** Whatever the umask of who builds it. */
export function modes(top) {
  chmodSync(top, 0o755);
  for (const path of readdirSync(top, { recursive: true })) {
    const file = join(top, path);
    chmodSync(file, lstatSync(file).isDirectory() || isScript(file) ? 0o755 : 0o644);
  }
}

function isScript(file) {
  return readFileSync(file).subarray(0, 2).equals(Buffer.from('#!'));
}

/** At the versions that package-lock.json has, and tests ran with. */
function pinned(names) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.fromEntries(names.map((name) => [name, packages[`node_modules/${name}`].version]));
}

function readme({ name, about, bin }) {
  const [program] = Object.keys(bin);
  return `# ${name}\n\n${about}\n\n\`${program} --help\` tells the rest. It takes Node 20.19 or newer.\n`;
}

// `npm run package`: what is installed on other hosts, into dist-packages/. For each program a package for npm and a .deb:
//
//   netsweep-agent-VERSION.tgz   netsweep-agent_VERSION_ARCH.deb    the agent alone
//   netsweep-VERSION.tgz         netsweep_VERSION_ARCH.deb          coordinator, command line, rehearsal fleet
//                                netsweep-nats_VERSION_all.deb      a unit and a user for a nats-server of netsweep
//
// README.md beside this file tells what they hold. `npm run package -- --into DIR NAME...`: elsewhere, and only these.
// SOURCE_DATE_EPOCH is the time in them, by default that of the commit.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, DEBS } from './deb.mjs';
import { compile, plant, root, TREES } from './tree.mjs';

const { values, positionals } = parseArgs({ options: { into: { type: 'string' } }, allowPositionals: true });
const folder = values.into === undefined ? join(root, 'dist-packages') : resolve(values.into);
const isWanted = ({ name }) => positionals.length === 0 || positionals.includes(name);

function epoch() {
  const { SOURCE_DATE_EPOCH } = process.env;
  if (SOURCE_DATE_EPOCH !== undefined) return Number(SOURCE_DATE_EPOCH);
  const { stdout, status } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? Number(stdout) : Math.floor(statSync(join(root, 'package.json')).mtimeMs / 1000);
}

/** Runs no script of a package: there is none in ours. */
function pack(tree) {
  const words = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const { status, stderr } = spawnSync('npm', words, { cwd: tree, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm pack: ${stderr}`);
}

async function packAll(work) {
  // Beneath the checkout, where what the programs import is found.
  const dist = join(root, '.cache', `packages-${process.pid}`);
  try {
    compile(dist);
    for (const tree of TREES.filter(isWanted)) {
      await plant(tree, dist, join(work, tree.name));
      pack(join(work, tree.name));
    }
  } finally {
    rmSync(dist, { recursive: true, force: true });
  }
}

function debianAll(work) {
  if (!existsSync('/usr/bin/dpkg-deb')) return console.error('no .deb: there is no dpkg-deb here');
  for (const deb of DEBS.filter(isWanted)) build(deb, { trees: work, work, folder, epoch: epoch() });
}

if (values.into === undefined) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'netsweep-packages-'));
try {
  await packAll(work);
  debianAll(work);
} finally {
  rmSync(work, { recursive: true });
}
for (const file of readdirSync(folder))
  console.log(`${join(folder, file)}  ${Math.ceil(statSync(join(folder, file)).size / 1024)} KiB`);

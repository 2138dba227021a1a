// A .deb of a tree, made with nothing but dpkg-deb. The same sources and SOURCE_DATE_EPOCH make the same bytes.
import { spawnSync } from 'node:child_process';
import {
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
import { BINDING } from '../bundle/chunks.mjs';
import { packed, pages, reference } from './manuals.mjs';
import { nativeParts } from './native.mjs';
import { APACHE, section } from './terms.mjs';
import { modes, root, version } from './tree.mjs';

const parts = join(root, 'deploy/packages/debian');
const MAINTAINER = 'netsweep maintainers <netsweep@packages.debian.org>';

/** Node's versions below are refused by the programs, too, as PATH may lead to another one. */
const NODE = 'nodejs (>= 20.19)';
const CHECK_NODE = `@PROGRAM@ --version >/dev/null || echo '@PACKAGE@ is installed, but does not start yet: see above' >&2`;

/**
 * `files`: where a file of deploy/ is installed. `tree`: the program that it holds, if any. `pages`: manual pages of the
 * --help of a program, null: of a text beside the other parts. `tells`: the program that writes its own, and completions.
 */
export const DEBS = [
  {
    name: 'netsweep-agent',
    tree: 'netsweep-agent',
    depends: ['adduser', NODE],
    user: 'netsweep-agent',
    unit: 'netsweep-agent.service',
    check: CHECK_NODE.replace('@PROGRAM@', 'netsweep-agent'),
    conffiles: ['/etc/netsweep/agent.env'],
    files: {
      'packages/debian/netsweep-agent.sh': '/usr/bin/netsweep-agent',
      'packages/debian/agent.env': '/etc/netsweep/agent.env',
      'systemd/netsweep-agent.service': '/lib/systemd/system/netsweep-agent.service',
    },
    pages: { 'netsweep-agent.1': 'netsweep-agent' },
    about: 'agent that sweeps the devices of a network segment',
    more: [
      'It is told by a coordinator, over NATS and gRPC with mutual TLS, which',
      'commands to run on which routers, switches and firewalls, runs them over SSH,',
      'and streams the results back. It joins with a token that works once.',
    ],
  },
  {
    name: 'netsweep',
    tree: 'netsweep',
    depends: ['adduser', NODE],
    recommends: ['git'],
    // Not more: Debian starts a nats-server as soon as it is installed, open to everybody.
    suggests: ['netsweep-nats', 'nats-server (>= 2.9.4)'],
    user: 'netsweep',
    unit: 'netsweep.service',
    check: CHECK_NODE.replace('@PROGRAM@', 'netsweep'),
    conffiles: ['/etc/netsweep/coordinator.env'],
    files: {
      'packages/debian/netsweep.sh': '/usr/bin/netsweep',
      'packages/debian/netsweep-admin.sh': '/usr/sbin/netsweep-admin',
      'packages/debian/coordinator.env': '/etc/netsweep/coordinator.env',
      'packages/debian/key-credential.conf': '/usr/share/doc/netsweep/examples/key-credential.conf',
      'systemd/netsweep.service': '/lib/systemd/system/netsweep.service',
    },
    pages: { 'netsweep-admin.8': null },
    tells: 'netsweep',
    about: 'commands over SSH on any number of network devices',
    more: [
      'The command line, and the coordinator as a service: plans sweeps of routers,',
      'switches and firewalls, gives them to agents near the devices, and keeps what',
      'comes back, with an answer for every device.',
    ],
  },
  {
    name: 'netsweep-nats',
    tree: null,
    depends: ['adduser', 'nats-server (>= 2.9.4)'],
    user: 'netsweep-nats',
    unit: 'netsweep-nats.service',
    check: ':',
    conffiles: [],
    files: {
      'packages/debian/netsweep-nats-install.sh': '/usr/sbin/netsweep-nats-install',
      'systemd/netsweep-nats.service': '/lib/systemd/system/netsweep-nats.service',
    },
    pages: { 'netsweep-nats-install.8': null },
    about: "service that runs nats-server for netsweep's agents",
    more: [
      'A unit and a user for a nats-server that netsweep serve --init has configured,',
      'with TLS and a user for everybody, instead of the open one of nats-server.',
    ],
  },
];

/** Writes the package into `folder`; resolves with its path. `trees` are where `plant` made them. */
export function build(deb, { trees, work, folder, epoch }) {
  const top = join(work, `${deb.name}.deb`);
  rmSync(top, { recursive: true, force: true });
  const architecture = deb.tree === null ? 'all' : debianArchitecture();
  if (deb.tree !== null) installTree(join(trees, deb.tree), join(top, 'usr/lib', deb.tree), deb.tree);
  for (const [from, to] of Object.entries(deb.files)) install(join(root, 'deploy', from), join(top, to));
  document(deb, top, { trees, epoch });
  pages(deb, top, { trees, epoch });
  if (deb.tells !== undefined) reference(deb.tells, top, { trees, epoch });
  const size = inKilobytes(top);
  control(deb, top, { architecture, size });
  modes(top);
  const file = join(folder, `${deb.name}_${version}_${architecture}.deb`);
  dpkgDeb(top, file, epoch);
  return file;
}

/** The program, and the native parts that npm would have brought. */
function installTree(from, to, tree) {
  cpSync(from, to, { recursive: true });
  // A package's own files of terms have a place of their own in Debian.
  for (const file of ['LICENSE', 'README.md', 'THIRD-PARTY']) rmSync(join(to, file));
  for (const part of nativeParts(tree)) {
    const file = join(to, 'node_modules', part.to);
    install(part.from, file);
    // What was compiled here still has its symbols. Without binutils nothing was.
    if (file.endsWith('.node')) spawnSync('strip', ['--strip-unneeded', file]);
  }
}

function install(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function document(deb, top, { trees, epoch }) {
  const folder = join(top, 'usr/share/doc', deb.name);
  mkdirSync(folder, { recursive: true });
  const heading = `${deb.name} (${version}) unstable; urgency=medium`;
  const changes = `  * What has changed is told in CHANGELOG.md of the sources.`;
  const signed = ` -- ${MAINTAINER}  ${new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')}`;
  packed(join(folder, 'changelog.gz'), `${heading}\n\n${changes}\n\n${signed}\n`);
  const theirs = deb.tree === null ? '' : readFileSync(join(trees, deb.tree, 'THIRD-PARTY'), 'utf8');
  writeFileSync(join(folder, 'copyright'), copyright(deb, theirs));
  copyFileSync(join(parts, `${deb.name}.md`), join(folder, 'README.md'));
}

function copyright({ tree }, theirs) {
  const own = [
    'netsweep is under the Apache License, version 2.0, which is in',
    '/usr/share/common-licenses/Apache-2.0 on Debian systems.',
    '',
    'Copyright (C) 2026 the authors of netsweep',
  ];
  if (tree === null) return `${own.join('\n')}\n`;
  const native = nativePackages(tree).map((name) => section(join(root, 'node_modules', name)));
  const rest = ['', 'It holds parts of these packages, each under its own terms:', '', ...native, theirs];
  return [...own, ...rest].join('\n').replaceAll(APACHE, 'The Apache License, as above.');
}

function nativePackages(tree) {
  return [...new Set(nativeParts(tree).map(({ name }) => name))].filter((name) => !BINDING.startsWith(name));
}

function control(deb, top, { architecture, size }) {
  const folder = join(top, 'DEBIAN');
  mkdirSync(folder);
  const fields = [
    `Package: ${deb.name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${size}`,
    `Depends: ${[...libraries(architecture), ...deb.depends].join(', ')}`,
    ...relation('Recommends', deb.recommends),
    ...relation('Suggests', deb.suggests),
    'Section: net',
    'Priority: optional',
    `Description: ${deb.about}`,
    ...deb.more.map((line) => ` ${line}`),
  ];
  writeFileSync(join(folder, 'control'), `${fields.join('\n')}\n`);
  if (deb.conffiles.length > 0) writeFileSync(join(folder, 'conffiles'), `${deb.conffiles.join('\n')}\n`);
  for (const script of ['postinst', 'prerm', 'postrm'])
    writeFileSync(join(folder, script), filled(readFileSync(join(parts, script), 'utf8'), deb));
  writeFileSync(join(folder, 'md5sums'), sums(top));
}

function relation(name, packages = []) {
  return packages.length > 0 ? [`${name}: ${packages.join(', ')}`] : [];
}

/** Of the native parts. */
function libraries(architecture) {
  return architecture === 'all' ? [] : ['libc6 (>= 2.28)', 'libstdc++6 (>= 9)'];
}

function filled(text, { name, user, unit, check }) {
  return text
    .replaceAll('@CHECK@', check)
    .replaceAll('@PACKAGE@', name)
    .replaceAll('@USER@', user)
    .replaceAll('@STATE@', `/var/lib/${user}`)
    .replaceAll('@UNIT@', unit);
}

function sums(top) {
  const files = filesOf(top).filter((file) => !file.startsWith('DEBIAN/') && !file.startsWith('etc/'));
  const { stdout, status } = spawnSync('md5sum', files, { cwd: top, encoding: 'utf8' });
  if (status !== 0) throw new Error('md5sum failed');
  return stdout;
}

function filesOf(top) {
  return readdirSync(top, { recursive: true })
    .filter((path) => lstatSync(join(top, path)).isFile())
    .sort();
}

function inKilobytes(top) {
  return filesOf(top).reduce((sum, file) => sum + Math.ceil(lstatSync(join(top, file)).size / 1024), 0);
}

function dpkgDeb(top, file, epoch) {
  const words = ['--root-owner-group', '-Zxz', '-z3', '--threads-max=1', '--build', top, file];
  const { status, stderr } = spawnSync('dpkg-deb', words, {
    encoding: 'utf8',
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
  });
  if (status !== 0) throw new Error(`dpkg-deb: ${stderr}`);
}

function debianArchitecture() {
  const { stdout } = spawnSync('dpkg', ['--print-architecture'], { encoding: 'utf8' });
  return stdout.trim();
}

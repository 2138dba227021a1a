// The parts in machine code that a .deb brings along, where npm would fetch or build them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BINDING } from '../bundle/chunks.mjs';
import { root } from './tree.mjs';

const SQLITE = '@photostructure/sqlite';
const MADE_FOR = `linux-${process.arch}`;
/** The database, and what finds its prebuilt part. */
const STORE = [
  [SQLITE, 'package.json'],
  [SQLITE, 'dist/index.cjs'],
  [SQLITE, `prebuilds/${MADE_FOR}/@photostructure+sqlite.glibc.node`],
  ['node-gyp-build', 'package.json'],
  ['node-gyp-build', 'index.js'],
  ['node-gyp-build', 'node-gyp-build.js'],
];

/** Files of node_modules, each with the package that it is of, and its place in an installed node_modules. */
export function nativeParts(tree) {
  const store = tree === 'netsweep' ? STORE.map(([name, path]) => ({ name, to: join(name, path) })) : [];
  const found = store.map((part) => ({ ...part, from: join(root, 'node_modules', part.to) }));
  const binding = join(root, 'node_modules', BINDING);
  // It was built for the Node that was there; ssh2 does without where there is another.
  return existsSync(binding) ? [...found, { name: 'ssh2', to: BINDING, from: binding }] : found;
}

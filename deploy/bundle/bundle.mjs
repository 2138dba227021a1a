// The last step of a build: the programs in dist/, as tsc wrote them, become a few large files in dist/bundle, and
// their entries start those. Loading hundreds of small files costs a process of ours more than all else that it does
// for one device. Then a small sweep is run, and what V8 compiled for it is kept beside the files.
import { chmodSync, copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { rehearse } from './rehearse.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../../dist');
const bundle = join(dist, 'bundle');

/** Each has an entry in dist/, which stays where it is, and a file of the bundle. */
const PROGRAMS = {
  netsweep: 'coordinator/main',
  store: 'coordinator/store/thread',
  parse: 'coordinator/parse/thread',
  history: 'coordinator/history/thread',
  agent: 'agent/main',
  worker: 'agent/worker',
  judge: 'coordinator/audit/thread',
};
/** Looked for beside ssh2 at run time. Without it ssh2 goes on without a word, a third slower. */
const BINDING = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';

/** A module keeps the address that it had in dist/, because programs and data are found from there. */
const inPlace = {
  name: 'in-place',
  transform(code, id) {
    if (!id.startsWith(`${dist}/`)) return null;
    const path = JSON.stringify(relative(dist, id));
    const address = `require('node:url').pathToFileURL(require('node:path').join(__dirname, '..', ${path})).href`;
    return code.replace(/^#!.*/, '').replaceAll('import.meta.url', address);
  },
};

const nativeBinding = {
  name: 'native-binding',
  resolveId: (id) => (id.endsWith('/sshcrypto.node') ? { id: BINDING, external: true } : null),
};

async function write() {
  const programs = await rolldown({
    input: Object.fromEntries(
      Object.entries(PROGRAMS).map(([name, entry]) => [name, join(dist, `${entry}.js`)]),
    ),
    platform: 'node',
    external: ['cpu-features', '@photostructure/sqlite'],
    plugins: [inPlace, nativeBinding],
  });
  const { output } = await programs.write({
    dir: bundle,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  });
  await programs.close();
  if (!output.some(({ code }) => code?.includes(BINDING)))
    throw new Error("ssh2's binding is not looked for");
  for (const { fileName, code } of output) writeFileSync(join(bundle, fileName), ascii(code));
  writeFileSync(join(bundle, 'package.json'), '{ "type": "commonjs" }\n');
}

/** Outside of ASCII there are strings, patterns and comments, and all of them may say it like this. */
function ascii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function pointEntries() {
  for (const [name, entry] of Object.entries(PROGRAMS)) {
    const file = join(dist, `${entry}.js`);
    const start = join(relative(dirname(file), bundle), 'start.cjs');
    const lines = [
      '#!/usr/bin/env node',
      "import { createRequire } from 'node:module';",
      `createRequire(import.meta.url)('${start}').start('${name}.js');`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    chmodSync(file, 0o755);
  }
}

rmSync(bundle, { recursive: true, force: true });
await write();
pointEntries();
copyFileSync(join(here, 'start.cjs'), join(bundle, 'plain.cjs'));
copyFileSync(join(here, 'record.cjs'), join(bundle, 'start.cjs'));
try {
  await rehearse(dist, bundle);
} catch (error) {
  console.error(`the programs will start more slowly: the sweep that warms them failed: ${error.message}`);
}
renameSync(join(bundle, 'plain.cjs'), join(bundle, 'start.cjs'));

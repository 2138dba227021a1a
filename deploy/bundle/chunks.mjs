// A few large files out of the hundreds that tsc wrote: which programs there are, what stays outside, and how an entry
// starts its file. Used by the build for dist/ and by deploy/packages for what is installed elsewhere.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';

/** Each has an entry in dist/, which stays where it is, and a file of the bundle. */
export const PROGRAMS = {
  netsweep: 'coordinator/main',
  store: 'coordinator/store/thread',
  parse: 'coordinator/parse/thread',
  history: 'coordinator/history/thread',
  agent: 'agent/main',
  worker: 'agent/worker',
  judge: 'coordinator/audit/thread',
};
/** Looked for beside ssh2 at run time. Without it ssh2 goes on without a word, a third slower. */
export const BINDING = 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';

/** A module keeps the address that it had in dist/, because programs and data are found from there. */
const inPlace = (dist) => ({
  name: 'in-place',
  transform(code, id) {
    if (!id.startsWith(`${dist}/`)) return null;
    const path = JSON.stringify(relative(dist, id));
    const address = `require('node:url').pathToFileURL(require('node:path').join(__dirname, '..', ${path})).href`;
    return code.replace(/^#!.*/, '').replaceAll('import.meta.url', address);
  },
});

const nativeBinding = {
  name: 'native-binding',
  resolveId: (id) => (id.endsWith('/sshcrypto.node') ? { id: BINDING, external: true } : null),
};

/** Writes the programs, compiled in `dist`, as chunks into `bundle`; resolves with the modules that are in them. */
export async function writeChunks({ dist, bundle, programs }) {
  const bundled = await rolldown({
    input: Object.fromEntries(
      Object.entries(programs).map(([name, entry]) => [name, join(dist, `${entry}.js`)]),
    ),
    platform: 'node',
    external: ['cpu-features', '@photostructure/sqlite'],
    checks: { ineffectiveDynamicImport: false },
    plugins: [inPlace(dist), nativeBinding],
  });
  const { output } = await bundled.write({
    dir: bundle,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  });
  await bundled.close();
  if (!output.some(({ code }) => code?.includes(BINDING)))
    throw new Error("ssh2's binding is not looked for");
  for (const { fileName, code } of output) writeFileSync(join(bundle, fileName), ascii(anywhere(code, dist)));
  writeFileSync(join(bundle, 'package.json'), '{ "type": "commonjs" }\n');
  return output.flatMap(({ moduleIds = [] }) => moduleIds);
}

/** The same bytes wherever the checkout and its packages lie: a chunk says of each module where it came from. */
function anywhere(code, dist) {
  const own = `// ${relative(process.cwd(), dist)}/`;
  return code.replaceAll(own, '// dist/').replace(/^\/\/ \S*?(?=node_modules\/)/gm, '// ');
}

/** Outside of ASCII there are strings, patterns and comments, and all of them may say it like this. */
function ascii(code) {
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function pointEntries({ dist, bundle, programs }) {
  for (const [name, entry] of Object.entries(programs)) {
    const file = join(dist, `${entry}.js`);
    const start = join(relative(dirname(file), bundle), 'start.cjs');
    const lines = [
      '#!/usr/bin/env node',
      "import { createRequire } from 'node:module';",
      `createRequire(import.meta.url)('${start}').start('${name}.js');`,
    ];
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${lines.join('\n')}\n`);
    chmodSync(file, 0o755);
  }
}

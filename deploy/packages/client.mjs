// The client for scripts, `import { Netsweep } from 'netsweep'`, in a package: an ES module in front of its chunk, and the
// types that it shows.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Below dist/, in a checkout and in a package alike. */
export const CLIENT = 'coordinator/client/netsweep';

/** `from`: what was compiled. `into`: the dist/ of a package, whose bundle has the client as the chunk `client`. */
export async function writeClient(from, into) {
  for (const file of typesOf(from, `${CLIENT}.d.ts`)) {
    mkdirSync(dirname(join(into, file)), { recursive: true });
    copyFileSync(join(from, file), join(into, file));
  }
  const names = Object.keys(await import(pathToFileURL(join(from, `${CLIENT}.js`)).href));
  const lines = [
    "import client from '../../bundle/client.js';",
    `export const { ${names.join(', ')} } = client;`,
  ];
  writeFileSync(join(into, `${CLIENT}.js`), `${lines.join('\n')}\n`);
}

/** The file and what it imports. Throws where that is another package's, which nobody would have installed. */
function typesOf(dist, first) {
  const files = new Set([first]);
  for (const file of files)
    for (const [, name] of readFileSync(join(dist, file), 'utf8').matchAll(/\bfrom '([^']+)'/g)) {
      if (!name.startsWith('.')) throw new Error(`${file}: the client's types need ${name}`);
      files.add(normalize(join(dirname(file), name.replace(/\.js$/, '.d.ts'))));
    }
  return files;
}

// A script of somebody's own: TypeScript compiled against the types of a package that lies beside it, run by itself.
import { symlink } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Place } from './place.ts';
import { type Finished, root, run } from './process.ts';

/** The client in ten lines; it takes an inventory. */
export const TEN_LINES = `
import { Netsweep } from 'netsweep';

await using netsweep = await Netsweep.open({ inventory: process.argv[2] ?? '' });
const sweep = await netsweep.run('show version', { limit: 'R*:!R2', retries: 0, connectTimeout: '5s' });
for await (const { device, status, failure, outputs } of sweep)
  console.log(device, status, failure?.kind, outputs[0]?.status, outputs[0]?.output.split('\\n')[0]);
const { status, counts } = await sweep.ended();
console.log(status, JSON.stringify(counts));
`;

/** Compiles it in `place`, where `installed` is the package netsweep; resolves with what to run. */
export async function script(place: Place, text: string, installed = root): Promise<string> {
  await place.write('package.json', JSON.stringify({ type: 'module' }));
  await place.write('node_modules/none', '');
  await symlink(installed, place.path('node_modules/netsweep'));
  const source = await place.write('script.ts', text);
  const compile = [
    ...['--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--module', 'nodenext', '--strict'],
    ...['--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--types', 'node'],
    ...['--typeRoots', `${root}/node_modules/@types`, '--outDir', place.path('out'), source],
  ];
  const { status, stdout } = await run(`${root}/node_modules/.bin/tsc`, compile, { cwd: place.folder });
  expect(stdout).toBe('');
  expect(status).toBe(0);
  return place.path('out/script.js');
}

export function execute(place: Place, file: string, args: string[]): Promise<Finished> {
  return run(process.execPath, [file, ...args], { cwd: place.folder, env: place.environment() });
}

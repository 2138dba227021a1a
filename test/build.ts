// Runs once before the tests: brings dist/ up to date, because tests of programs and of forked workers run the
// built files. It compiles in place, so that another run of tests beside this one never finds dist/ empty.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** When the newest file with this ending in these folders was written, in ms; 0 if there is none. */
function newest(folders: string[], ending: string): number {
  let latest = 0;
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith(ending)) continue;
      latest = Math.max(latest, statSync(join(root, folder, name)).mtimeMs);
    }
  }
  return latest;
}

function writtenAt(file: string): number {
  return statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Says what is wrong and goes on: a test that needs the broken part fails by itself, the others are of use. */
function compile(program: string, args: string[]): void {
  const run = spawnSync(join(root, 'node_modules/.bin', program), args, { cwd: root, encoding: 'utf8' });
  if (run.status !== 0) console.error(`${program} ${args.join(' ')} failed\n${run.stdout}${run.stderr}`);
}

export function setup(): void {
  const generate = newest(['proto'], '.proto') > writtenAt('proto/gen/netsweep/v1/model.ts');
  if (generate) compile('buf', ['generate']);
  if (newest(['proto', 'coordinator', 'agent'], '.ts') < writtenAt('dist/coordinator/main.js')) return;
  rmSync(join(root, '.cache/built'), { force: true }); // the set-up's stamp is for a build of its own
  compile('tsc', ['-p', 'tsconfig.json']);
}

// The packages that deploy/packages makes, and the same once more as a later release, so that there is something to upgrade to.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output, root } from '../process.ts';
import type { Host } from './host.ts';

/** On the administrator's host. */
const THERE = '/root/packages';

export class Packages {
  private constructor(private readonly folder: string) {}

  static async open(folder: string): Promise<Packages> {
    const words = ['deploy/packages/package.mjs', '--into', join(folder, 'first')];
    await output(process.execPath, words, { cwd: root });
    await mkdir(join(folder, 'next'));
    for (const file of await readdir(join(folder, 'first')))
      if (file.endsWith('.deb')) await repack(folder, file);
    return new Packages(folder);
  }

  /** What lay there before is gone. */
  async layOut(admin: Host, release: 'first' | 'next'): Promise<void> {
    await rm(admin.path(THERE), { recursive: true, force: true });
    await mkdir(admin.path(THERE));
    const folder = join(this.folder, release);
    for (const file of await readdir(folder))
      if (file.endsWith('.deb')) await cp(join(folder, file), join(admin.path(THERE), file));
  }
}

/** The programs in it are the same; to Debian it is a newer version. */
async function repack(folder: string, file: string): Promise<void> {
  const tree = join(folder, 'tree');
  await output('dpkg-deb', ['-R', join(folder, 'first', file), tree]);
  const control = join(tree, 'DEBIAN/control');
  await writeFile(control, (await readFile(control, 'utf8')).replace(/^Version: .*$/m, '$&+next'));
  const next = join(folder, 'next', file.replace(/^([^_]+_[^_]+)/, '$1+next'));
  await output('dpkg-deb', ['--root-owner-group', '-Zgzip', '-b', tree, next]);
  await rm(tree, { recursive: true });
}

// Packages of Debian for hosts that reach no network but their own: a folder that apt reads like any archive.
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output, root } from '../process.ts';
import type { Host } from './host.ts';

const FOLDER = '/srv/mirror';
const KEPT = join(root, '.cache/mirror');

export class Mirror {
  private constructor(private readonly files: string[]) {}

  /** Fetches what is not there yet. */
  static async open(...packages: string[]): Promise<Mirror> {
    await mkdir(KEPT, { recursive: true });
    const have = await readdir(KEPT);
    const lacking = packages.filter((name) => !have.some((file) => file.startsWith(`${name}_`)));
    if (lacking.length > 0)
      await output('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...lacking], { cwd: KEPT });
    const files = (await readdir(KEPT)).filter((file) =>
      packages.some((name) => file.startsWith(`${name}_`)),
    );
    return new Mirror(files.map((file) => join(KEPT, file)));
  }

  /** From then on its apt knows this and no other archive. */
  async offerTo(host: Host): Promise<void> {
    const there = host.path(FOLDER);
    await mkdir(there, { recursive: true });
    const entries = await Promise.all(this.files.map((file) => entryOf(file)));
    for (const { file, name } of entries) await cp(file, join(there, name));
    await writeFile(join(there, 'Packages'), entries.map(({ text }) => text).join('\n'));
    await host.do(`
      rm -f /var/lib/dpkg/updates/* # whatever is being installed on this machine
      rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
      echo 'deb [trusted=yes] file:${FOLDER} ./' >/etc/apt/sources.list
      apt-get -qq -o APT::Sandbox::User=root update
    `);
  }
}

async function entryOf(file: string): Promise<{ file: string; name: string; text: string }> {
  const name = file.replace(/.*\//, '');
  const [control, { size }, bytes] = await Promise.all([
    output('dpkg-deb', ['-f', file]),
    stat(file),
    readFile(file),
  ]);
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { file, name, text: `${control.trim()}\nFilename: ./${name}\nSize: ${size}\nSHA256: ${digest}\n` };
}

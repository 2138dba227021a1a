// What a .deb brings for man and for shells: manual pages and completions, told by the programs themselves.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root, version } from './tree.mjs';

const parts = join(root, 'deploy/packages/debian');
/** Where Debian's shells look. */
const COMPLETIONS = {
  bash: (program) => `usr/share/bash-completion/completions/${program}`,
  zsh: (program) => `usr/share/zsh/vendor-completions/_${program}`,
  fish: (program) => `usr/share/fish/vendor_completions.d/${program}.fish`,
};

/** Of a program that writes its own: a page for each command, and what shells complete. */
export function reference(program, top, { trees, epoch }) {
  const say = (...words) => told(program, words, { trees, epoch });
  const folder = mkdtempSync(join(tmpdir(), 'netsweep-manual-'));
  try {
    say('manual', folder);
    for (const page of readdirSync(folder))
      packed(join(top, `usr/share/man/man1/${page}.gz`), readFileSync(join(folder, page)));
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const [shell, place] of Object.entries(COMPLETIONS)) {
    const file = join(top, place(program));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, say('completion', shell));
  }
}

/** What --help says, or a text, as manual pages. */
export function pages(deb, top, { trees, epoch }) {
  for (const [page, program] of Object.entries(deb.pages)) {
    const number = page.slice(-1);
    const name = page.slice(0, -2);
    const text =
      program === null
        ? readFileSync(join(parts, `${name}.txt`), 'utf8')
        : told(program, ['--help'], { trees, epoch });
    const date = new Date(epoch * 1000).toISOString().slice(0, 10);
    const [about = ''] = text.split('\n').filter((line) => line !== '' && !/^usage/i.test(line));
    const body = text
      .replaceAll('\\', '\\e')
      .replaceAll('-', '\\-')
      .replaceAll(/^([.'])/gm, '\\&$1');
    const head = `.TH ${name.toUpperCase()} ${number} ${date} "netsweep ${version}"`;
    const words = [
      head,
      '.SH NAME',
      `${name} \\- ${about.replaceAll('-', '\\-')}`,
      '.SH DESCRIPTION',
      '.nf',
      body,
    ];
    packed(join(top, `usr/share/man/man${number}/${page}.gz`), `${words.join('\n')}\n.fi\n`);
  }
}

export function packed(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, gzipSync(text, { level: 9 }));
}

/** What a program prints. Throws where it can't. */
function told(program, words, { trees, epoch }) {
  const file = join(trees, program, 'bin', `${program}.cjs`);
  const { stdout, status, stderr } = spawnSync(process.execPath, [file, ...words], {
    encoding: 'utf8',
    env: { COLUMNS: '80', SOURCE_DATE_EPOCH: String(epoch) },
  });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

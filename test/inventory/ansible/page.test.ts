// The examples of docs/ansible.md are run as they stand there.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { directoryOf } from '../files.ts';
import { sealed } from './seal.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(join(root, 'docs/ansible.md'), 'utf8');
const BLOCK = /^```(\w+)(?: title=(\S+))?([\w ]*)\n([\s\S]*?)^```$/gm;
const PASSWORD = 'open sesame';

test('what docs/ansible.md shows is what netsweep prints', async () => {
  using directory = directoryOf({ '.vault-password': `${PASSWORD}\n` });
  let commands = 0;
  for (const [, language = '', title, kind = '', text = ''] of PAGE.matchAll(BLOCK)) {
    if (title !== undefined) write(join(directory.path, title), kind.trim(), text);
    if (language !== 'console') continue;
    for (const [, command = '', output = ''] of text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
      expect(await run(command, directory.path)).toBe(output);
      commands += 1;
    }
  }
  expect(commands).toBeGreaterThan(3);
}, 60_000);

function write(path: string, kind: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, kind === 'vault' ? `${sealed(text, PASSWORD)}\n` : text);
  if (kind === 'executable') chmodSync(path, 0o755);
}

/** What it prints on a terminal, warnings left out. */
async function run(command: string, cwd: string): Promise<string> {
  const main = join(root, 'dist/coordinator/main.js');
  const line = command.replace(/^netsweep\b/, `"${process.execPath}" "${main}"`);
  const env = { PATH: process.env.PATH, HOME: cwd, XDG_CONFIG_HOME: cwd };
  return new Promise((done) =>
    execFile('/bin/sh', ['-c', line], { cwd, env }, (_error, stdout, stderr) =>
      done(stdout + stderr.replace(/^warning: .*\n/gm, '')),
    ),
  );
}

// `netsweep completion SHELL` and `netsweep manual DIR`.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { makeDirectory } from '../../proto/directory.js';
import { count, didYouMean, nearest, quote } from '../inventory/wording.js';
import { version } from '../version.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { printLines } from './print.js';
import { completionFor, SHELLS } from './reference/completion.js';
import { manualPages } from './reference/manual.js';
import { pagesOf } from './reference/pages.js';

export async function printCompletion(program: Command, name: string): Promise<ExitCode> {
  const shell = SHELLS.find((one) => one === name);
  if (shell === undefined)
    throw new UsageError(
      `no completions for ${quote(name)} (expected ${SHELLS.join(', ')}${didYouMean(nearest(name, SHELLS))})`,
    );
  await printLines(completionFor(shell, pagesOf(program)).trimEnd().split('\n'));
  return EXIT.ok;
}

export async function writeManual(program: Command, directory: string): Promise<ExitCode> {
  const date = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000) * 1000);
  const pages = manualPages(pagesOf(program), { version: version(), date: date.toISOString().slice(0, 10) });
  makeDirectory(directory, 0o777);
  for (const { file, text } of pages) await writeFile(join(directory, file), text);
  await printLines([`${count(pages.length, 'manual page')} in ${directory}`]);
  return EXIT.ok;
}

import { mkdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../../coordinator/cli/program.ts';
import { completionFor } from '../../coordinator/cli/reference/completion.ts';
import { manualPages } from '../../coordinator/cli/reference/manual.ts';
import { type Page, pagesOf } from '../../coordinator/cli/reference/pages.ts';
import { Place } from '../place.ts';
import { run, without } from '../process.ts';

const PAGES = pagesOf(buildProgram({ stop: new AbortController().signal, done: () => {} }));

/** What a shell would offer for the last word. */
const ASKED: [words: string[], offered: string][] = [
  [['sweeps', ''], 'list show watch cancel results rm'],
  [['run', '--for'], '--forks --format'],
  [['run', '--format', ''], 'text table json ndjson csv junit'],
  [['run', '-i', 'lab.yaml', '--host-keys', ''], 'strict accept-new off'],
  [['sweeps', 'results', 'last', '--fo'], '--format --fold'],
  [['platforms', 'li'], 'list'],
  [['completion', ''], ''],
];

const sorted = (text: string) => text.split(/\s+/).filter(Boolean).toSorted().join(' ');

describe('the pages of the program', () => {
  test('have every command, and no hidden one', () => {
    const names = PAGES.map(({ words }) => words.join(' '));
    for (const name of [
      'netsweep',
      'netsweep run',
      'netsweep sweeps list',
      'netsweep serve',
      'netsweep completion',
    ])
      expect(names).toContain(name);
    expect(names.filter((name) => /private|demo|check-scheduled|help/.test(name))).toEqual([]);
  });

  test('have an example for each command that has options of its own', () => {
    const bare = PAGES.filter(
      ({ commands, examples, words }) =>
        commands.length === 0 && examples.length === 0 && words.at(-1) !== 'fleet',
    );
    expect(bare.map(({ words }) => words.join(' '))).toEqual([]);
  });
});

describe('completions', () => {
  test.each(['bash', 'zsh', 'fish'] as const)('for %s have every command and option', (shell) => {
    const text = completionFor(shell, PAGES);
    for (const { commands, options } of PAGES) {
      for (const { name } of commands) expect(text).toContain(name);
      for (const { long } of options)
        expect(text).toContain(shell === 'fish' ? ` -l ${long.slice(2)}` : long);
    }
  });

  test.skipIf(without('bash') !== null)('are what bash offers', async () => {
    await using place = await Place.open();
    const file = await place.write('scripts/netsweep.bash', completionFor('bash', PAGES));
    const lines = ASKED.map(([words]) => `netsweep ${words.map((word) => `'${word}'`).join(' ')}\n`);
    await mkdir(place.path('empty'));
    const { stdout, stderr } = await run('bash', [`${import.meta.dirname}/offer.bash`, file], {
      cwd: place.path('empty'),
      input: lines.join(''),
    });
    expect(stderr).toBe('');
    expect(stdout.split('\n').slice(0, -1).map(sorted)).toEqual(ASKED.map(([, offered]) => sorted(offered)));
  });

  test.skipIf(without('fish') !== null)('are what fish offers', async () => {
    await using place = await Place.open();
    const file = await place.write('netsweep.fish', completionFor('fish', PAGES));
    for (const [words, offered] of ASKED.slice(0, -1)) {
      const line = ['netsweep', ...words].join(' ');
      const { stdout, stderr } = await run('fish', ['-c', `source ${file}; complete -C '${line}'`], {
        env: place.environment(),
      });
      expect(stderr).toBe('');
      const names = stdout.split('\n').map((one) => one.split('\t')[0] ?? '');
      expect(sorted(names.join(' '))).toBe(sorted(offered));
    }
  });

  test.skipIf(without('zsh') !== null)('are a script that zsh takes', async () => {
    await using place = await Place.open();
    const file = await place.write('_netsweep', completionFor('zsh', PAGES));
    const { status, stdout, stderr } = await run('zsh', [
      '-f',
      '-c',
      `autoload -U compinit; compinit -u -d ${place.path('dump')}; source ${file}; print \${_comps[netsweep]}`,
    ]);
    expect([status, stdout, stderr]).toEqual([0, '_netsweep\n', '']);
  });
});

describe('manual pages', () => {
  const pages = manualPages(PAGES, { version: '0.1.0', date: '2026-11-22' });

  test('are one for the program and one for each command', () => {
    expect(pages).toHaveLength(PAGES.length);
    expect(pages.map(({ file }) => file)).toContain('netsweep-sweeps-list.1');
  });

  test('say what --help says', () => {
    const text = pages.find(({ file }) => file === 'netsweep-run.1')?.text ?? '';
    const { options } = PAGES.find(({ words }) => words.join(' ') === 'netsweep run') as Page;
    for (const { flags } of options) expect(text).toContain(`.B ${flags.replaceAll('-', '\\-')}`);
    expect(text).toContain('.SS Logging in');
  });

  test.skipIf(without('groff') !== null)('are taken by groff without a warning', async () => {
    await using place = await Place.open();
    for (const { file, text } of pages) {
      const page = await place.write(file, text);
      const { stderr } = await run('groff', ['-man', '-Tutf8', '-ww', '-z', page]);
      expect(stderr).toBe('');
    }
  });
});

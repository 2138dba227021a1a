// docs/commands.md and docs/configuration.md are made from the program itself: `npx vitest run test/docs -u` writes them.
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { settingOf } from '../../coordinator/cli/command.ts';
import { buildProgram } from '../../coordinator/cli/program.ts';
import { type Page, type PageOption, pagesOf } from '../../coordinator/cli/reference/pages.ts';
import { environmentName, longName } from '../../coordinator/config.ts';

const PROGRAM = buildProgram({ stop: new AbortController().signal, done: () => {} });
const PAGES = pagesOf(PROGRAM);

const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function table(options: PageOption[]): string[] {
  const rows = options.map(({ flags, about }) => `| ${code(flags)} | ${cell(about)} |`);
  return rows.length === 0 ? [] : ['| option | meaning |', '|---|---|', ...rows, ''];
}

function section(page: Page): string[] {
  const headings = Array.from(new Set(page.options.map(({ heading }) => heading)));
  const options = headings.flatMap((heading) => [
    ...(headings.length > 1 ? [`**${heading}**`, ''] : []),
    ...table(page.options.filter((option) => option.heading === heading && option.long !== '--help')),
  ]);
  const commands = page.commands.map(
    ({ name, about }) =>
      `- [${code([...page.words, name].join(' '))}](#${[...page.words, name].join('-')}): ${about}`,
  );
  const examples = page.examples.length === 0 ? [] : ['```sh', ...page.examples, '```', ''];
  return [
    `${'#'.repeat(Math.min(page.words.length + 1, 4))} ${page.words.join(' ')}`,
    '',
    `${page.about[0]?.toUpperCase()}${page.about.slice(1)}.`.replace(/\.\.$/, '.'),
    '',
    ...(commands.length === 0 ? [`${code(page.usage)}`] : commands),
    '',
    ...examples,
    ...options,
  ];
}

/** Options that netsweep.yaml may hold, once each, with the commands that take them. */
function keys(command: Command, found = new Map<string, string[]>()): Map<string, string[]> {
  for (const option of command.options) {
    const setting = settingOf(option);
    if (setting === null || setting.once) continue;
    const line = `| ${code(longName(setting))} | ${code(environmentName(setting))} | ${cell(option.description)} |`;
    found.set(line, [...(found.get(line) ?? []), command.name()]);
  }
  for (const child of command.commands) keys(child, found);
  return found;
}

describe('the reference', () => {
  test('has every command with its options and examples', async () => {
    const text = [
      '# Commands',
      '',
      'What `netsweep --help` says, on one page. `netsweep manual DIR` writes it as manual pages, `netsweep completion SHELL` prints',
      'completions for bash, zsh and fish.',
      '',
      ...PAGES.flatMap(section),
    ];
    await expect(`${text.join('\n').trimEnd()}\n`).toMatchFileSnapshot('../../docs/commands.md');
  });

  test('has every key of netsweep.yaml', async () => {
    const text = [
      '# netsweep.yaml',
      '',
      'The first of `./netsweep.yaml`, `$XDG_CONFIG_HOME/netsweep/netsweep.yaml` and `/etc/netsweep/netsweep.yaml` is read; one in a',
      'directory that everybody may write to is refused. Keys are the long options without their dashes, values are written as on the',
      'command line, lists as YAML lists. A flag goes over the environment, the environment over the file, the file over the default.',
      'A key that no command knows is an error with its line and the nearest that there is.',
      '',
      '```yaml netsweep.yaml',
      'inventory: [lab.yaml]',
      'user: admin',
      'connect-timeout: 5s',
      'retries: 1',
      'coordinator: netsweep.example.net:7440',
      '```',
      '',
      'Options that belong to one call (`--limit`, `--check`, `--rerun` ...) have no key. Notices are a key of their own: [audits.md](audits.md#notices).',
      'Keys that only `netsweep-agent` reads are in `netsweep-agent --help`.',
      '',
      '| key | environment | meaning |',
      '|---|---|---|',
      ...Array.from(keys(PROGRAM).keys()).toSorted(),
    ];
    await expect(`${text.join('\n')}\n`).toMatchFileSnapshot('../../docs/configuration.md');
  });
});

// Manual pages in roff, one for the program and one for each command: `netsweep-sweeps-list(1)`.
import type { Page, PageOption } from './pages.js';

export interface ManualPage {
  /** `netsweep-run.1`. */
  file: string;
  text: string;
}

export function manualPages(
  pages: Page[],
  { version, date }: { version: string; date: string },
): ManualPage[] {
  return pages.map((page) => ({ file: `${nameOf(page.words)}.1`, text: manual(page, version, date) }));
}

function manual(page: Page, version: string, date: string): string {
  const name = nameOf(page.words);
  const headings = Array.from(new Set(page.options.map(({ heading }) => heading)));
  const options = headings.flatMap((heading) => [
    ...(headings.length > 1 ? [`.SS ${escaped(heading)}`] : []),
    ...page.options.filter((option) => option.heading === heading).flatMap(optionLines),
  ]);
  const section = (title: string, lines: string[]) => (lines.length === 0 ? [] : [`.SH ${title}`, ...lines]);
  return `${[
    `.TH ${name.toUpperCase()} 1 ${date} "netsweep ${version}"`,
    ...section('NAME', [`${escaped(name)} \\- ${escaped(page.about)}`]),
    ...section('SYNOPSIS', ['.nf', escaped(page.usage), '.fi']),
    ...section(
      'COMMANDS',
      page.commands.flatMap(({ name: command, about }) => [
        '.TP',
        `.BR ${escaped(nameOf([...page.words, command]))} (1)`,
        escaped(about),
      ]),
    ),
    ...section('OPTIONS', options),
    ...section(
      'EXAMPLES',
      page.examples.flatMap((line) => ['.PP', '.nf', escaped(line), '.fi']),
    ),
    ...section('ENVIRONMENT', [
      '.PP',
      escaped(
        'Every option that may stand in netsweep.yaml is also taken from the environment: --connect-timeout is NETSWEEP_CONNECT_TIMEOUT. A flag goes over the environment, the environment over the file.',
      ),
    ]),
    ...section(
      'EXIT STATUS',
      EXIT_STATUS.flatMap(([code, about]) => ['.TP', `.B ${code}`, escaped(about)]),
    ),
  ].join('\n')}\n`;
}

const EXIT_STATUS = [
  ['0', 'all is well'],
  ['1', 'it ended, and some device failed, is suspect or was skipped'],
  ['2', 'bad usage or bad input; nothing was touched'],
  ['3', 'an audit has findings, or something has drifted'],
  ['4', 'no coordinator, no NATS, no agent, or no leave to'],
  ['5', 'cancelled from elsewhere'],
  ['6', 'stopped by a limit of failures or a deadline'],
  ['70', 'a bug in netsweep'],
  ['130', 'interrupted'],
] as const;

function nameOf(words: string[]): string {
  return words.join('-');
}

function optionLines({ flags, about }: PageOption): string[] {
  return ['.TP', `.B ${escaped(flags)}`, escaped(about)];
}

/** What roff would obey, and a hyphen that can be copied. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

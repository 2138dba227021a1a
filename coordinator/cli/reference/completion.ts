// Completions for bash, zsh and fish: static texts made from the program's own tree, so that a Tab starts nothing.
import type { Page, PageOption } from './pages.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionFor(shell: Shell, pages: Page[]): string {
  switch (shell) {
    case 'bash':
      return bash(pages);
    case 'zsh':
      return zsh(pages);
    case 'fish':
      return fish(pages);
  }
}

/** What a value is, by the word that stands for it in the flags. */
function isPath({ value }: PageOption): boolean {
  return value !== null && /^(file|dir|src|map)\b/.test(value);
}

/** `sweeps list` of a page; empty: the program itself. */
function pathOf({ words }: Page): string {
  return words.slice(1).join(' ');
}

function flagsOf(page: Page): string[] {
  return page.options.flatMap(({ short, long }) => (short === null ? [long] : [short, long]));
}

function bash(pages: Page[]): string {
  const [program] = pages;
  const name = program?.words[0] ?? '';
  const withCommands = pages.filter(({ commands }) => commands.length > 0);
  const steps = pages.slice(1).map((page) => `    '${pathOf(page)}') path=$step ;;`);
  const values = pages.flatMap((page) =>
    page.options
      .filter(({ value }) => value !== null)
      .map((option) => {
        const names = [option.short, option.long].filter((flag) => flag !== null);
        const patterns = names.map((flag) => `'${pathOf(page)} ${flag}'`).join(' | ');
        const what =
          option.choices.length > 0
            ? `mapfile -t COMPREPLY < <(compgen -W '${option.choices.join(' ')}' -- "$cur")`
            : isPath(option)
              ? 'mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null'
              : ':';
        return `    ${patterns}) ${what}; return ;;`;
      }),
  );
  const flags = pages.map((page) => `    '${pathOf(page)}') words='${flagsOf(page).join(' ')}' ;;`);
  const commands = withCommands.map(
    (page) => `    '${pathOf(page)}') words='${page.commands.map((one) => one.name).join(' ')}' ;;`,
  );
  return `# bash completion for ${name}: source it, or put it into /etc/bash_completion.d
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path='' step word words=''
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    step="\${path:+$path }$word"
    case $step in
${steps.join('\n')}
    esac
  done
  case "$path $prev" in
${values.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $path in
${flags.join('\n')}
    esac
  else
    case $path in
${commands.join('\n')}
    *) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames 2>/dev/null; return ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _${name} ${name}
`;
}

function zsh(pages: Page[]): string {
  const [program] = pages;
  const name = program?.words[0] ?? '';
  const functions = pages.map((page) => {
    const specs = page.options.map((option) => `    ${zshOption(option)}`);
    if (page.commands.length === 0)
      return `${zshName(page)}() {\n  _arguments -s -S \\\n${[...specs, "    '*:file:_files'"].join(' \\\n')}\n}`;
    const named = page.commands.map(
      (one) => `    ${zshQuoted(`${one.name}:${one.about.replaceAll(':', '\\:')}`)}`,
    );
    const cases = page.commands.map(
      (one) => `    ${one.name}) ${zshName(page)}_${one.name.replaceAll('-', '_')} ;;`,
    );
    return `${zshName(page)}() {
  local state line
  local -a commands=(
${named.join('\n')}
  )
  _arguments -C -s -S \\
${[...specs, "    '1:command:->command'", "    '*::argument:->argument'"].join(' \\\n')}
  case $state in
    command) _describe command commands ;;
    argument) case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}`;
  });
  return `#compdef ${name}
# zsh completion for ${name}: put it as _${name} into a directory of $fpath
${functions.join('\n\n')}

if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function zshName({ words }: Page): string {
  return `_${words.join('_').replaceAll('-', '_')}`;
}

function zshOption(option: PageOption): string {
  const { short, long, value, choices } = option;
  const about = `[${option.about.replaceAll(/[\\[\]:]/g, '\\$&')}]`;
  const what = choices.length > 0 ? `(${choices.join(' ')})` : isPath(option) ? '_files' : ' ';
  const wanted = value === null ? '' : `:${value.replaceAll(':', '\\:')}:${what}`;
  // Given again and again they are no mistake here: what is, the program says itself.
  const flags = short === null ? long : `{${short},${long}}`;
  return short === null ? zshQuoted(`*${long}${about}${wanted}`) : `'*'${flags}${zshQuoted(about + wanted)}`;
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fish(pages: Page[]): string {
  const [program] = pages;
  const name = program?.words[0] ?? '';
  const lines = pages.flatMap((page) => {
    const within = `-n '__${name}_is "${pathOf(page)}"'`;
    const options = page.options.map((option) => {
      const { short, long, value, choices, about } = option;
      const flags = `${short === null ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
      const values = choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : isPath(option) ? ' -r -F' : ' -x';
      return `complete -c ${name} ${within}${flags}${value === null ? '' : values} -d ${fishQuoted(about)}`;
    });
    const commands = page.commands.map(
      (one) => `complete -c ${name} ${within} -f -a ${one.name} -d ${fishQuoted(one.about)}`,
    );
    return [...commands, ...options];
  });
  const paths = pages.slice(1).map((page) => fishQuoted(pathOf(page)));
  return `# fish completion for ${name}: put it as ${name}.fish into ~/.config/fish/completions
function __${name}_is --description 'whether the command so far is this one'
    set -l known ${paths.join(' ')}
    set -l path
    for word in (commandline -opc)[2..]
        set -l step (string join -- ' ' $path $word)
        contains -- $step $known; and set path (string split ' ' -- $step)
    end
    test "$argv[1]" = "$(string join -- ' ' $path)"
end
${lines.join('\n')}
`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

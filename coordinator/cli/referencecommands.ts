// `netsweep completion` and `netsweep manual`: what shells and man know of the program, made from its own tree.
import type { Command } from 'commander';
import { addCommand, type Edge } from './command.js';

const lazy = () => import('./reference.js');

export function addReference(program: Command, edge: Edge): void {
  addCommand(program, edge, {
    usage: 'completion <shell>',
    about: 'print completions for bash, zsh or fish',
    settings: {},
    examples: [
      'source <(netsweep completion bash)',
      'netsweep completion zsh > ~/.zsh/completions/_netsweep',
      'netsweep completion fish > ~/.config/fish/completions/netsweep.fish',
    ],
    act: async ({ args }) => (await lazy()).printCompletion(program, args[0] ?? ''),
  });
  addCommand(program, edge, {
    usage: 'manual <dir>',
    about: 'write manual pages into DIR, one for each command',
    settings: {},
    examples: ['netsweep manual ~/.local/share/man/man1 && man netsweep-run'],
    act: async ({ args }) => (await lazy()).writeManual(program, args[0] ?? ''),
  });
}

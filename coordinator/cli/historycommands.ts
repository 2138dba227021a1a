// The commands of the history in the tree of commands.
import type { Command } from 'commander';
import { addCommand, type Edge } from './command.js';
import { DIFF, HISTORY, SEARCH } from './settings.js';

export function addHistory(program: Command, edge: Edge): void {
  addCommand(program, edge, {
    usage: 'history <device> [command...]',
    about: "versions of a device's outputs over all sweeps, and how each differs from the one before",
    settings: HISTORY,
    examples: [
      'netsweep history R1',
      'netsweep history R1 show running-config --show 3',
      "netsweep history R1 'show version' --json",
      'netsweep history R7 --forget        # a device that is gone, or whose outputs should not be kept',
    ],
    act: async (call) => (await import('./history.js')).showHistory(call),
  });
  addCommand(program, edge, {
    usage: 'diff <from> [to...]',
    about: 'what has changed between two sweeps, or on a device; exit code 3 where something has',
    settings: DIFF,
    examples: [
      'netsweep diff 01KA last              # two sweeps, device by device',
      'netsweep diff 01KA last --stat',
      'netsweep diff R1                     # each output against its version before',
      'netsweep diff R1 show running-config --from 3 --to 5',
    ],
    act: async (call) => (await import('./diff.js')).showDiff(call),
  });
  addCommand(program, edge, {
    usage: 'search <text>',
    about: 'find a text, or a /regular expression/, in the last complete outputs of all devices',
    settings: SEARCH,
    examples: [
      "netsweep search 'ip http server' -l",
      "netsweep search '/^snmp-server community (public|private)/' -i -C 1",
      "netsweep search 10.20.30.40 --command 'show running-config' -d 'core*'",
    ],
    act: async (call) => (await import('./search.js')).search(call),
  });
}

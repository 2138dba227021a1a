// The commands on agents in the tree of commands.
import type { Command } from 'commander';
import { addCommand, type Edge } from './command.js';
import { AGENTS_DRAIN, CONNECTION, TABLE } from './settings.js';

/** The group, for others to add theirs. */
export function addAgents(program: Command, edge: Edge): Command {
  const agents = program.command('agents').description('the agents of a coordinator');
  const lazy = () => import('./agents.js');
  addCommand(agents, edge, {
    usage: 'list',
    about: 'who is there, draining or away, with load, version and how its clock goes',
    settings: { ...TABLE, ...CONNECTION },
    examples: ['netsweep agents list --coordinator 10.0.0.5:7440', 'netsweep agents list --json'],
    act: async (call) => (await lazy()).listAgents(call),
  });
  addCommand(agents, edge, {
    usage: 'drain <name...>',
    about: 'finish open sessions and take nothing new, until `undrain` or a restart of the agent',
    settings: AGENTS_DRAIN,
    examples: [
      'netsweep agents drain agent-1 --wait && ssh agent-1 systemctl restart netsweep-agent',
      'netsweep agents drain agent-1 agent-2',
    ],
    act: async (call) => (await lazy()).drainAgents(call),
  });
  addCommand(agents, edge, {
    usage: 'undrain <name...>',
    about: 'take work again',
    settings: CONNECTION,
    examples: ['netsweep agents undrain agent-1'],
    act: async (call) => (await lazy()).undrainAgents(call),
  });
  return agents;
}

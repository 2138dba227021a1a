// The commands about who may connect: enrolment, joining, revocation.
import type { Command } from 'commander';
import { addCommand, type Edge } from './command.js';
import { CONNECTION, ENROLL, REVOKE, TABLE } from './settings.js';

export function addMembers(program: Command, edge: Edge): void {
  const lazy = () => import('./members.js');
  addCommand(program, edge, {
    usage: 'enroll <name>',
    about: 'print a join token: it makes an agent, or with --operator a client, a member once',
    settings: ENROLL,
    examples: [
      "netsweep enroll dc1-a --segment dc1 --state /var/lib/netsweep    # on the coordinator's host",
      'netsweep enroll dc1-a --segment dc1,dmz --coordinator netsweep.example.net:7440',
      'netsweep enroll --operator alice',
    ],
    act: async (call) => (await lazy()).enroll(call),
  });
  addCommand(program, edge, {
    usage: 'join <token>',
    about: 'become an operator with a join token (- reads it from stdin); --coordinator works from then on',
    settings: { identity: CONNECTION.identity },
    examples: ['netsweep join netsweep1-...', 'netsweep join --identity ./lab netsweep1-...'],
    act: async (call) => (await lazy()).joinAsOperator(call),
  });
  const token = program.command('token').description('join tokens that have not been used');
  addCommand(token, edge, {
    usage: 'list',
    about: 'whom they are for and until when; the tokens themselves are kept nowhere',
    settings: { ...TABLE, ...CONNECTION },
    examples: ['netsweep token list', 'netsweep token list --json'],
    act: async (call) => (await lazy()).listTokens(call),
  });
  addCommand(token, edge, {
    usage: 'rm <id>',
    about: 'let a token be used no more',
    settings: CONNECTION,
    examples: ['netsweep token rm 3f2a'],
    act: async (call) => (await lazy()).removeToken(call),
  });
  addRevocation(program, edge);
}

function addRevocation(program: Command, edge: Edge): void {
  const agents =
    program.commands.find((command) => command.name() === 'agents') ??
    program.command('agents').description('agents: who they are, and who may be one');
  const lazy = () => import('./members.js');
  addCommand(agents, edge, {
    usage: 'members',
    about: 'who is enrolled, connected or not: agents and operators',
    settings: { ...TABLE, ...CONNECTION },
    examples: ['netsweep agents members', 'netsweep agents members --json'],
    act: async (call) => (await lazy()).listMembers(call),
  });
  addCommand(agents, edge, {
    usage: 'revoke <name>',
    about: 'end a membership at once: what it has open ends, and it is not let in again',
    settings: REVOKE,
    examples: ['netsweep agents revoke dc1-a', 'netsweep agents revoke alice --role operator'],
    act: async (call) => (await lazy()).revoke(call),
  });
}

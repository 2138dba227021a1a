// `netsweep enroll`, `join`, `token ...`, `agents members`, `agents revoke`. On the coordinator's host they go over its
// own socket, so that the first member can be made by somebody who is none yet.
import { ChannelCredentials } from '@grpc/grpc-js';
import { type JoinToken, type Member, Role } from '../../proto/gen/netsweep/v1/members.js';
import { MembersClient } from '../../proto/gen/netsweep/v1/members_service.js';
import { label } from '../../proto/label.js';
import { isoTime } from '../combine/result.js';
import { socketOf } from '../socketfile.js';
import { Unreachable } from '../unreachable.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { type LinkValues, openLink } from './link.js';
import { printLines, printTable } from './print.js';
import { ask } from './rpc.js';
import type { CONNECTION, ENROLL, REVOKE, TABLE } from './settings.js';
import { harmlessLine } from './terminal.js';

export async function enroll({ args, values, stop }: Call<typeof ENROLL>): Promise<ExitCode> {
  const { operator, replace, expires, certificateLife, address } = values;
  const segments = values.segment.flatMap((text) => text.split(',')).map((name) => name.trim());
  if (operator && segments.length > 0) throw new UsageError('--segment is for agents, not for --operator');
  if (!operator && segments.length === 0)
    throw new UsageError('--segment is missing: where may the agent work? (or --operator)');
  await using link = await openMembers(values, stop);
  const { token } = await ask(link.members.enroll.bind(link.members), {
    name: args[0] ?? '',
    role: operator ? Role.OPERATOR : Role.AGENT,
    segments: [...new Set(segments)],
    replaces: replace,
    lifeMs: certificateLife,
    expiresInMs: expires,
    address: address ?? '',
  });
  await printLines([token]);
  return EXIT.ok;
}

export async function joinAsOperator({
  args,
  values,
}: Call<{ identity: (typeof CONNECTION)['identity'] }>): Promise<ExitCode> {
  const { join, JoinError } = await import('../../proto/identity/join.js');
  try {
    const { identity, address } = await join(args[0] ?? '', values.identity);
    const what = identity.role === Role.AGENT ? ` (an agent's identity: netsweep-agent uses it)` : '';
    await printLines([
      `${identity.name}: joined ${address}, kept in ${values.identity}${what}`,
      `  netsweep sweeps list --coordinator ${address}`,
    ]);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof JoinError)) throw error;
    throw error.isInput ? new UsageError(error.message) : new Unreachable(error.message, { cause: error });
  }
}

export async function listTokens({
  values,
  stop,
}: Call<typeof TABLE & typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openMembers(values, stop);
  const { tokens } = await ask(link.members.listTokens.bind(link.members), {});
  await printTable(tokens, {
    json: values.json,
    columns: [
      { title: 'TOKEN', cell: ({ id }) => id },
      { title: 'ROLE', cell: ({ role }) => label('ROLE', role) },
      { title: 'FOR', cell: ({ name }) => name },
      { title: 'SEGMENTS', cell: ({ segments }) => segments.join(',') || '-' },
      { title: 'UNTIL', cell: ({ expiresAtMs }) => shortTime(expiresAtMs) },
      { title: 'MADE BY', cell: ({ createdBy }) => harmlessLine(createdBy) },
    ],
    object: tokenObject,
  });
  return EXIT.ok;
}

export async function removeToken({ args, values, stop }: Call<typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openMembers(values, stop);
  const id = args[0] ?? '';
  await ask(link.members.removeToken.bind(link.members), { id });
  await printLines([`${id}: removed`]);
  return EXIT.ok;
}

export async function listMembers({
  values,
  stop,
}: Call<typeof TABLE & typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openMembers(values, stop);
  const { members } = await ask(link.members.list.bind(link.members), {});
  await printTable(members, {
    json: values.json,
    columns: [
      { title: 'NAME', cell: ({ name }) => name },
      { title: 'ROLE', cell: ({ role }) => label('ROLE', role) },
      { title: 'SEGMENTS', cell: ({ segments }) => segments.join(',') || '-' },
      { title: 'SINCE', cell: ({ enrolledAtMs }) => shortTime(enrolledAtMs) },
      { title: 'CERTIFICATE UNTIL', cell: (member) => shortTime(lastExpiry(member)) },
      { title: 'REVOKED', cell: ({ revokedAtMs }) => (revokedAtMs > 0 ? shortTime(revokedAtMs) : '-') },
    ],
    object: memberObject,
  });
  return EXIT.ok;
}

export async function revoke({ args, values, stop }: Call<typeof REVOKE>): Promise<ExitCode> {
  await using link = await openMembers(values, stop);
  const name = args[0] ?? '';
  const role = values.role === null ? Role.UNSPECIFIED : values.role === 'agent' ? Role.AGENT : Role.OPERATOR;
  await ask(link.members.revoke.bind(link.members), { name, role });
  await printLines([`${name}: revoked`]);
  return EXIT.ok;
}

/** Without --coordinator over the socket of the `netsweep serve` that runs on --state. */
async function openMembers(
  values: LinkValues,
  stop: AbortSignal,
): Promise<AsyncDisposable & { members: MembersClient }> {
  const coordinator = values.coordinator ?? socketOf(values.state);
  if (coordinator === null)
    throw new Unreachable(
      `no netsweep serve keeps its state in ${values.state}: give --state, or --coordinator HOST:PORT`,
    );
  const link = await openLink({ ...values, coordinator }, stop);
  const members = new MembersClient('', ChannelCredentials.createInsecure(), {
    channelOverride: link.sweeps.getChannel(),
  });
  return { members, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() };
}

function lastExpiry({ certificates }: Member): number {
  return Math.max(0, ...certificates.map(({ expiresAtMs }) => expiresAtMs));
}

function shortTime(ms: number): string {
  return isoTime(ms)?.slice(0, 19).replace('T', ' ') ?? '-';
}

function tokenObject({ id, name, role, segments, replaces, createdAtMs, createdBy, expiresAtMs }: JoinToken) {
  return {
    ...{ id, name, role: label('ROLE', role), segments, replaces },
    ...{ createdAt: isoTime(createdAtMs), createdBy, expiresAt: isoTime(expiresAtMs) },
  };
}

function memberObject(member: Member) {
  const { name, role, segments, enrolledAtMs, enrolledBy, revokedAtMs, revokedBy } = member;
  return {
    ...{ name, role: label('ROLE', role), segments },
    ...{ enrolledAt: isoTime(enrolledAtMs), enrolledBy },
    ...{ certificates: member.certificates.length, certificateUntil: isoTime(lastExpiry(member)) },
    ...{ revokedAt: isoTime(revokedAtMs), revokedBy: revokedBy || null },
  };
}

// The agents as people are shown them: those that are there, and on demand those that were.
import { Agent, AgentState } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Presence } from '../intake/presence.js';
import type { Entry } from '../intake/roster.js';
import type { Ledger } from '../sweep/ledger.js';

export function agentsOf(presence: Presence, ledger: Ledger, away: boolean): Agent[] {
  const present = presence.all().flatMap((link) => {
    const entry = presence.roster.get(link.hello.instance);
    if (entry === undefined) return [];
    const state = presence.takes(link) ? AgentState.PRESENT : AgentState.DRAINING;
    return [agentOf(entry, state, ledger)];
  });
  const names = new Set(present.map(({ name }) => name));
  const gone = away ? presence.roster.away().filter(({ hello }) => !names.has(hello.name)) : [];
  return [...present, ...gone.map((entry) => agentOf(entry, AgentState.AWAY, ledger))].sort((one, other) =>
    one.name.localeCompare(other.name),
  );
}

function agentOf(
  { hello, sinceMs, seenMs, status, skewMs }: Entry,
  state: AgentState,
  ledger: Ledger,
): Agent {
  const { name, instance, segments, forks, workers, version, machine, hasVault } = hello;
  return Agent.create({
    ...{ name, instance, segments, forks, workers, version, machine, hasVault, state, sinceMs },
    busy: ledger.running({ instance }),
    lastSeenMs: seenMs,
    skewMs: skewMs ?? undefined,
    sessions: status?.sessions ?? 0,
    workerProcesses: status?.workers ?? 0,
    clockJumps: status?.clockJumps ?? 0,
  });
}

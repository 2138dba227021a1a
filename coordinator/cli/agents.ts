// `netsweep agents ...`: which agents there are, and how one is taken out of service for a while.
import { setTimeout as delay } from 'node:timers/promises';
import { type Agent, AgentState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { isoTime } from '../combine/result.js';
import type { Column } from '../combine/table.js';
import type { Connection } from '../connect.js';
import { socketOf } from '../socketfile.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { type LinkValues, openLink } from './link.js';
import { printLines, printTable } from './print.js';
import { ask } from './rpc.js';
import type { AGENTS_DRAIN, CONNECTION, TABLE } from './settings.js';

/** How often it is looked whether an agent still holds something, in ms. */
const LOOK_EVERY_MS = 500;

const COLUMNS: Column<Agent>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'STATE', cell: ({ state }) => stateWord(state) },
  { title: 'SEGMENTS', cell: ({ segments }) => segments.join(',') },
  { title: 'HOST', cell: ({ machine }) => machine?.host || '-' },
  { title: 'VERSION', cell: ({ version }) => version || '-' },
  { title: 'DEVICES', cell: ({ busy, forks }) => `${busy}/${forks}`, right: true },
  { title: 'WORKERS', cell: ({ workerProcesses, workers }) => `${workerProcesses}/${workers}`, right: true },
  { title: 'SINCE', cell: ({ sinceMs }) => shortTime(sinceMs) },
  { title: 'SEEN', cell: ({ lastSeenMs }) => shortTime(lastSeenMs) },
  { title: 'SKEW', cell: ({ skewMs }) => (skewMs === undefined ? '-' : skewText(skewMs)), right: true },
];

export async function listAgents({
  values,
  stop,
}: Call<typeof TABLE & typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openAgents(values, stop);
  const agents = await agentsOf(link, true);
  await printTable(agents, { json: values.json, columns: COLUMNS, object: agentObject });
  return EXIT.ok;
}

/** Takes agents out of service: nothing new is begun, open sessions are finished. */
export async function drainAgents({ args, values, stop }: Call<typeof AGENTS_DRAIN>): Promise<ExitCode> {
  await using link = await openAgents(values, stop);
  for (const name of args) await order(link, name, true);
  if (!values.wait) return EXIT.ok;
  for (const name of args)
    for (let left = await busyOf(link, name); left > 0; left = await busyOf(link, name))
      await delay(LOOK_EVERY_MS, undefined, { signal: stop });
  await printLines(args.map((name) => `${name}: holds nothing any more`));
  return EXIT.ok;
}

export async function undrainAgents({ args, values, stop }: Call<typeof CONNECTION>): Promise<ExitCode> {
  await using link = await openAgents(values, stop);
  for (const name of args) await order(link, name, false);
  return EXIT.ok;
}

/** Without --coordinator over the socket of the `netsweep serve` that runs on --state, where there is one. */
function openAgents(values: LinkValues, stop: AbortSignal): ReturnType<typeof openLink> {
  return openLink({ ...values, coordinator: values.coordinator ?? socketOf(values.state) }, stop);
}

async function order({ sweeps }: Connection, name: string, drained: boolean): Promise<void> {
  const { agent, alone } = await ask(sweeps.drainAgent.bind(sweeps), { name, drained });
  if (agent === undefined) throw new UsageError(`no agent is called "${name}"`);
  if (!drained) return printLines([`${name}: takes work again`]);
  const held =
    agent.busy === 0 ? 'holds nothing' : `gives back or finishes the ${agent.busy} devices that it holds`;
  await printLines([`${name}: takes nothing new, ${held}`]);
  if (alone.length > 0)
    process.stderr.write(
      `${name}: no other agent takes work of ${alone.join(', ')}: devices there end as no-agent after --agent-wait\n`,
    );
}

/** Devices that it has leased; who has gone holds none. */
async function busyOf(link: Connection, name: string): Promise<number> {
  const agents = await agentsOf(link, false);
  return agents.reduce((sum, agent) => sum + (agent.name === name ? agent.busy : 0), 0);
}

async function agentsOf({ sweeps }: Connection, away: boolean): Promise<Agent[]> {
  return (await ask(sweeps.listAgents.bind(sweeps), { away })).agents;
}

function stateWord(state: AgentState): 'present' | 'draining' | 'away' {
  if (state === AgentState.DRAINING) return 'draining';
  return state === AgentState.AWAY ? 'away' : 'present';
}

function shortTime(ms: number): string {
  return isoTime(ms)?.slice(0, 19).replace('T', ' ') ?? '-';
}

/** `+3.2 s`; `0.0 s`. */
function skewText(ms: number): string {
  const seconds = (Math.abs(ms) / 1_000).toFixed(1);
  return seconds === '0.0' ? '0.0 s' : `${ms < 0 ? '-' : '+'}${seconds} s`;
}

function agentObject(agent: Agent) {
  const { name, segments, version, forks, workers, busy, sessions, workerProcesses, machine } = agent;
  return {
    name,
    state: stateWord(agent.state),
    segments,
    host: machine?.host || null,
    version: version || null,
    node: machine?.node || null,
    forks,
    devices: busy,
    sessions,
    workers,
    workerProcesses,
    since: isoTime(agent.sinceMs),
    lastSeen: isoTime(agent.lastSeenMs),
    skewMs: agent.skewMs === undefined ? null : Math.round(agent.skewMs),
  };
}

// What can be said of agents from what they tell of themselves.
import { type Agent, AgentState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { sizeText } from '../combine/table.js';
import { skew } from '../version.js';
import { fail, ok, type Verdict, warn } from './check.js';
import { floor } from './versions.js';

/** What is looked at. */
export interface AgentFacts {
  agents: Agent[];
  /** The coordinator's. */
  version: string;
}

const SKEW_MOST_MS = 2_000;
const DESCRIPTORS_EACH = 4;
const WORKER_BYTES = 512e6;
const ALONE = 1;

export function presence({ agents }: AgentFacts): Verdict[] {
  const away = agents.filter(({ state }) => state === AgentState.AWAY);
  const there = agents.filter(({ state }) => state !== AgentState.AWAY);
  const segments = new Map<string, number>();
  for (const { segments: served, state } of there)
    for (const segment of served)
      segments.set(segment, (segments.get(segment) ?? 0) + Number(state === AgentState.PRESENT));
  const verdicts = away.map(({ name, lastSeenMs }) =>
    warn(
      `agent ${name} is away since ${new Date(lastSeenMs).toISOString().slice(0, 19)}Z`,
      'look at its host and its log',
    ),
  );
  for (const [segment, serving] of segments) {
    if (serving === 0)
      verdicts.push(
        fail(`segment ${segment}: every agent drains`, '`netsweep agents undrain`, or start another one'),
      );
    else if (serving === ALONE)
      verdicts.push(
        warn(`segment ${segment} has one agent`, 'start a second one: it takes over when the first is lost'),
      );
  }
  if (there.length === 0 && away.length === 0)
    return [warn('no agent is there', 'start one: netsweep-agent --help')];
  return verdicts.length > 0 ? verdicts : [ok(`${there.length} agents, two or more in every segment`)];
}

export function versions({ agents, version }: AgentFacts): Verdict[] {
  const verdicts = agents.flatMap((agent): Verdict[] => {
    const found = `agent ${agent.name} is ${agent.version}, the coordinator ${version}`;
    const apart = skew(agent.version, version);
    if (apart === 'same') return [];
    if (apart === 'near') return [warn(found, 'they work together; upgrade the older one when it suits')];
    if (apart === 'far')
      return [fail(`${found}: more than one release apart`, 'upgrade the older one, one release at a time')];
    return [warn(`${found}: nobody knows whether they fit`, 'install released versions')];
  });
  const parts = agents.flatMap(({ name, machine }) => {
    if (machine === undefined) return [];
    const where = ` of agent ${name}`;
    const floors = [
      ...floor('Node', machine.node, where),
      ...floor('ssh2', machine.ssh2, where),
      ...floor('grpc-js', machine.grpc, where),
    ].filter(({ advice }) => advice !== undefined);
    if (!machine.nativeSsh)
      floors.push(
        warn(
          `agent ${name} runs ssh2 without its native cipher: a quarter more CPU per device`,
          'install g++, python3 and make there, and build it (npm rebuild ssh2)',
        ),
      );
    return floors;
  });
  const all = [...verdicts, ...parts];
  return all.length > 0 || agents.length === 0 ? all : [ok(`all agents are ${version}, as the coordinator`)];
}

export function clocks({ agents }: AgentFacts): Verdict[] {
  const told = agents.filter(({ skewMs, state }) => skewMs !== undefined && state !== AgentState.AWAY);
  const wrong = told.filter(({ skewMs = 0 }) => Math.abs(skewMs) > SKEW_MOST_MS);
  const off = (ms: number) => `${(Math.abs(ms) / 1_000).toFixed(1)} s ${ms < 0 ? 'behind' : 'ahead of'}`;
  const verdicts = wrong.map(({ name, skewMs = 0 }) =>
    fail(
      `the clock of agent ${name} is ${off(skewMs)} the coordinator's`,
      'run NTP on both (chronyc tracking, timedatectl)',
    ),
  );
  for (const { name, clockJumps } of told)
    if (clockJumps > 0)
      verdicts.push(
        warn(
          `the clock of agent ${name} has jumped ${clockJumps === 1 ? 'once' : `${clockJumps} times`} since it was started: each time its leases were given up`,
          'keep its host from sleeping, and let its time be slewed, not set',
        ),
      );
  if (verdicts.length > 0 || told.length === 0) return verdicts;
  return [ok(`the clocks of ${told.length} agents are within 2 s of the coordinator's`)];
}

export function limits({ agents }: AgentFacts): Verdict[] {
  const verdicts = agents.flatMap(({ name, machine, forks, workers, state }) => {
    if (machine === undefined || state === AgentState.AWAY) return [];
    const { descriptors, memoryBytes } = machine;
    const found: Verdict[] = [];
    const wanted = DESCRIPTORS_EACH * Math.ceil(forks / Math.max(1, workers));
    if (descriptors > 0 && descriptors < wanted)
      found.push(
        warn(
          `agent ${name} may open ${descriptors} files in each worker, for up to ${forks} devices at once`,
          `raise LimitNOFILE (ulimit -n) to ${wanted} or more, or lower --forks`,
        ),
      );
    if (memoryBytes > 0 && memoryBytes < workers * WORKER_BYTES)
      found.push(
        warn(
          `agent ${name} has ${sizeText(memoryBytes)} for ${workers} workers`,
          'give it 512 MB for each, or lower --workers',
        ),
      );
    return found;
  });
  return verdicts.length > 0 || agents.length === 0
    ? verdicts
    : [ok('agents have room for as many devices as they may hold')];
}

// A schedule: everything that a seed decides before the world begins. Who is there, what is swept, and what goes wrong
// when. It is data, so that a schedule that went wrong can be tried again with fewer faults.
import { Dice } from './dice.ts';
import type { Manner } from './fleet.ts';
import { HONEST, type Mischief } from './nats.ts';

export interface AgentPlan {
  name: string;
  segments: string[];
  forks: number;
  workers: number;
  /** Of its machine's clocks against true time. */
  rate: number;
}

export interface DevicePlan {
  name: string;
  segment: string;
  host: string;
  manner: Manner;
  /** Of `Schedule.credentials`. */
  credential: number;
  /** None: it has none. */
  site?: string;
}

export interface CredentialPlan {
  username: string;
  password: string;
  isKey: boolean;
  /** Hosts where it is another. */
  wrongAt: string[];
}

export interface SweepPlan {
  at: number;
  /** Indexes of devices. */
  devices: number[];
  commands: string[];
  allowWrites: boolean;
  forks: number;
  retries: number;
  agentWaitMs: number;
  deadlineMs: number;
  /** None: no limit. */
  loginRate?: number;
  siteSessions?: number;
  /** The client loses the answer and submits again. */
  isRepeated: boolean;
}

/** What may go wrong. `ms`: for how long. */
export type Fault = { at: number; ms: number } & (
  | { kind: 'coordinator-killed' | 'coordinator-stopped' }
  | {
      kind: 'agent-killed' | 'agent-stopped' | 'agent-drained' | 'host-stopped' | 'host-suspended';
      agent: number;
    }
  | { kind: 'worker-killed' | 'worker-stopped'; agent: number; pick: number }
  | { kind: 'link-cut'; agent: number; direction: 'up' | 'down' | 'both' }
  | { kind: 'link-reset'; agent: number }
  | { kind: 'wall-stepped'; agent: number; byMs: number }
  | { kind: 'nats-killed' | 'nats-wiped' | 'nats-rolled-back' }
  | { kind: 'nats-cut'; agent: number | null }
  | { kind: 'nats-mischief'; mischief: Mischief }
  | { kind: 'store-slow'; commitMs: number }
  | { kind: 'store-rolled-back' }
  | { kind: 'cancelled'; sweep: number }
);

export type FaultKind = Fault['kind'];

export interface Schedule {
  seed: number;
  coordinatorRate: number;
  agents: AgentPlan[];
  devices: DevicePlan[];
  credentials: CredentialPlan[];
  sweeps: SweepPlan[];
  faults: Fault[];
  /** Times after which nothing goes wrong any more, in ms. */
  quietAt: number;
}

/** From when to when faults begin, in ms. */
const FAULTS_FROM = 200;
const FAULTS_UNTIL = 40_000;

/** `only`: of all faults these, for a test that is after one of them. */
export function scheduleOf(seed: number, only?: readonly FaultKind[]): Schedule {
  const dice = new Dice(seed, 'schedule');
  const segments = ['near', 'far', 'dark'].slice(0, 1 + dice.below(3));
  const credentials = credentialsOf(dice);
  const devices = devicesOf(dice, segments, credentials);
  const agents = agentsOf(dice, segments);
  const sweeps = sweepsOf(dice, devices);
  const faults = faultsOf(dice, agents, sweeps, only);
  const quietAt = Math.max(
    FAULTS_FROM,
    ...sweeps.map(({ at }) => at),
    ...faults.map(({ at, ms }) => at + ms),
  );
  return { seed, coordinatorRate: 1, agents, devices, credentials, sweeps, faults, quietAt };
}

function agentsOf(dice: Dice, segments: string[]): AgentPlan[] {
  const number = 1 + dice.below(3);
  return Array.from({ length: number }, (_, at) => {
    // Every segment has an agent at least; some agents serve several.
    const own = segments.filter((_segment, place) => place % number === at);
    const others = segments.filter((segment) => !own.includes(segment) && dice.chance(0.5));
    return {
      name: `agent-${at + 1}`,
      segments: own.length + others.length > 0 ? [...own, ...others] : [dice.pick(segments)],
      forks: dice.pick([1, 2, 3, 5, 50]),
      workers: 1 + dice.below(2),
      rate: dice.pick([1, 1, dice.between(0.5, 0.6), dice.between(0.5, 2)]),
    };
  });
}

function credentialsOf(dice: Dice): CredentialPlan[] {
  return Array.from({ length: 1 + dice.below(3) }, (_, at) => ({
    username: `user-${at}`,
    password: `secret-${at}`,
    isKey: dice.chance(0.3),
    wrongAt: [],
  }));
}

function devicesOf(dice: Dice, segments: string[], credentials: CredentialPlan[]): DevicePlan[] {
  const devices: DevicePlan[] = [];
  const number = 3 + dice.below(10);
  for (let at = 0; at < number; at++) {
    const twin = devices.length > 0 && dice.chance(0.15) ? dice.pick(devices) : null;
    const credential = dice.below(credentials.length);
    const host = twin?.host ?? `10.0.0.${at + 1}`;
    if (twin === null && dice.chance(0.06)) credentials[credential]?.wrongAt.push(host);
    devices.push({
      name: `R${at + 1}`,
      segment: twin?.segment ?? dice.pick(segments),
      host,
      manner: twin?.manner ?? mannerOf(dice),
      credential: twin?.credential ?? credential,
    });
  }
  return devices;
}

function mannerOf(dice: Dice): Manner {
  const kind = dice.chance(0.7)
    ? 'well'
    : dice.pick(['refuses', 'drops', 'mute', 'hangs-up', 'rude', 'refuses', 'drops'] as const);
  return {
    kind,
    times: 1 + dice.below(4),
    connectMs: dice.chance(0.9) ? dice.between(1, 50) : dice.between(500, 4_000),
    loginMs: dice.chance(0.9) ? dice.between(20, 600) : dice.between(1_000, 6_000),
    commandMs: dice.pick([dice.between(10, 500), dice.between(500, 5_000), dice.between(3_000, 20_000)]),
  };
}

function sweepsOf(dice: Dice, devices: DevicePlan[]): SweepPlan[] {
  return Array.from({ length: 1 + dice.below(2) }, (_, sweep) => {
    const chosen = devices.map((_device, at) => at).filter(() => dice.chance(0.85));
    const allowWrites = dice.chance(0.25);
    return {
      at: sweep === 0 ? dice.between(0, 200) : dice.between(0, 15_000),
      devices: chosen.length > 0 ? chosen : [0],
      commands: (allowWrites ? ['configure this', 'save'] : ['show version', 'show clock']).slice(
        0,
        1 + dice.below(2),
      ),
      allowWrites,
      forks: dice.pick([1, 4, 500, 500]),
      retries: dice.below(4),
      agentWaitMs: dice.chance(0.8) ? 300_000 : 15_000,
      deadlineMs: dice.chance(0.9) ? 0 : dice.between(5_000, 60_000),
      isRepeated: dice.chance(0.2),
    };
  });
}

function faultsOf(
  dice: Dice,
  agents: AgentPlan[],
  sweeps: SweepPlan[],
  only: readonly FaultKind[] | undefined,
): Fault[] {
  const number = dice.pick([0, 1, 1, 2, 2, 3, 4, 6, 8]);
  const wanted = () => {
    for (;;) {
      const fault = faultOf(dice, agents, sweeps);
      if (only === undefined || only.includes(fault.kind)) return fault;
    }
  };
  const faults = Array.from({ length: number }, wanted);
  return faults.sort((one, other) => one.at - other.at);
}

function faultOf(dice: Dice, agents: AgentPlan[], sweeps: SweepPlan[]): Fault {
  // Many in the first seconds, where most of the work is.
  const at = dice.chance(0.6) ? dice.between(FAULTS_FROM, 8_000) : dice.between(FAULTS_FROM, FAULTS_UNTIL);
  const agent = dice.below(agents.length);
  const awhile = () => (dice.chance(0.5) ? dice.between(100, 4_000) : dice.between(4_000, 60_000));
  switch (dice.below(22)) {
    case 0:
    case 1:
      return { kind: 'coordinator-killed', at, ms: dice.between(50, 8_000) };
    case 2:
      return { kind: 'coordinator-stopped', at, ms: awhile() };
    case 3:
    case 4:
      return { kind: 'agent-killed', at, ms: dice.between(100, 15_000), agent };
    case 5:
      return { kind: 'agent-stopped', at, ms: awhile(), agent };
    case 6:
      return { kind: 'host-stopped', at, ms: awhile(), agent };
    case 7:
      return { kind: 'host-suspended', at, ms: awhile(), agent };
    case 8:
      return { kind: 'agent-drained', at, ms: dice.between(100, 5_000), agent };
    case 9:
      return { kind: 'worker-killed', at, ms: 0, agent, pick: dice.below(8) };
    case 10:
      return { kind: 'worker-stopped', at, ms: dice.between(500, 12_000), agent, pick: dice.below(8) };
    case 11:
    case 12:
      return {
        kind: 'link-cut',
        at,
        ms: awhile(),
        agent,
        direction: dice.pick(['up', 'down', 'both'] as const),
      };
    case 13:
      return { kind: 'link-reset', at, ms: 0, agent };
    case 14:
      return { kind: 'wall-stepped', at, ms: 0, agent, byMs: dice.between(-3_600_000, 3_600_000) };
    case 15:
      return { kind: 'nats-killed', at, ms: dice.between(50, 10_000) };
    case 16:
      return { kind: 'nats-wiped', at, ms: 0 };
    case 17:
      return { kind: 'nats-rolled-back', at, ms: dice.between(500, 20_000) };
    case 18:
      return { kind: 'nats-cut', at, ms: awhile(), agent: dice.chance(0.4) ? null : agent };
    case 19:
      return { kind: 'nats-mischief', at, ms: dice.between(1_000, 40_000), mischief: mischiefOf(dice) };
    case 20:
      return dice.chance(0.7)
        ? { kind: 'store-slow', at, ms: dice.between(1_000, 20_000), commitMs: dice.between(200, 5_000) }
        : { kind: 'store-rolled-back', at, ms: dice.between(200, 10_000) };
    default:
      return { kind: 'cancelled', at, ms: 0, sweep: dice.below(sweeps.length) };
  }
}

function mischiefOf(dice: Dice): Mischief {
  const kind = dice.pick(['repeat', 'reorder', 'hide', 'loseAck'] as const);
  return { ...HONEST, [kind]: dice.between(0.2, 0.9) };
}

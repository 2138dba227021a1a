// A whole netsweep in one process on a virtual clock: the real coordinator and the real agents, and around them
// simulated machines, network, NATS, disk, workers and devices. Everything that happens follows from the schedule.
import { runAgent } from '../../agent/agent.ts';
import { Targets } from '../../agent/targets.ts';
import { Coordinator } from '../../coordinator/coordinator.ts';
import type { Shard } from '../../proto/gen/netsweep/v1/agent.ts';
import { Credential, Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.ts';
import type { SubmitPart, SubmitReply } from '../../proto/gen/netsweep/v1/sweeps.ts';
import { Dice } from './dice.ts';
import { Faults } from './faults.ts';
import { Fleet, SimDevice } from './fleet.ts';
import { Channel, Server } from './grpc.ts';
import { Machine, Process } from './machine.ts';
import { NatsClient, NatsServer, SimOffers, SimShards } from './nats.ts';
import { Network } from './network.ts';
import { SimPool } from './pool.ts';
import type { AgentPlan, CredentialPlan, FaultKind, Schedule, SweepPlan } from './schedule.ts';
import { Disk, SimStore } from './store.ts';
import { Timeline } from './timeline.ts';
import { AUTH_FAIL_MOST, type Violation, Witness } from './witness.ts';

/** How long the world goes on after the last sweep has ended, in ms. */
const AFTERWARDS_MS = 3_000;
/** What a sweep may take once nothing goes wrong any more, beside its work, in ms. */
const RECOVERY_MS = 90_000;
/** Between two tries of a device at most, on average, in ms. */
const PAUSE_MS = 5_000;
const LIMITS = { connectMs: 5_000, loginMs: 8_000, idleMs: 30_000, commandMs: 30_000, deviceMs: 120_000 };
/** A client that hears nothing asks again, in ms. */
const ASK_AGAIN_MS = 6_000;

export interface Outcome {
  violations: Violation[];
  /** Of every line of the trace. */
  digest: string;
  trace: string[];
  fired: FaultKind[];
  happenings: number;
  /** Virtual time that it took, in ms. */
  tookMs: number;
  sessions: number;
  /** Outputs that travelled as their digest. */
  spared: number;
}

interface Swept {
  plan: SweepPlan;
  key: string;
  /** Empty until the submit was answered. */
  id: string;
}

export class World {
  readonly timeline = new Timeline();
  readonly network: Network;
  readonly fleet = new Fleet();
  readonly nats: NatsServer;
  readonly witness: Witness;
  readonly agents: SimAgent[];
  readonly sweeps: Swept[];
  readonly fired: FaultKind[] = [];
  readonly faults: { from: number; until: number }[] = [];
  disk: Disk;
  /** How long a commit takes, in ms; 0: as a good disk does. */
  commitMs = 0;
  coordinator: Serving | null = null;
  readonly coordinatorMachine: Machine;
  readonly #lines: string[] = [];
  #digest = 0x811c9dc5;
  #foundCommits = 0;

  constructor(
    readonly schedule: Schedule,
    private readonly isTraced: boolean,
  ) {
    const { seed } = schedule;
    this.network = new Network(this.timeline, new Dice(seed, 'network'));
    this.disk = new Disk('store', this.fleet, ({ sweep, index, epoch }, current) =>
      this.witness.broken(
        'I5',
        `a result of ${sweep}/${index} under ${epoch} was kept, and ${current} was granted`,
      ),
    );
    this.witness = new Witness(
      this.timeline,
      this.fleet,
      {
        disk: () => this.disk,
        foundCommits: () => this.#foundCommits,
        reachableSince: (agent) => this.#reachableSince(agent),
        rateOf: (agent) => this.#agent(agent).plan.rate,
        planOf: (sweep) => this.sweeps.find(({ id }) => id === sweep)?.plan,
        excuseOf: (device) => this.#excuseOf(device),
        faults: () => this.faults.length,
        siteOf: (device) => schedule.devices.find(({ name }) => name === device)?.site,
        forksOf: (agent) => this.#agent(agent).plan.forks,
      },
      (line) => this.trace(line),
    );
    this.coordinatorMachine = new Machine(
      'coordinator',
      this.timeline,
      new Dice(seed, 'c'),
      schedule.coordinatorRate,
    );
    const natsMachine = new Machine('nats', this.timeline, new Dice(seed, 'n'), 1);
    const natsDice = new Dice(seed, 'nats');
    this.nats = new NatsServer(natsMachine, natsDice, (machine) => new Process('nats', machine, natsDice));
    this.agents = schedule.agents.map((plan) => new SimAgent(this, plan));
    this.sweeps = schedule.sweeps.map((plan, at) => ({ plan, key: `key-${at}`, id: '' }));
    for (const { host, manner, credential } of schedule.devices) {
      const device = this.fleet.devices.get(`${host}:22`) ?? new SimDevice(manner);
      this.fleet.devices.set(`${host}:22`, device);
      const { username, password, wrongAt } = schedule.credentials[credential] as CredentialPlan; // of this schedule
      device.passwords.set(username, wrongAt.includes(host) ? 'another' : password);
    }
  }

  trace(line: string): void {
    const text = `${this.timeline.now.toFixed(3)} ${line}`;
    for (let at = 0; at < text.length; at++)
      this.#digest = Math.imul(this.#digest ^ text.charCodeAt(at), 0x01000193);
    if (this.isTraced) this.#lines.push(text);
  }

  run(): Outcome {
    const { timeline, schedule } = this;
    this.serve();
    for (const agent of this.agents) agent.start();
    for (const swept of this.sweeps) timeline.at(swept.plan.at, () => this.#submit(swept));
    new Faults(this).plan();
    const lastSubmit = Math.max(...schedule.sweeps.map(({ at }) => at));
    let endedAt = Number.POSITIVE_INFINITY;
    const over = () => {
      if (this.witness.violations.length > 0) return true;
      if (timeline.now < lastSubmit || !this.sweeps.every((swept) => this.#hasEnded(swept))) return false;
      if (endedAt === Number.POSITIVE_INFINITY) endedAt = timeline.now;
      return timeline.now >= endedAt + AFTERWARDS_MS;
    };
    timeline.run(over, schedule.quietAt + RECOVERY_MS + this.#workMs());
    if (this.witness.violations.length === 0)
      this.witness.conclude(
        this.sweeps.map(({ id, plan }) => ({ id, devices: plan.devices.length })),
        this.faults,
      );
    return {
      violations: this.witness.violations,
      digest: (this.#digest >>> 0).toString(16).padStart(8, '0'),
      trace: this.#lines,
      fired: this.fired,
      happenings: timeline.happenings,
      tookMs: timeline.now,
      sessions: this.fleet.sessions.length,
      spared: this.witness.spared,
    };
  }

  /** A coordinator starts on the disk as it is. */
  serve(): void {
    const dice = new Dice(this.schedule.seed, `coordinator ${this.timeline.now}`);
    const process = new Process('coordinator', this.coordinatorMachine, dice);
    const serving: Serving = { process, server: new Server(process), coordinator: null, servingSince: 0 };
    this.coordinator = serving;
    process.onDeath.push(() => {
      if (this.coordinator === serving) this.coordinator = null;
    });
    const commitMs = () => (this.commitMs > 0 ? this.commitMs * dice.between(0.5, 1) : dice.between(0.3, 6));
    const store = new SimStore(this.disk, process, this.timeline, dice, commitMs, (error) =>
      this.witness.broken('store', `a commit was refused: ${error}`),
    );
    this.#foundCommits = this.disk.commits;
    this.trace('coordinator starts');
    void this.#open(serving, store);
  }

  async #open(serving: Serving, store: SimStore): Promise<void> {
    const { process, server } = serving;
    const coordinator = await Coordinator.on(
      store,
      server,
      {
        unfinished: 'resume',
        submitted: async () => undefined,
        attached: () => undefined,
        warn: (error, what) => this.trace(`coordinator warns: ${what}: ${error}`),
      },
      process.host,
    );
    serving.coordinator = coordinator;
    serving.servingSince = this.timeline.now;
    this.trace('coordinator serves');
    const offers = new SimOffers(new NatsClient(process, this.network, this.nats));
    while (
      !(await offers.rebuild(null).then(
        () => true,
        () => false,
      ))
    )
      await asleep(process, 250);
    coordinator.work(offers);
  }

  /** As an operator's client: asks until it is answered. */
  ask<Reply>(
    what: (server: Server, answer: (error: unknown, reply: Reply) => void) => void,
    told: (reply: Reply) => void,
  ): void {
    let isAnswered = false;
    const attempt = () => {
      if (isAnswered) return;
      this.timeline.at(this.timeline.now + ASK_AGAIN_MS, attempt);
      const serving = this.coordinator;
      if (serving?.coordinator == null) return;
      serving.process.hear(() =>
        what(serving.server, (error, reply) => {
          if (!serving.process.alive || error !== null) return;
          this.timeline.at(this.timeline.now + 1, () => {
            isAnswered = true;
            told(reply);
          });
        }),
      );
    };
    attempt();
  }

  #submit(swept: Swept): void {
    const parts = this.#parts(swept);
    const heard = ({ sweep }: SubmitReply) => {
      if (swept.id !== '' && swept.id !== sweep && this.witness.rolledBackAt === null)
        this.witness.broken('I1', `one submit made two sweeps: ${swept.id} and ${sweep}`);
      if (swept.id === '') swept.id = sweep;
      this.trace(`sweep ${sweep} is accepted`);
    };
    const ask = () =>
      this.ask<SubmitReply>((server, answer) => {
        const call = (async function* () {
          yield* parts;
        })();
        const submit = server.sweeps.submit as unknown as (call: unknown, callback: typeof answer) => void;
        submit(call, answer);
      }, heard);
    ask();
    if (swept.plan.isRepeated) this.timeline.at(this.timeline.now + 5, ask);
  }

  #parts({ plan, key }: Swept): SubmitPart[] {
    const { devices, credentials } = this.schedule;
    const options = SweepOptions.create({
      forks: plan.forks,
      loginRate: plan.loginRate ?? 0,
      siteSessions: plan.siteSessions ?? 0,
      retries: plan.retries,
      limits: LIMITS,
      deadlineMs: Math.round(plan.deadlineMs),
      authFailMax: AUTH_FAIL_MOST,
      allowWrites: plan.allowWrites,
      agentWaitMs: plan.agentWaitMs,
      outputLimit: 1_000_000,
    });
    const chosen = plan.devices.map((at) => devices[at]).filter((device) => device !== undefined);
    return [
      { body: { $case: 'header', value: { key, client: '', options, agents: 0, workers: 0 } } },
      ...credentials.map(({ username, password, isKey }, at): SubmitPart => {
        const secret = isKey ? { privateKey: Buffer.from('key') } : { password: Buffer.from(password) };
        return {
          body: {
            $case: 'credential',
            value: Credential.create({ id: `c${at}`, name: username, username, ...secret }),
          },
        };
      }),
      {
        body: {
          $case: 'devices',
          value: {
            devices: chosen.map(({ name, segment, host, credential, site = '' }, index) =>
              Device.create({
                ...{ index, name, segment, host, port: 22, platform: 'cisco_ios', site },
                ...{ commands: plan.commands, credential: `c${credential}` },
              }),
            ),
          },
        },
      },
    ];
  }

  #hasEnded({ id }: Swept): boolean {
    if (id === '') return false;
    const stored = this.disk.sweeps.get(id);
    return stored === undefined ? this.witness.rolledBackAt !== null : stored.row.endedAtMs > 0;
  }

  /** What all sweeps take when one device is worked on at a time. */
  #workMs(): number {
    const { devices } = this.schedule;
    return this.sweeps.reduce((sum, { plan }) => {
      const each = plan.devices.map((at) => {
        const { connectMs = 0, loginMs = 0, commandMs = 0, kind = 'well' } = devices[at]?.manner ?? {};
        const once = connectMs + loginMs + commandMs * plan.commands.length + PAUSE_MS;
        return kind === 'well' ? once : (once + LIMITS.loginMs) * (plan.retries + 1);
      });
      return sum + each.reduce((total, ms) => total + ms, 0);
    }, 0);
  }

  #agent(name: string): SimAgent {
    const agent = this.agents.find(({ plan }) => plan.name === name);
    if (agent === undefined) throw new Error(`no agent ${name}`);
    return agent;
  }

  #excuseOf(name: string): string | null {
    const { devices, credentials } = this.schedule;
    const device = devices.find((one) => one.name === name);
    if (device === undefined || device.manner.kind !== 'well') return 'its manner';
    // Once a credential is refused somewhere it may be stopped everywhere.
    if (credentials.some(({ wrongAt }) => wrongAt.length > 0)) return 'a wrong password';
    if (devices.some(({ manner }) => manner.kind === 'hangs-up')) return 'a device that hangs up';
    const { connectMs, loginMs, commandMs } = device.manner;
    // On a clock that runs twice as fast limits are half as long.
    const isSlow =
      2 * connectMs > LIMITS.connectMs || 2 * loginMs > LIMITS.loginMs || 2 * commandMs > LIMITS.commandMs;
    return isSlow ? 'it is slow' : null;
  }

  #reachableSince(name: string): number | null {
    const agent = this.#agent(name).process;
    const serving = this.coordinator;
    if (agent === null || serving?.coordinator == null) return null;
    if (agent.stoppedSince !== null || serving.process.stoppedSince !== null) return null;
    const up = this.network.path(agent.machine.name, 'coordinator');
    const down = this.network.path('coordinator', agent.machine.name);
    if (up.cutSince !== null || down.cutSince !== null) return null;
    return Math.max(
      ...[agent.lastGo, serving.process.lastGo, serving.servingSince, up.healedAt, down.healedAt],
      this.witness.welcomedAt(agent),
    );
  }
}

interface Serving {
  process: Process;
  server: Server;
  /** Null until it serves. */
  coordinator: Coordinator | null;
  servingSince: number;
}

/** An agent's machine, and the agent on it, started again whenever it has gone. */
export class SimAgent {
  readonly machine: Machine;
  process: Process | null = null;
  #stop = new AbortController();
  readonly #dice: Dice;
  #runs = 0;

  constructor(
    private readonly world: World,
    readonly plan: AgentPlan,
  ) {
    const { seed } = world.schedule;
    this.#dice = new Dice(seed, plan.name);
    this.machine = new Machine(plan.name, world.timeline, new Dice(seed, `${plan.name}'s clock`), plan.rate);
  }

  start(): void {
    const { world, plan } = this;
    if (this.process !== null) return;
    if (this.machine.isSuspended) {
      world.timeline.at(world.timeline.now + 1_000, () => this.start());
      return;
    }
    const process = new Process(`${plan.name}.${++this.#runs}`, this.machine, this.#dice);
    this.process = process;
    this.#stop = new AbortController();
    process.onDeath.push(() => {
      if (this.process === process) this.process = null;
    });
    world.trace(`${process.name} starts`);
    const { name, segments, forks, workers } = plan;
    const config = {
      name,
      segments,
      forks,
      workers,
      memoryBytes: 64 * 1024 * 1024,
      spoolBytes: 0,
      rehearsal: null,
      identity: null,
      signedBy: null,
      targets: Targets.any,
      vault: null,
      isAwaited: false,
      http: null,
      machine: undefined,
      version: 'simulated',
      coordinator: '',
      tls: null,
    };
    const nats = { servers: [], token: null, credsFile: null };
    const log = {
      warn: (what: string) => world.trace(`${process.name} warns: ${what}`),
      ready: () => undefined,
    };
    const ended = (how: string) => {
      world.trace(`${process.name} ends ${how}`);
      process.die();
      world.timeline.at(world.timeline.now + this.#dice.between(200, 3_000), () => this.start());
    };
    runAgent({ ...config, nats }, this.#stop.signal, log, this.#parts(process)).then(
      () => ended('drained'),
      (error: unknown) => ended(String(error)),
    );
  }

  drain(): void {
    this.#stop.abort();
  }

  #parts(process: Process) {
    const { world, plan } = this;
    const dice = this.#dice;
    const channel = new Channel(process, world.network, () => served(world.coordinator), dice, world.witness);
    return {
      host: process.host,
      openPool: async () =>
        new SimPool({
          agent: process,
          name: plan.name,
          size: plan.workers,
          fork: (name) => new Process(name, this.machine, dice),
          fleet: world.fleet,
          dice,
          did: (session, what) => world.witness.did(session, what),
        }),
      openChannel: () => channel.client,
      openSpool: () => null,
      openShards: async () =>
        new SimShards(new NatsClient(process, world.network, world.nats), (shard: Shard) =>
          world.witness.finishing(process, shard),
        ),
    };
  }
}

function served(serving: Serving | null): Server | null {
  return serving?.coordinator == null ? null : serving.server;
}

function asleep(process: Process, ms: number): Promise<void> {
  return new Promise((resolve) => process.host.after(ms, resolve));
}

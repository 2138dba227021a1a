// gRPC as coordinator and agents meet it: streams and calls over a simulated connection. It behaves as grpc-js was
// seen to: calls wait while a channel connects, fail at once while it rests after a failure, and end with their
// connection; a stream keeps order, calls do not.
import { EventEmitter } from 'node:events';
import { Metadata, type ServerDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import type { UplinkClient } from '../../agent/uplink.ts';
import { type AgentBatch, ClaimReply, type CoordinatorBatch } from '../../proto/gen/netsweep/v1/agent.ts';
import type { AgentsServer } from '../../proto/gen/netsweep/v1/agent_service.ts';
import type { SweepsServer } from '../../proto/gen/netsweep/v1/sweeps_service.ts';
import type { Dice } from './dice.ts';
import type { Process } from './machine.ts';
import type { End, Network } from './network.ts';

/** How long a channel rests after a connection that failed, in ms. */
const BACKOFF_MS = [200, 1_000] as const;

type Callback<Reply> = (error: ServiceError | null, reply: Reply) => void;

/** What a coordinator serves. */
export class Server {
  #agents: AgentsServer | null = null;
  #sweeps: SweepsServer | null = null;

  constructor(readonly process: Process) {}

  /** As of grpc-js: coordinator's services add themselves. */
  addService(_definition: unknown, implementation: unknown): void {
    // One service or the other, told apart by a call that only it has.
    if (typeof implementation === 'object' && implementation !== null && 'submit' in implementation)
      this.#sweeps = implementation as SweepsServer;
    else this.#agents = implementation as AgentsServer;
  }

  get agents(): AgentsServer {
    if (this.#agents === null) throw new Error('no agents are served');
    return this.#agents;
  }

  get sweeps(): SweepsServer {
    if (this.#sweeps === null) throw new Error('no sweeps are served');
    return this.#sweeps;
  }
}

/** What passes on the wire, for whoever keeps watch. */
export interface Wiretap {
  fromAgent(agent: Process, batch: AgentBatch): void;
  toAgent(agent: Process, batch: CoordinatorBatch): void;
  call(agent: Process, name: 'claim' | 'renew', request: unknown, reply: unknown): void;
}

/** An agent's channel to whichever coordinator serves. */
export class Channel {
  #state: 'idle' | 'connecting' | 'ready' | 'failing' | 'closed' = 'idle';
  #end: End | null = null;
  #waiting: ((end: End | null) => void)[] = [];

  constructor(
    private readonly process: Process,
    private readonly network: Network,
    private readonly server: () => Server | null,
    private readonly dice: Dice,
    private readonly tap: Wiretap,
  ) {}

  /** As the generated client, as far as the uplink uses it. */
  get client(): UplinkClient {
    const client = {
      link: () => this.#link(),
      claim: (
        request: unknown,
        _metadata: unknown,
        options: { deadline: number },
        callback: Callback<unknown>,
      ) => this.#call('claim', request, options.deadline, callback),
      renew: (
        request: unknown,
        _metadata: unknown,
        options: { deadline: number },
        callback: Callback<unknown>,
      ) => this.#call('renew', request, options.deadline, callback),
      close: () => this.#close(),
    };
    return client as unknown as UplinkClient; // the overloads that nobody uses are missing
  }

  #close(): void {
    this.#state = 'closed';
    this.#end?.reset();
    for (const call of this.#waiting.splice(0)) call(null);
  }

  /** `call` gets the connection, or null when there is none and won't be for a while. Never called at once. */
  #connected(call: (end: End | null) => void): void {
    switch (this.#state) {
      case 'ready':
        this.process.host.after(0, () => call(this.#end));
        return;
      case 'failing':
      case 'closed':
        this.process.host.after(0, () => call(null));
        return;
      case 'idle':
        this.#waiting.push(call);
        this.#connect();
        return;
      case 'connecting':
        this.#waiting.push(call);
        return;
      default:
        this.#state satisfies never;
    }
  }

  #connect(): void {
    this.#state = 'connecting';
    const settled = (end: End | null) => {
      if (this.#state === 'closed') return end?.reset();
      this.#end = end;
      this.#state = end === null ? 'failing' : 'ready';
      if (end === null) this.process.host.after(this.dice.between(...BACKOFF_MS), () => this.#rested());
      else
        end.onBroken.push(() => {
          this.#end = null;
          if (this.#state === 'ready') this.#state = 'idle';
        });
      for (const call of this.#waiting.splice(0)) call(end);
    };
    this.network.connect(
      this.process,
      () => this.server()?.process ?? null,
      settled,
      () => settled(null),
    );
  }

  #rested(): void {
    if (this.#state === 'failing') this.#state = 'idle';
  }

  #call(name: 'claim' | 'renew', request: unknown, deadline: number, callback: Callback<unknown>): void {
    const { host } = this.process;
    let over = false;
    const settle = (error: ServiceError | null, reply: unknown) => {
      if (over) return;
      over = true;
      callOff();
      callback(error, reply);
    };
    const callOff = host.after(Math.max(0, deadline - host.wallMs()), () =>
      settle(failure(status.DEADLINE_EXCEEDED, 'Deadline exceeded'), undefined),
    );
    this.#connected((end) => {
      if (end === null || end.isBroken)
        return settle(failure(status.UNAVAILABLE, 'no connection'), undefined);
      end.onBroken.push(() => settle(failure(status.UNAVAILABLE, 'connection dropped'), undefined));
      end.send(() => this.#serve(end, name, request, settle));
    });
  }

  #serve(end: End, name: 'claim' | 'renew', request: unknown, settle: Callback<unknown>): void {
    const server = this.server();
    if (server === null || server.process !== end.peer.process) return;
    const answer = (error: unknown, reply: unknown) => {
      if (!end.peer.process.alive) return;
      this.tap.call(this.process, name, request, reply);
      // What the agent does to its copy is not done to ours: it wipes secrets.
      const own = name === 'claim' && error === null ? copied(reply as ClaimReply) : reply;
      end.peer.send(() => settle(error === null ? null : (error as ServiceError), own));
    };
    // The request is the generated type's; it came through the generated client's method of that name.
    const serve = server.agents[name] as unknown as (
      call: { request: unknown },
      callback: Callback<unknown>,
    ) => void;
    serve({ request }, answer);
  }

  #link(): unknown {
    const near = new ClientStream(this.dice);
    this.#connected((end) => {
      const server = this.server();
      if (end === null || end.isBroken || server === null) return near.fail('no connection');
      const far = new ServerStream(end.peer, near, (batch) => this.tap.toAgent(this.process, batch));
      near.open(end, far, (batch) => this.tap.fromAgent(this.process, batch));
      // Its metadata comes before anything else of it.
      end.send(() => server.agents.link(far as unknown as ServerDuplexStream<AgentBatch, CoordinatorBatch>)); // as far as intake uses it
      near.flush();
    });
    return near;
  }
}

/** The agent's half of the link. */
class ClientStream extends EventEmitter {
  #end: End | null = null;
  #far: ServerStream | null = null;
  #early: (() => void)[] = [];
  #over = false;
  #tap: (batch: AgentBatch) => void = () => undefined;

  constructor(private readonly dice: Dice) {
    super();
    this.setMaxListeners(0);
  }

  open(end: End, far: ServerStream, tap: (batch: AgentBatch) => void): void {
    this.#end = end;
    this.#far = far;
    this.#tap = tap;
    end.onBroken.push(() => this.fail('connection dropped'));
  }

  flush(): void {
    for (const call of this.#early.splice(0)) call();
  }

  write(batch: AgentBatch): boolean {
    if (this.#over) return false;
    if (this.#end === null || this.#far === null) {
      this.#early.push(() => this.write(batch));
      return true;
    }
    const [end, far] = [this.#end, this.#far];
    this.#tap(batch);
    // Told to wait by flow control: until the other side has read it.
    const isFull = end.isStuck || this.dice.chance(0.05);
    end.send(() => {
      far.push(batch);
      if (isFull) end.peer.send(() => this.emit('drain'));
    });
    return !isFull;
  }

  end(): void {
    if (this.#over) return;
    const [end, far] = [this.#end, this.#far];
    if (end === null || far === null) this.#early.push(() => this.end());
    else end.send(() => far.closed());
  }

  heard(batch: CoordinatorBatch): void {
    if (!this.#over) this.emit('data', batch);
  }

  finished(): void {
    if (this.#over) return;
    this.#over = true;
    this.emit('end');
  }

  fail(details: string, code: status = status.UNAVAILABLE): void {
    if (this.#over) return;
    this.#over = true;
    this.emit('error', failure(code, details));
  }
}

/** The coordinator's half. */
class ServerStream extends EventEmitter {
  #paused = false;
  #over = false;
  #unread: (() => void)[] = [];

  constructor(
    private readonly end_: End,
    private readonly near: ClientStream,
    private readonly tap: (batch: CoordinatorBatch) => void,
  ) {
    super();
    this.setMaxListeners(0);
    end_.onBroken.push(() => {
      if (this.#over) return;
      this.#over = true;
      this.emit('cancelled');
    });
    // What intake emits is the stream's status.
    this.on('error', (error: ServiceError) => {
      if (this.#over) return;
      this.#over = true;
      this.end_.send(() => this.near.fail(error.details, error.code));
    });
  }

  push(batch: AgentBatch): void {
    this.#read(() => this.emit('data', batch));
  }

  /** The agent has said all it will. */
  closed(): void {
    this.#read(() => this.emit('end'));
  }

  write(batch: CoordinatorBatch): boolean {
    if (this.#over) return false;
    this.tap(batch);
    this.end_.send(() => this.near.heard(batch));
    return true;
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.end_.send(() => this.near.finished());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused) {
      const call = this.#unread.shift();
      if (call === undefined) return;
      call();
    }
  }

  #read(call: () => void): void {
    if (this.#paused) this.#unread.push(call);
    else if (!this.#over) call();
  }
}

function copied(reply: ClaimReply): ClaimReply {
  return ClaimReply.decode(ClaimReply.encode(reply).finish());
}

function failure(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

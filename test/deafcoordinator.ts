// A coordinator of a test's own that speaks the agents' protocol and grants everything, but acknowledges no result
// until it is told to: what an agent does meanwhile is its own affair. It holds what came, by device.
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { FLEET_DEFAULTS } from '../agent/fleet/options.ts';
import { devicePort } from '../agent/fleet/share.ts';
import {
  type AgentBatch,
  type AgentMessage,
  type CoordinatorBatch,
  type CoordinatorMessage,
  Grant,
  type Result,
  Shard,
  Verdict,
  Work,
} from '../proto/gen/netsweep/v1/agent.ts';
import { type AgentsServer, AgentsService } from '../proto/gen/netsweep/v1/agent_service.ts';
import { Credential, Device, SweepOptions } from '../proto/gen/netsweep/v1/model.ts';
import { Permit } from '../proto/gen/netsweep/v1/session.ts';
import type { Fleet } from './fleet.ts';

const TERM_MS = 10_000;
const SECOND = 1_000;
const LIMITS = { connectMs: 5, loginMs: 60, idleMs: 60, commandMs: 300, deviceMs: 600 };

type Stream = ServerDuplexStream<AgentBatch, CoordinatorBatch>;

export class DeafCoordinator implements AsyncDisposable {
  /** Every result that came, repeats too. */
  readonly results: Result[] = [];
  /** How often leave to log in was asked for. */
  asked = 0;
  /** Bytes of pieces that came. */
  pieces = 0;
  address = '';
  readonly #server = new Server({ 'grpc.max_receive_message_length': 1 << 24 });
  readonly #shard: Shard;
  #deaf = true;
  #stream: Stream | null = null;
  #unacknowledged: number[] = [];

  private constructor(fleet: Fleet, command: string, limits: Partial<typeof LIMITS>) {
    const ms = Object.entries({ ...LIMITS, ...limits }).map(([name, seconds]) => [name, seconds * SECOND]);
    this.#shard = Shard.create({
      storeId: 'deaf',
      sweep: 'SWEEP',
      shard: 1,
      offer: 1,
      segment: 'default',
      options: SweepOptions.create({ outputLimit: 1 << 26, limits: Object.fromEntries(ms) }),
      devices: fleet.devices.map((device, index) =>
        Device.create({
          index,
          name: device.name,
          host: device.address,
          port: devicePort(device, fleet.devices.length, fleet.port),
          platform: device.platform,
          segment: 'default',
          commands: [command],
          credential: 'c',
        }),
      ),
    });
  }

  static async open(
    fleet: Fleet,
    command: string,
    limits: Partial<typeof LIMITS> = {},
  ): Promise<DeafCoordinator> {
    const coordinator = new DeafCoordinator(fleet, command, limits);
    const service: AgentsServer = {
      link: (stream) => coordinator.#link(stream),
      claim: (_call, callback) => callback(null, coordinator.#grant()),
      renew: (_call, callback) => callback(null, { lost: [], cancelled: [] }),
    };
    coordinator.#server.addService(AgentsService, service);
    const port = await new Promise<number>((resolve, reject) => {
      coordinator.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    coordinator.address = `127.0.0.1:${port}`;
    return coordinator;
  }

  /** Acknowledges everything that came, and from now on at once. */
  hear(): void {
    this.#deaf = false;
    this.#acknowledge();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }

  #grant() {
    const work = this.#shard.devices.map(({ index }) => Work.create({ index, credential: 'c' }));
    const { user: username, password } = FLEET_DEFAULTS;
    const credentials = [Credential.create({ id: 'c', username, password: Buffer.from(password) })];
    const value = Grant.create({ epoch: 'epoch', termMs: TERM_MS, work, credentials });
    return { answer: { $case: 'grant' as const, value } };
  }

  #link(stream: Stream): void {
    this.#stream = stream;
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    stream.on('data', ({ messages }: AgentBatch) => {
      for (const { body } of messages) this.#heard(body);
    });
  }

  #heard(body: AgentMessage['body']): void {
    switch (body?.$case) {
      case 'hello':
        this.#say({
          $case: 'welcome',
          value: {
            storeId: 'deaf',
            coordinator: 'deaf',
            termMs: TERM_MS,
            lockDelayMs: 5_000,
            abridged: false,
            signingKey: Buffer.alloc(0),
          },
        });
        return this.#say({ $case: 'offer', value: this.#shard });
      case 'loginAsk':
        this.asked += 1;
        return this.#say({
          $case: 'loginAnswer',
          value: { ask: body.value.ask, permit: Permit.SEND, atMs: 0 },
        });
      case 'hostKeySeen':
        return this.#say({
          $case: 'hostKeyAnswer',
          value: { ask: body.value.ask, accepted: true, known: [], mayLogIn: true },
        });
      case 'results':
        this.pieces += body.value.chunks.reduce((sum, { data }) => sum + data.length, 0);
        this.results.push(...body.value.results);
        this.#unacknowledged.push(...body.value.results.map(({ seq }) => seq));
        if (!this.#deaf) this.#acknowledge();
    }
  }

  #acknowledge(): void {
    const acks = this.#unacknowledged.splice(0).map((seq) => ({ seq, verdict: Verdict.STORED }));
    this.#say({ $case: 'acks', value: { acks, commit: 1 } });
  }

  #say(body: NonNullable<CoordinatorMessage['body']>): void {
    this.#stream?.write({ messages: [{ body }], nowMs: 0 });
  }
}

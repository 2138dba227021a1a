// A coordinator's intake with one sweep on a real store, and agents of the test's own on real streams. It can be
// closed and opened again on the same store, as after a crash: nothing is said when it closes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChannelCredentials,
  experimental,
  type Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { Books } from '../../coordinator/books.js';
import { type Caller, setCaller, trusted } from '../../coordinator/identity/caller.js';
import { Agents } from '../../coordinator/intake/agents.js';
import { Presence } from '../../coordinator/intake/presence.js';
import { bind, close, createServer, listen } from '../../coordinator/intake/server.js';
import { openSigningKey, type Signer } from '../../coordinator/signing.js';
import { openStore } from '../../coordinator/store/open.js';
import type { Store, SweepRow, Write } from '../../coordinator/store/store.js';
import type { ActiveSweep } from '../../coordinator/sweep/activesweep.js';
import {
  type AgentMessage,
  type ClaimReply,
  type CoordinatorBatch,
  type CoordinatorMessage,
  type Grant,
  Hello,
} from '../../proto/gen/netsweep/v1/agent.js';
import { AgentsClient } from '../../proto/gen/netsweep/v1/agent_service.js';
import { Member, Role } from '../../proto/gen/netsweep/v1/members.js';
import { Credential, Device } from '../../proto/gen/netsweep/v1/model.js';
import { sweepRow } from '../store/samples.js';

export type Body = NonNullable<AgentMessage['body']>;
export type Answer = NonNullable<CoordinatorMessage['body']>;

const TERMS = { termMs: 60_000, lockDelayMs: 5_000 };
const CREDENTIALS = ['own', 'first', 'unused'].map((id) =>
  Credential.create({ id, name: id, username: 'u', password: Buffer.from(id) }),
);

export function device(index: number, changes: Partial<Device> = {}): Device {
  const place = { segment: 's', host: '10.0.0.1', port: 22 };
  const own = { index, name: `R${index}`, commands: ['show version'], credential: 'own' };
  return Device.create({ ...place, ...own, ...changes });
}

export class Intake {
  readonly warnings: string[] = [];
  /** Segments whose offers were altered on their way. */
  readonly altered: string[] = [];
  signer!: Signer;
  readonly disk = new Disk();
  /** Digests whose bytes are not in the store any more. */
  readonly gone = new Set<string>();
  books!: Books;
  sweep!: ActiveSweep;
  agent!: TestAgent;
  #store!: Store;
  #server!: Server;
  #sockets = 0;
  /** Everybody who has joined: with one of them still there the server would take 10 s to end. */
  readonly #joined: TestAgent[] = [];

  private constructor(readonly directory: string) {}

  static async open(devices: Device[], options: { row?: Partial<SweepRow> } = {}): Promise<Intake> {
    const intake = new Intake(mkdtempSync(join(tmpdir(), 'netsweep-intake-')));
    await intake.#start();
    const { books } = intake;
    const writes: Write[] = [];
    for (const credential of CREDENTIALS)
      books.useCredential(credential, await books.guardsOf(credential), 3, 0, writes);
    const row = sweepRow('S', { startedAtMs: books.host.wallMs(), ...options.row });
    intake.sweep = books.ledger.add(row, devices, CREDENTIALS, writes);
    books.ledger.form(intake.sweep, 's', devices.length, books.host.monotonicMs(), writes);
    await books.commit(writes);
    intake.agent = await intake.join('a');
    return intake;
  }

  /** Another sweep over these devices, offered. */
  async sweepAgain(id: string, devices: Device[]): Promise<void> {
    const { ledger, host } = this.books;
    const writes: Write[] = [];
    // The first may be over: what agents of it held is free.
    ledger.lapse(Number.POSITIVE_INFINITY, host.wallMs(), writes);
    const sweep = ledger.add(sweepRow(id, { startedAtMs: host.wallMs() }), devices, CREDENTIALS, writes);
    ledger.form(sweep, 's', devices.length, host.monotonicMs() + 10 * TERMS.termMs, writes);
    await this.books.commit(writes);
  }

  /** Everything but the store is forgotten. */
  async restart(): Promise<void> {
    await this.#stop();
    await this.#start();
    const writes: Write[] = [];
    for (const found of await this.#store.openSweeps()) {
      this.sweep = this.books.ledger.restore(found, this.books.host.monotonicMs(), writes);
      for (const credential of found.credentials)
        this.books.useCredential(credential, await this.books.guardsOf(credential), 3, 0, writes);
    }
    await this.books.commit(writes);
    this.agent = await this.join('a');
  }

  async join(name: string, instance = `${name}-1`, hello: Partial<Hello> = {}): Promise<TestAgent> {
    return this.#welcome(TestAgent.join(`unix:${this.socket}`, name, instance, hello));
  }

  /** An enrolled agent, on a socket whose door knows it. Its hello may say something else. */
  async enrolled(name: string, segments: string[], hello: Partial<Hello> = {}): Promise<TestAgent> {
    const socket = `unix:${join(this.directory, `member${++this.#sockets}`)}`;
    const member = Member.create({ id: name, name, role: Role.AGENT, segments });
    const caller: Caller = { ...trusted(name, 'socket'), via: 'member', segments, member };
    const door: ServerInterceptor = (_method, call) =>
      new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMetadata: (metadata, go) => {
              setCaller(metadata, caller);
              go(metadata);
            },
          }),
      });
    const insecure = ServerCredentials.createInsecure();
    await bind(this.#server, socket, experimental.createServerCredentialsWithInterceptors(insecure, [door]));
    const instance = hello.instance ?? `${name}-1`;
    return this.#welcome(TestAgent.join(socket, hello.name ?? name, instance, { segments, ...hello }));
  }

  async #welcome(joining: Promise<TestAgent>): Promise<TestAgent> {
    const agent = await joining;
    this.#joined.push(agent);
    return agent;
  }

  get store(): Store {
    return this.#store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  get socket(): string {
    return join(this.directory, `sock${this.#sockets}`);
  }

  async #start(): Promise<void> {
    this.#sockets += 1;
    this.#store = await openStore(this.directory, null);
    this.books = await Books.open(throughDisk(this.#store, this.disk, this.gone), TERMS);
    const { ledger } = this.books;
    const presence = new Presence((instance) => ledger.running({ instance }));
    this.#server = createServer();
    const events = {
      kick: () => undefined,
      pullEmpty: () => undefined,
      altered: (segment: string) => this.altered.push(segment),
      warn: (why: string, what: string) => this.warnings.push(`${what}: ${why}`),
    };
    this.signer = openSigningKey(this.directory);
    new Agents(this.books, presence, events, this.signer).serveOn(this.#server);
    await listen(this.#server, `unix:${this.socket}`, null);
  }

  async #stop(): Promise<void> {
    for (const agent of this.#joined.splice(0)) agent.leave();
    await close(this.#server, 100);
    await this.#store[Symbol.asyncDispose]();
  }
}

/** What lies between the books and the store: commits wait here while it is slow. */
class Disk {
  slow = false;
  readonly waiting: (() => void)[] = [];

  async passed(): Promise<void> {
    if (this.slow) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  recover(): void {
    this.slow = false;
    for (const go of this.waiting.splice(0)) go();
  }
}

function throughDisk(store: Store, disk: Disk, gone: ReadonlySet<string>): Store {
  return new Proxy(store, {
    get: (_store, name: keyof Store) => {
      const member = store[name];
      if (typeof member !== 'function') return member;
      if (name === 'takeBodies')
        return async (digests: Buffer[]) => {
          const taken = await store.takeBodies(digests);
          return taken.map((body, at) => (gone.has(digests[at]?.toString('hex') ?? '') ? null : body));
        };
      if (name !== 'commit') return member.bind(store);
      return (writes: Write[]) => disk.passed().then(() => store.commit(writes));
    },
  });
}

export class TestAgent {
  readonly heard: Answer[] = [];
  /** What was answered to its hello. */
  greeting: Answer | null = null;
  ended = false;
  #wake = () => {};
  #asked = 0;

  private constructor(
    readonly client: AgentsClient,
    readonly stream: ReturnType<AgentsClient['link']>,
    readonly instance: string,
  ) {
    stream.on('error', () => undefined);
    stream.on('end', () => {
      this.ended = true;
      stream.end();
    });
    stream.on('data', ({ messages }: CoordinatorBatch) => {
      this.heard.push(...messages.flatMap(({ body }) => body ?? []));
      this.#wake();
    });
  }

  static async join(
    address: string,
    name: string,
    instance: string,
    hello: Partial<Hello> = {},
  ): Promise<TestAgent> {
    const client = new AgentsClient(address, ChannelCredentials.createInsecure());
    const agent = new TestAgent(client, client.link(), instance);
    const value = Hello.create({ name, instance, segments: ['s'], forks: 9, ...hello });
    agent.greeting = await agent.say({ $case: 'hello', value });
    return agent;
  }

  /** Says it and does not wait. */
  tell = (...bodies: Body[]): void => {
    this.stream.write({ messages: bodies.map((body) => ({ body })) });
  };

  /** Says it; resolves with the next message that comes. */
  say = async (body: Body): Promise<Answer> => {
    this.heard.splice(0);
    this.tell(body);
    return this.next();
  };

  /** The next message that has not been taken. */
  next = async (): Promise<Answer> => {
    for (;;) {
      const first = this.heard.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  };

  /** The same connection under another instance's name. */
  as(instance: string): TestAgent {
    return new TestAgent(this.client, this.stream, instance);
  }

  claim(
    shard = 1,
    offer = 1,
    claimId = `${this.instance}${++this.#asked}`,
    sweep = 'S',
  ): Promise<ClaimReply> {
    return new Promise((resolve, reject) => {
      const request = { instance: this.instance, claimId, sweep, shard, offer };
      this.client.claim(request, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  }

  async granted(shard = 1, sweep = 'S'): Promise<Grant> {
    const { answer } = await this.claim(shard, 1, undefined, sweep);
    if (answer?.$case !== 'grant') throw new Error(`no grant: ${JSON.stringify(answer)}`);
    return answer.value;
  }

  /** False: the lease is lost. */
  renew(epoch: string, shard = 1): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const leases = [{ sweep: 'S', shard, epoch }];
      this.client.renew({ instance: this.instance, leases }, (error, reply) =>
        error ? reject(error) : resolve(reply.lost.length === 0),
      );
    });
  }

  leave(): void {
    this.stream.end();
    this.client.close();
  }
}

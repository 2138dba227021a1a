// Stands between an agent and its coordinator and knows only what the release before knew: fields and messages that came
// since are left out on both sides, as a program drops what it does not know. So each takes the other for an older one.
import { ChannelCredentials, Server, ServerCredentials } from '@grpc/grpc-js';
import {
  type AgentMessage,
  type CoordinatorMessage,
  type Grant,
  Hello,
} from '../../proto/gen/netsweep/v1/agent.ts';
import { AgentsClient, type AgentsServer, AgentsService } from '../../proto/gen/netsweep/v1/agent_service.ts';

const NEW_FROM_AGENTS: readonly string[] = ['status', 'loginLate'];
const NEW_FROM_COORDINATORS: readonly string[] = ['drain', 'offerBytes'];

export class OldProxy implements AsyncDisposable {
  address = '';
  /** Messages that were left out, by their names. */
  readonly dropped = new Set<string>();
  readonly #server = new Server();
  readonly #client: AgentsClient;

  private constructor(
    to: string,
    /** Of the agent, as it says. */
    private readonly version: string,
  ) {
    this.#client = new AgentsClient(to, ChannelCredentials.createInsecure());
  }

  static async open(to: string, version: string): Promise<OldProxy> {
    const proxy = new OldProxy(to, version);
    proxy.#server.addService(AgentsService, proxy.#service());
    proxy.address = await new Promise<string>((resolve, reject) =>
      proxy.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(`127.0.0.1:${port}`) : reject(error),
      ),
    );
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    this.#server.forceShutdown();
  }

  #service(): AgentsServer {
    return {
      link: (near) => {
        const far = this.#client.link();
        near.on('data', ({ messages }) =>
          far.write({ messages: messages.flatMap((one: AgentMessage) => this.#up(one)) }),
        );
        far.on('data', ({ messages }) =>
          near.write({ nowMs: 0, messages: messages.flatMap((one: CoordinatorMessage) => this.#down(one)) }),
        );
        near.on('end', () => far.end());
        far.on('end', () => near.end());
        near.on('cancelled', () => far.cancel());
        far.on('error', () => near.end());
        near.on('error', () => far.cancel());
      },
      claim: (call, callback) =>
        this.#client.claim(call.request, (error, reply) => {
          if (reply?.answer?.$case === 'grant') reply.answer.value = oldGrant(reply.answer.value);
          callback(error, reply);
        }),
      renew: (call, callback) => this.#client.renew(call.request, callback),
    };
  }

  #up({ body }: AgentMessage): AgentMessage[] {
    if (body === undefined || NEW_FROM_AGENTS.includes(body.$case)) return this.#drop(body?.$case);
    if (body.$case !== 'hello') return [{ body }];
    const { name, instance, segments, forks, workers, storeId, commit, rehearses, coordinator } = body.value;
    const known = { name, instance, segments, forks, workers, storeId, commit, rehearses, coordinator };
    return [{ body: { $case: 'hello', value: Hello.create({ ...known, version: this.version }) } }];
  }

  #down({ body }: CoordinatorMessage): CoordinatorMessage[] {
    if (body === undefined || NEW_FROM_COORDINATORS.includes(body.$case)) return this.#drop(body?.$case);
    if (body.$case !== 'welcome') return [{ body }];
    return [{ body: { $case: 'welcome', value: { ...body.value, signingKey: Buffer.alloc(0) } } }];
  }

  #drop(name = ''): never[] {
    this.dropped.add(name);
    return [];
  }
}

function oldGrant(grant: Grant): Grant {
  const nothing = Buffer.alloc(0);
  const work = grant.work.map((one) => ({ ...one, marks: undefined }));
  return { ...grant, work, terms: nothing, signature: nothing };
}

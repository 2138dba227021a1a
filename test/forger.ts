// Somebody who has taken the coordinator's place on the agents' link, or what lies between: each of its shards is one
// device, granted with a lie of its own. Only the last is granted as its key has signed it.
import { generateKeyPairSync } from 'node:crypto';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { FLEET_DEFAULTS } from '../agent/fleet/options.ts';
import { devicePort } from '../agent/fleet/share.ts';
import { type Signer, signerOf } from '../coordinator/signing.ts';
import {
  type AgentBatch,
  type ClaimRequest,
  type CoordinatorBatch,
  type CoordinatorMessage,
  Grant,
  LeaseTerms,
  type Result,
  Shard,
  Verdict,
  Welcome,
  Work,
} from '../proto/gen/netsweep/v1/agent.ts';
import { type AgentsServer, AgentsService } from '../proto/gen/netsweep/v1/agent_service.ts';
import { Credential, Device, SweepOptions } from '../proto/gen/netsweep/v1/model.ts';
import { Permit } from '../proto/gen/netsweep/v1/session.ts';
import { carriedDigest, signedBytes } from '../proto/terms.ts';
import type { Fleet } from './fleet.ts';

const TERM_MS = 10_000;
const MS = 60_000;
const STORE = 'forged';

/** What is wrong with the grant of a shard. */
export type Lie = (grant: Grant, by: { terms: LeaseTerms; earlier: Grant | null; forger: Signer }) => Grant;

function signed(terms: LeaseTerms, by: Signer): Pick<Grant, 'terms' | 'signature'> {
  const bytes = Buffer.from(LeaseTerms.encode(terms).finish());
  return { terms: bytes, signature: by.sign(signedBytes(bytes)) };
}

export const LIES: Record<string, Lie> = {
  unsigned: (grant, { terms }) => ({
    ...grant,
    terms: Buffer.alloc(0),
    signature: Buffer.alloc(0),
    work: terms.work,
  }),
  'by another key': (grant, { terms, forger }) => ({ ...grant, ...signed(terms, forger) }),
  replayed: (grant, { earlier }) => earlier ?? grant,
  'for another agent': (grant, { terms, forger }) => ({
    ...grant,
    ...signed({ ...terms, instance: 'x' }, forger),
  }),
  'with another term': (grant) => ({ ...grant, termMs: 1_000_000 }),
  'cut off': (grant) => ({ ...grant, signature: grant.signature.subarray(1) }),
};

export class Forger implements AsyncDisposable {
  readonly results: Result[] = [];
  address = '';
  readonly #server = new Server();
  readonly #signer = signerOf(generateKeyPairSync('ed25519').privateKey);
  readonly #stranger = signerOf(generateKeyPairSync('ed25519').privateKey);
  readonly #shards: Shard[];
  #earlier: Grant | null = null;
  #stream: ServerDuplexStream<AgentBatch, CoordinatorBatch> | null = null;

  private constructor(fleet: Fleet, command: string) {
    const limits = { connectMs: MS, loginMs: MS, idleMs: MS, commandMs: MS, deviceMs: MS };
    this.#shards = fleet.devices.map((device, index) =>
      Shard.create({
        storeId: STORE,
        sweep: 'SWEEP',
        shard: index + 1,
        offer: 1,
        segment: 'default',
        options: SweepOptions.create({ outputLimit: 1 << 20, limits }),
        devices: [
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
        ],
      }),
    );
  }

  /** A device for each of the lies, and one for the truth. */
  static async open(fleet: Fleet, command: string): Promise<Forger> {
    const forger = new Forger(fleet, command);
    const service: AgentsServer = {
      link: (stream) => forger.#link(stream),
      claim: ({ request }, callback) =>
        callback(null, { answer: { $case: 'grant', value: forger.#grant(request) } }),
      renew: (_call, callback) => callback(null, { lost: [], cancelled: [] }),
    };
    forger.#server.addService(AgentsService, service);
    const port = await new Promise<number>((resolve, reject) => {
      forger.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    forger.address = `127.0.0.1:${port}`;
    return forger;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }

  /** Offers the shard of the truth: what was granted for it before can be replayed afterwards. */
  tell(lie: number | 'truth'): void {
    const shard = lie === 'truth' ? this.#shards.at(-1) : this.#shards[lie];
    if (shard !== undefined)
      this.#say({ $case: 'offerBytes', value: Buffer.from(Shard.encode(shard).finish()) });
  }

  #grant({ shard: number, claimId, instance }: ClaimRequest): Grant {
    const shard = this.#shards[number - 1] ?? Shard.create();
    const epoch = `epoch.${number}`;
    const work = shard.devices.map(({ index }) => Work.create({ index, credential: 'c' }));
    const carried = carriedDigest(
      SweepOptions.encode(SweepOptions.create(shard.options)).finish(),
      shard.devices.map((device) => Device.encode(device).finish()),
    );
    const { sweep, offer, segment } = shard;
    const about = { storeId: STORE, sweep, shard: number, offer, segment };
    const terms = LeaseTerms.create({ ...about, claimId, instance, epoch, termMs: TERM_MS, carried, work });
    const { user: username, password } = FLEET_DEFAULTS;
    const credentials = [Credential.create({ id: 'c', username, password: Buffer.from(password) })];
    const grant = Grant.create({ epoch, termMs: TERM_MS, credentials, ...signed(terms, this.#signer) });
    const lie = Object.values(LIES)[number - 1];
    if (lie === undefined) {
      this.#earlier = grant;
      return grant;
    }
    return lie(grant, { terms, earlier: this.#earlier, forger: this.#stranger });
  }

  #link(stream: ServerDuplexStream<AgentBatch, CoordinatorBatch>): void {
    this.#stream = stream;
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    stream.on('data', ({ messages }: AgentBatch) => {
      for (const { body } of messages) {
        if (body?.$case === 'hello') this.#welcome();
        else if (body?.$case === 'loginAsk')
          this.#say({ $case: 'loginAnswer', value: { ask: body.value.ask, permit: Permit.SEND, atMs: 0 } });
        else if (body?.$case === 'hostKeySeen') {
          const { ask } = body.value;
          this.#say({ $case: 'hostKeyAnswer', value: { ask, accepted: true, known: [], mayLogIn: true } });
        } else if (body?.$case === 'results') {
          this.results.push(...body.value.results);
          const acks = body.value.results.map(({ seq }) => ({ seq, verdict: Verdict.STORED }));
          this.#say({ $case: 'acks', value: { acks, commit: 1 } });
        }
      }
    });
  }

  #welcome(): void {
    const value = Welcome.create({
      storeId: STORE,
      coordinator: STORE,
      termMs: TERM_MS,
      lockDelayMs: 5_000,
      signingKey: this.#signer.publicKey,
    });
    this.#say({ $case: 'welcome', value });
    this.tell('truth');
  }

  #say(body: NonNullable<CoordinatorMessage['body']>): void {
    this.#stream?.write({ messages: [{ body }], nowMs: 0 });
  }
}

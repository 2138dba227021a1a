import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Carrier } from '../../agent/carrier.js';
import { machine } from '../../agent/host.js';
import { Secrets } from '../../agent/secrets.js';
import { Trust } from '../../agent/trust.js';
import { Uplink } from '../../agent/uplink.js';
import {
  type AgentBatch,
  CoordinatorBatch,
  type CoordinatorMessage,
  Grant,
  HandedBack,
  Hello,
  type Result,
  Shard,
  Verdict,
  Welcome,
  Work,
} from '../../proto/gen/netsweep/v1/agent.js';
import { AgentsClient, AgentsService } from '../../proto/gen/netsweep/v1/agent_service.js';
import { Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { until } from '../process.js';

type Stream = ServerDuplexStream<AgentBatch, CoordinatorBatch>;

const END = { $case: 'handedBack', value: HandedBack.create({ reason: 'the test ended it' }) } as const;

test('an agent takes no shard while devices of another wait for its slots, also of one that it only asks for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'netsweep-room-'));
  const address = `unix:${join(folder, 'sock')}`;
  const server = new Server();
  const link = (stream: Stream) => {
    const say = (body: CoordinatorMessage['body']) =>
      stream.write(CoordinatorBatch.create({ messages: [{ body }] }));
    stream.on('end', () => stream.end());
    stream.on('data', ({ messages }: AgentBatch) => {
      for (const { body } of messages) {
        if (body?.$case === 'hello') say({ $case: 'welcome', value: Welcome.create({ storeId: 's' }) });
        if (body?.$case !== 'results') continue;
        const acks = body.value.results.map(({ seq }) => ({ seq, verdict: Verdict.STORED }));
        say({ $case: 'acks', value: { acks, commit: 1 } });
      }
    });
  };
  /** Answers the claim that waits. */
  const waiting: { grant: (() => void) | null } = { grant: null };
  server.addService(AgentsService, {
    link,
    renew: () => undefined,
    claim: (_: unknown, answer: (error: null, reply: unknown) => void) => {
      const work = [0, 1].map((index) => Work.create({ index }));
      const value = Grant.create({ epoch: 'e.1', termMs: 10_000, work });
      waiting.grant = () => answer(null, { answer: { $case: 'grant', value } });
    },
  });
  await new Promise((resolve) => server.bindAsync(address, ServerCredentials.createInsecure(), resolve));
  const ignored = () => undefined;
  const trust = new Trust(null, ['near'], 'a-1', ignored);
  using secrets = new Secrets(null);
  const uplink = Uplink.open(
    new AgentsClient(address, credentials.createInsecure()),
    machine,
    Hello.create({ name: 'a', instance: 'a-1', segments: ['near'], forks: 2, workers: 1 }),
    {
      ...{ cancel: ignored, drain: ignored, offer: ignored, full: ignored, unwanted: ignored, warn: ignored },
      welcome: (welcome) => void trust.welcomed(welcome),
    },
  );
  const sessions: ((end: NonNullable<Result['end']>) => void)[] = [];
  const pool = {
    run: () => new Promise<NonNullable<Result['end']>>((resolve) => sessions.push(resolve)),
    renewed: ignored,
    abandon: ignored,
  };
  await until('the agent is welcomed', () => uplink.connected);
  const carrier = new Carrier('a-1', 1, pool, uplink, machine, { trust, secrets }, { warn: ignored });
  const end = new AbortController();
  let hasRoom = false;
  const askForRoom = () => {
    hasRoom = false;
    void carrier.room(end.signal).then(() => {
      hasRoom = true;
    });
  };
  askForRoom();
  await until('an agent with nothing to do has room', () => hasRoom);

  const devices = ['10.0.0.1', '10.0.0.2'].map((host, index) => Device.create({ index, host, port: 22 }));
  const shard = Shard.create({ storeId: 's', sweep: 'S', shard: 1, offer: 1, segment: 'near', devices });
  let acknowledged = false;
  void carrier.carry({
    shard: { ...shard, options: SweepOptions.create() },
    bytes: null,
    working: ignored,
    later: ignored,
    done: async () => {
      acknowledged = true;
    },
  });
  askForRoom();
  const answer = await until('it asks for the shard', () => waiting.grant);
  expect(carrier.freeSlots).toBe(1);
  expect(hasRoom).toBe(false);
  answer();
  await until('the first device is in session', () => sessions.length === 1);
  expect(hasRoom).toBe(false);
  sessions[0]?.(END);
  await until('the second device has its slot', () => sessions.length === 2);
  expect(hasRoom).toBe(false);
  sessions[1]?.(END);
  await until('both are done', () => hasRoom && acknowledged);

  end.abort();
  await uplink[Symbol.asyncDispose]();
  server.forceShutdown();
  rmSync(folder, { recursive: true, force: true });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { machine } from '../../agent/host.js';
import { Uplink } from '../../agent/uplink.js';
import type { AgentBatch, CoordinatorBatch, CoordinatorMessage } from '../../proto/gen/netsweep/v1/agent.js';
import { HandedBack, Verdict, Welcome } from '../../proto/gen/netsweep/v1/agent.js';
import { AgentsClient, AgentsService } from '../../proto/gen/netsweep/v1/agent_service.js';

type Stream = ServerDuplexStream<AgentBatch, CoordinatorBatch>;

test('a result that the coordinator does not take now rests before it is sent again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'netsweep-later-'));
  const address = `unix:${join(folder, 'sock')}`;
  const sentAt: number[] = [];
  const server = new Server();
  const link = (stream: Stream) => {
    const say = (body: CoordinatorMessage['body']) => stream.write({ messages: [{ body }], nowMs: 0 });
    stream.on('end', () => stream.end());
    stream.on('data', ({ messages }: AgentBatch) => {
      for (const { body } of messages) {
        if (body?.$case === 'hello') say({ $case: 'welcome', value: Welcome.create({ storeId: 's' }) });
        if (body?.$case !== 'results') continue;
        sentAt.push(performance.now());
        const verdict = sentAt.length < 4 ? Verdict.LATER : Verdict.STORED;
        const acks = body.value.results.map(({ seq }) => ({ seq, verdict }));
        say({ $case: 'acks', value: { acks, commit: 1 } });
      }
    });
  };
  server.addService(AgentsService, { link, claim: () => undefined, renew: () => undefined });
  await new Promise((resolve) => server.bindAsync(address, ServerCredentials.createInsecure(), resolve));
  const hello = {
    name: 'a',
    instance: 'a-1',
    segments: ['s'],
    forks: 1,
    workers: 1,
    version: '',
    rehearses: false,
    verifies: false,
    machine: undefined,
    hasVault: false,
    paces: true,
  };
  const ignored = () => undefined;
  const heard = { welcome: ignored, cancel: ignored, drain: ignored, offer: ignored, full: ignored };
  const client = new AgentsClient(address, credentials.createInsecure());
  const uplink = Uplink.open(client, machine, hello, { ...heard, unwanted: ignored, warn: ignored });
  const end = { $case: 'handedBack', value: HandedBack.create({ reason: 'test' }) } as const;
  const verdict = await uplink.deliver({ sweep: 'S', shard: 1, epoch: 'e', index: 0, end }, []);
  expect(verdict).toBe(Verdict.STORED);
  expect(sentAt).toHaveLength(4);
  expect((sentAt[3] ?? 0) - (sentAt[0] ?? 0)).toBeGreaterThan(3 * 490);
  await uplink[Symbol.asyncDispose]();
  server.forceShutdown();
  rmSync(folder, { recursive: true, force: true });
});

// A lying agent on a real stream: what it sends is refused, and the coordinator goes on serving others.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChannelCredentials, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Coordinator } from '../../coordinator/coordinator.js';
import {
  type AgentMessage,
  type CoordinatorBatch,
  Hello,
  Result,
} from '../../proto/gen/netsweep/v1/agent.js';
import { AgentsClient } from '../../proto/gen/netsweep/v1/agent_service.js';
import { Output, Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, Chunk } from '../../proto/gen/netsweep/v1/session.js';

type Body = NonNullable<AgentMessage['body']>;

async function opened() {
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-intake-'));
  const coordinator = await Coordinator.open({
    directory,
    keyFile: null,
    keep: null,
    listen: `unix:${join(directory, 'sock')}`,
    tls: null,
    unfinished: 'resume',
    submitted: async () => undefined,
    attached: () => undefined,
    warn: () => undefined,
  });
  const client = new AgentsClient(coordinator.address, ChannelCredentials.createInsecure());
  return {
    /** Says all of `bodies` on a stream of its own; gives how it ended, or the first message that came. */
    said: (bodies: Body[]): Promise<CoordinatorBatch | { code?: number; details?: string }> => {
      const stream = client.link();
      return new Promise((resolve) => {
        stream.on('error', resolve);
        stream.on('data', (batch: CoordinatorBatch) => {
          if (batch.messages.some(({ body }) => body?.$case !== 'welcome' || bodies.length === 1))
            resolve(batch);
        });
        stream.write({ messages: bodies.map((body) => ({ body })) });
      });
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await coordinator[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const hello = (name: string): Body => ({
  $case: 'hello',
  value: Hello.create({ name, instance: `${name}-1`, segments: ['s'], forks: 1 }),
});

function results(attempt: Partial<Attempt>, chunks: Chunk[] = []): Body {
  const end = { $case: 'attempt', value: Attempt.create(attempt) } as const;
  return {
    $case: 'results',
    value: { chunks, results: [Result.create({ seq: 1, sweep: 'S', epoch: 'e', end })] },
  };
}

const LIES: [string, Body[], status][] = [
  ['results before hello', [results({ status: Status.OK })], status.FAILED_PRECONDITION],
  ['a second hello', [hello('a'), hello('b')], status.FAILED_PRECONDITION],
  [
    'an attempt without an end',
    [hello('a'), results({ status: Status.UNSPECIFIED })],
    status.INVALID_ARGUMENT,
  ],
  [
    'an attempt that ends cancelled',
    [hello('a'), results({ status: Status.CANCELLED })],
    status.INVALID_ARGUMENT,
  ],
  [
    'an output without a digest',
    [hello('a'), results({ status: Status.OK, outputs: [Output.create({ command: 'show version' })] })],
    status.INVALID_ARGUMENT,
  ],
  [
    'a piece that is too large',
    [
      hello('a'),
      results({ status: Status.OK }, [
        Chunk.create({ sha256: Buffer.alloc(32), data: Buffer.alloc(600_000) }),
      ]),
    ],
    status.INVALID_ARGUMENT,
  ],
];

test.each(LIES)('%s ends the stream, and others are served', async (_what, bodies, code) => {
  await using coordinator = await opened();
  expect(await coordinator.said(bodies)).toMatchObject({ code });
  const welcome = await coordinator.said([hello('honest')]);
  expect(welcome).toMatchObject({ messages: [{ body: { $case: 'welcome' } }] });
});

// A stream that fails tells its client why.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChannelCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Coordinator } from '../../coordinator/coordinator.js';
import { SweepsClient } from '../../proto/gen/netsweep/v1/sweeps_service.js';

test.each(['watch', 'results'] as const)(
  '%s of a sweep that is not there ends with NOT_FOUND',
  async (call) => {
    const directory = mkdtempSync(join(tmpdir(), 'netsweep-calls-'));
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
    const client = new SweepsClient(coordinator.address, ChannelCredentials.createInsecure());
    const request = { sweep: 'nowhere', reports: true, bodies: false, together: true };
    const error = await new Promise<ServiceError | null>((resolve) => {
      const stream = call === 'watch' ? client.watch(request) : client.results(request);
      stream.on('error', (error: ServiceError) => resolve(error));
      stream.on('end', () => resolve(null));
      stream.resume();
    });
    client.close();
    await coordinator[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
    expect(error).toMatchObject({
      code: status.NOT_FOUND,
      details: 'no sweep nowhere (netsweep sweeps list shows them)',
    });
  },
);

test('who attaches while the coordinator ends is sent away, not left to wait', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-calls-'));
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
  coordinator.service.stop();
  const client = new SweepsClient(coordinator.address, ChannelCredentials.createInsecure());
  const error = await new Promise<ServiceError | null>((resolve) => {
    const stream = client.attach();
    stream.on('error', (error: ServiceError) => resolve(error));
    stream.on('data', () => resolve(null));
    stream.write({ client: 'late' });
  });
  client.close();
  await coordinator[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
  expect(error).toMatchObject({ code: status.UNAVAILABLE });
});

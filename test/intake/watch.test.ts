// Clients that watch a sweep on a real coordinator whose devices end while they do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChannelCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Coordinator } from '../../coordinator/coordinator.js';
import type { Write } from '../../coordinator/store/store.js';
import { Device, Status } from '../../proto/gen/netsweep/v1/model.js';
import type { SweepEvent } from '../../proto/gen/netsweep/v1/sweeps.js';
import { SweepsClient } from '../../proto/gen/netsweep/v1/sweeps_service.js';
import { sweepRow } from '../store/samples.js';

const DEVICES = 700;

test('every report comes once, before the end: together for who asks for it, one by one for an older client', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-watch-'));
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
  const { books } = coordinator;
  const devices = Array.from({ length: DEVICES }, (_, index) =>
    Device.create({ index, name: `R${index}`, segment: index < DEVICES / 2 ? 'a' : 'b' }),
  );
  const writes: Write[] = [];
  const sweep = books.ledger.add(sweepRow('S1', { startedAtMs: Date.now() }), devices, [], writes);
  await books.commit(writes);
  const end = async (segment: string) => {
    const writes: Write[] = [];
    const ending = { status: Status.SKIPPED, failure: null };
    books.ledger.endWaiting(sweep, (one) => (one.device.segment === segment ? ending : null), 0, writes);
    await books.commit(writes);
  };
  const watched = [true, false].map((together) => eventsOf(client, together, () => void end('b')));
  await end('a');
  const [several, single] = await Promise.all(watched);
  client.close();
  await coordinator[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
  expect(new Set(indexes(several))).toEqual(new Set(devices.keys()));
  expect(indexes(several)).toEqual(indexes(single));
  expect(several?.at(-1)?.body?.$case).toBe('ended');
  expect(several?.filter(({ body }) => body?.$case === 'reports').length).toBeLessThan(DEVICES / 10);
  expect(single?.filter(({ body }) => body?.$case === 'report')).toHaveLength(DEVICES);
});

/** Calls back once, at the first report. */
function eventsOf(client: SweepsClient, together: boolean, began: () => void): Promise<SweepEvent[]> {
  return new Promise((resolve, reject) => {
    const events: SweepEvent[] = [];
    let calls = 0;
    const stream = client.watch({ sweep: 'S1', reports: true, bodies: true, together });
    stream.on('data', (event: SweepEvent) => {
      events.push(event);
      if (event.body?.$case.startsWith('report') && calls++ === 0) began();
    });
    stream.on('end', () => resolve(events));
    stream.on('error', reject);
  });
}

function indexes(events: SweepEvent[] | undefined): (number | undefined)[] {
  return (events ?? []).flatMap(({ body }) => {
    if (body?.$case === 'report') return [body.value.device?.index];
    return body?.$case === 'reports' ? body.value.reports.map(({ device }) => device?.index) : [];
  });
}

// Bytes on the wire from a real agent's uplink to a real intake: what a device gave before need not travel again.
import { createHash, randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ChannelCredentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { machine } from '../../agent/host.js';
import { Uplink, type UplinkClient, type UplinkEvents } from '../../agent/uplink.js';
import { Verdict } from '../../proto/gen/netsweep/v1/agent.js';
import { AgentsClient } from '../../proto/gen/netsweep/v1/agent_service.js';
import { Output, Proof, Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { device, Intake } from './intake.js';

const DEVICES = 32;
/** About what 16 kB of a configuration are, packed. */
const texts = Array.from({ length: DEVICES }, () => randomBytes(2_000).toString('hex'));

/** A way to the intake that counts what goes there. */
async function counted(intake: Intake) {
  const path = join(intake.directory, 'counted');
  const count = { bytes: 0 };
  const server = createServer((near) => {
    const far = connect(intake.socket);
    for (const end of [near, far]) end.on('error', () => undefined);
    near.on('data', (data) => {
      count.bytes += data.length;
      far.write(data);
    });
    far.pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, count, [Symbol.dispose]: () => void server.close() };
}

/** All devices of a sweep end at once; gives how many bytes their results took. */
async function deliver(uplink: Uplink, sweep: string, count: { bytes: number }): Promise<number> {
  const claim = { instance: 'b-1', claimId: `claim of ${sweep}`, sweep, shard: 1, offer: 1 };
  const { answer } = await uplink.claim(claim);
  if (answer?.$case !== 'grant') throw new Error(`no grant: ${JSON.stringify(answer)}`);
  const { epoch, work } = answer.value;
  const before = count.bytes;
  const verdicts = work.map(async ({ index, known }) => {
    const text = Buffer.from(texts[index] ?? '');
    const sha256 = createHash('sha256').update(text).digest();
    const about = { command: 'show version', proof: Proof.COMPLETE, encoding: 'utf-8', durationMs: 1_003 };
    const outputs = [Output.create({ ...about, bytes: text.length, sha256, body: gzipSync(text) })];
    const attempt = Attempt.create({
      status: Status.OK,
      outputs,
      durationMs: 1_312,
      leftClean: true,
      secretSent: true,
    });
    const delivery = await uplink.reserve(new AbortController().signal);
    return delivery.end({ sweep, shard: 1, epoch, index, end: { $case: 'attempt', value: attempt } }, known);
  });
  expect(new Set(await Promise.all(verdicts))).toEqual(new Set([Verdict.STORED]));
  return count.bytes - before;
}

test('a second sweep of devices that give the same sends at most 2 % of the bytes of the first', async () => {
  const devices = Array.from({ length: DEVICES }, (_, index) => device(index, { host: `h${index}` }));
  await using intake = await Intake.open(devices);
  using way = await counted(intake);
  const client = new AgentsClient(`unix:${way.path}`, ChannelCredentials.createInsecure());
  const ignored = () => undefined;
  let welcome: () => void = ignored;
  const welcomed = new Promise<void>((resolve) => {
    welcome = resolve;
  });
  const events: UplinkEvents = {
    ...{ cancel: ignored, drain: ignored, offer: ignored, full: ignored, unwanted: ignored, warn: ignored },
    welcome: () => welcome(),
  };
  const hello = {
    name: 'b',
    instance: 'b-1',
    segments: ['s'],
    forks: 99,
    workers: 1,
    version: '1',
    rehearses: false,
    verifies: false,
    machine: undefined,
    hasVault: false,
    paces: true,
  };
  await using uplink = Uplink.open(client as unknown as UplinkClient, machine, hello, events); // as channel.ts opens it
  await welcomed;
  const first = await deliver(uplink, 'S', way.count);
  await intake.sweepAgain('T', devices);
  const second = await deliver(uplink, 'T', way.count);
  expect(first).toBeGreaterThan(DEVICES * 2_000);
  expect(second / first).toBeLessThan(0.02);
});

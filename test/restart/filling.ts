// Fills a store as a coordinator does that has run many large sweeps, and is killed in the middle of the last one.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { Running, root } from '../process.ts';

export interface Filling {
  /** Of the store. */
  directory: string;
  /** Sweeps that have ended, with a report of each device. */
  sweeps: number;
  devices: number;
  /** Of one more sweep, of as many devices, that was under way; 0: there is none. */
  doneOfOpen: number;
}

const FILL = `
  const [, built, filling] = process.argv;
  const { directory, sweeps, devices, doneOfOpen } = JSON.parse(filling);
  const { createHash } = await import('node:crypto');
  const { gzipSync } = await import('node:zlib');
  const { openStore } = await import(built + 'coordinator/store/open.js');
  const { Credential, Device, Output, Report, Status, SweepOptions } = await import(built + 'proto/gen/netsweep/v1/model.js');
  const store = await openStore(directory, null);
  const texts = Array.from({ length: 1000 }, (_, n) => ('interface Ethernet' + n + '\\n').repeat(40));
  const outputs = texts.map((text) => ({ sha256: createHash('sha256').update(text).digest(), body: gzipSync(text), bytes: text.length }));
  const credential = Credential.create({ id: 'c1', name: 'admin', username: 'admin', password: Buffer.from('secret') });
  const device = (index) => Device.create({ index, name: 'router-' + index, host: '10.' + (index >> 16) + '.' + ((index >> 8) & 255) + '.' + (index & 255), port: 22,
    platform: 'cisco_ios', segment: 'segment-' + (index % 3), site: 'site-' + (index % 100), groups: ['core'], commands: ['show version'], credential: 'c1' });
  const report = (sweep, index) => ({ write: 'report', report: Report.create({ sweep, device: device(index), status: Status.OK, attempts: 1, agent: 'agent-1', startedAtMs: 1, durationMs: 900,
    outputs: [Output.create({ command: 'show version', proof: 'PROOF_COMPLETE', encoding: 'utf-8', ...outputs[index % 1000] })] }) });
  const row = (sweep, state) => ({ id: sweep, key: sweep, state, startedAtMs: Date.now(), endedAtMs: state === 'SWEEP_STATE_ENDED' ? Date.now() : 0, reason: '', lastShard: 4000, refusedResults: 0, repeatedResults: 0,
    options: SweepOptions.create({ forks: 500, retries: 2, agentWaitMs: 3600e3, limits: { deviceMs: 900e3 } }) });
  const begin = (sweep) => store.commit([{ write: 'sweep', row: row(sweep, 'SWEEP_STATE_RUNNING') },
    { write: 'devices', sweep, devices: Array.from({ length: devices }, (_, index) => device(index)) }, { write: 'secret', sweep, credential }]);
  // As they come in: what was permitted, then the report; half a shard to a call.
  const reported = async (sweep, most) => {
    for (let from = 0; from < most; from += 2000) {
      const calls = [];
      for (let at = from; at < Math.min(most, from + 2000); at += 16) {
        const writes = [];
        for (let index = at; index < Math.min(most, at + 16); index++)
          writes.push({ write: 'device', sweep, row: { index, attempts: 1, workedMs: 900, loginSpent: true, enableSpent: false, channelSpent: false, started: false, deaths: [] } }, report(sweep, index));
        calls.push(store.commit(writes));
      }
      await Promise.all(calls);
      console.log(sweep + ' ' + Math.min(most, from + 2000));
    }
  };
  for (let n = 1; n <= sweeps; n++) {
    const sweep = 'ENDED' + String(n).padStart(3, '0');
    await begin(sweep);
    await reported(sweep, devices);
    await store.commit([{ write: 'sweep', row: row(sweep, 'SWEEP_STATE_ENDED') }, { write: 'dropSecrets', sweep }]);
  }
  if (doneOfOpen > 0) {
    await begin('OPEN');
    const shards = Array.from({ length: 16 }, (_, n) => ({ write: 'shard', row: { sweep: 'OPEN', shard: n + 1, segment: 'segment-0', offer: 1, epoch: 'earlier.' + n, holder: 'agent-' + n, claimId: 'c' + n,
      devices: Array.from({ length: 32 }, (_, i) => devices - 1 - n * 32 - i) } }));
    await store.commit(shards);
    await reported('OPEN', devices);
  }
  await new Promise((resolve) => setTimeout(resolve, 3600e3));
`;

/** Resolves when it was killed while it wrote. */
export async function fillStore(filling: Filling): Promise<void> {
  const built = pathToFileURL(`${root}/dist/`).href;
  const words = ['-e', `(async () => { ${FILL} })()`, built, JSON.stringify(filling)];
  await using filler = new Running(process.execPath, words, { onParentExit: 'killed' });
  const last = filling.doneOfOpen > 0 ? 'OPEN' : `ENDED${String(filling.sweeps).padStart(3, '0')}`;
  const lines = filler.child.stdout;
  if (lines === null) throw new Error('no output');
  for await (const line of createInterface(lines)) {
    const [sweep, done] = line.split(' ');
    if (sweep === last && Number(done) >= (filling.doneOfOpen || filling.devices)) break;
  }
  if (filler.ended) throw new Error(filler.log);
  filler.child.kill('SIGKILL');
  await once(filler.child, 'close');
}

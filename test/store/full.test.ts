// The store on a disk that runs full beneath it, as it really runs: in a thread of a process of its own.
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { Running, root, until } from '../process.ts';
import { SmallDisk, withoutSmallDisk } from '../smalldisk.ts';

const REASON = withoutSmallDisk();

/** Commits outputs of 50 KB one after the other, and prints what becomes of each. */
const WRITE = `
  const [, built, directory] = process.argv;
  const { randomBytes, createHash } = await import('node:crypto');
  const { openStore } = await import(built + 'coordinator/store/open.js');
  const { Report, Device, Output, SweepOptions } = await import(built + 'proto/gen/netsweep/v1/model.js');
  const row = { id: 'S1', key: 'k', state: 'SWEEP_STATE_RUNNING', options: SweepOptions.create(), startedAtMs: 1, endedAtMs: 0, reason: '', lastShard: 0, refusedResults: 0, repeatedResults: 0 };
  const store = await openStore(directory, null);
  await store.commit([{ write: 'sweep', row }]);
  const output = () => { const body = randomBytes(50_000); return Output.create({ sha256: createHash('sha256').update(body).digest(), body }); };
  let told = false;
  setInterval(() => { if (store.full !== told) console.log((told = store.full) ? 'full' : 'room'); }, 20);
  process.on('SIGTERM', async () => { await store[Symbol.asyncDispose](); console.log('closed'); process.exit(0); });
  for (let index = 0; index < 900; index += 3) {
    const reports = [0, 1, 2].map((more) => ({ write: 'report', report: Report.create({ sweep: 'S1', device: Device.create({ index: index + more }), status: 'STATUS_OK', outputs: [output()] }) }));
    await Promise.all([store.commit(reports.slice(0, 2)), store.commit(reports.slice(2))]);
    console.log('committed ' + (index + 2));
    if (index === 0) console.log((await store.tally('S1')).counts.get('STATUS_OK'));
  }
  await store[Symbol.asyncDispose]();
  console.log('done');
  process.exit(0);
`;

const CHECK = `
  const [, built, directory] = process.argv;
  const { openStore } = await import(built + 'coordinator/store/open.js');
  const store = await openStore(directory, null);
  const reports = await store.reportsAfter('S1', 0, 10_000, false);
  let bodies = 0;
  for (const { report } of reports) bodies += (await store.body(report.outputs[0].sha256, 0)).data.length;
  console.log(JSON.stringify({ reports: reports.length, bodies }));
  await store[Symbol.asyncDispose]();
`;

function on(disk: SmallDisk, program: string): Running {
  const built = pathToFileURL(`${root}/dist/`).href;
  const words = ['-e', `(async () => { ${program} })()`, built, disk.folder];
  const [file, args] = disk.command(process.execPath, words);
  return new Running(file, args, { onParentExit: 'killed' });
}

function committed(writer: Running): number {
  return Number(/.*committed (\d+)/s.exec(writer.log)?.[1] ?? -1);
}

async function kept(disk: SmallDisk): Promise<{ reports: number; bodies: number }> {
  await using check = on(disk, CHECK);
  const [found] = await check.logged(/^\{.*\}$/m);
  return JSON.parse(found) as { reports: number; bodies: number }; // as printed by CHECK
}

test.skipIf(REASON !== null)(
  'commits that find the disk full wait and are written when there is room, none of them lost or written twice',
  async () => {
    await using disk = await SmallDisk.open(80);
    await using writer = on(disk, WRITE);
    await writer.logged(/committed 32/);
    disk.fill();
    await writer.logged(/^full$/m);
    const before = committed(writer);
    disk.empty();
    await writer.logged(/^room$/m);
    await until('it goes on', () => committed(writer) > before);
    writer.child.kill('SIGSTOP'); // or it might be done before the disk is full again
    disk.fill(100_000); // not enough for a group: some of it may be written, none of it may be seen
    writer.child.kill('SIGCONT');
    await writer.logged(/(^full$.*){2}/ms);
    disk.empty();
    await writer.logged(/^done$/m);
    expect(await kept(disk)).toEqual({ reports: 900, bodies: 900 * 50_000 });
  },
);

test.skipIf(REASON !== null)(
  'a store on a full disk closes, and opens again full, with all that was acknowledged',
  async () => {
    await using disk = await SmallDisk.open(48);
    await using writer = on(disk, WRITE);
    await writer.logged(/committed 32/);
    disk.fill();
    await writer.logged(/^full$/m);
    writer.child.kill('SIGTERM');
    await writer.logged(/^closed$/m);
    const { reports, bodies } = await kept(disk);
    // Of the three reports at a time two may have found room, and the third not.
    expect(reports - committed(writer)).toBeOneOf([1, 3]);
    expect(bodies).toBe(reports * 50_000);
  },
);

test.runIf(REASON !== null)(`a full disk is not tested: ${REASON}`, () => undefined);

// The store as it really runs, in a thread of a process of its own, which is killed or stands in the way.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import { root } from '../process.js';
import { newSweep, output, TemporaryDirectory } from './samples.js';

function run(program: string, directory: string): ChildProcess & AsyncDisposable {
  const built = pathToFileURL(`${root}/dist/`).href;
  const child = spawn(process.execPath, ['-e', `(async () => { ${program} })()`, built, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return Object.assign(child, {
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  });
}

const OPEN = `
  const [, built, directory] = process.argv;
  const { openStore } = await import(built + 'coordinator/store/open.js');
  const store = await openStore(directory, null).catch((error) => error);
  console.log(store instanceof Error ? store.name : 'open');
`;

/** Eight loops that report one device after another and print each that is acknowledged. */
const REPORT = `${OPEN}
  const { gzipSync } = await import('node:zlib');
  const { createHash } = await import('node:crypto');
  const { Report, Device, Output } = await import(built + 'proto/gen/netsweep/v1/model.js');
  let next = (await store.tally('S1')).counts.get('STATUS_OK') ?? 0;
  const taken = new Set((await store.reportsAfter('S1', 0, 1e6, false)).map((r) => r.report.device.index));
  async function loop() {
    for (;;) {
      const index = next++;
      if (taken.has(index)) continue;
      const text = 'text ' + index;
      const sha256 = createHash('sha256').update(text).digest();
      const proof = 'PROOF_COMPLETE';
      const outputs = [Output.create({ command: 'show', proof, sha256, body: gzipSync(text), bytes: text.length })];
      const device = Device.create({ index, name: 'R' + index, segment: 's' });
      const report = Report.create({ sweep: 'S1', device, status: 'STATUS_OK', outputs });
      await store.commit([{ write: 'report', report, versions: true }]);
      console.log(index);
    }
  }
  await Promise.all(Array.from({ length: 8 }, loop));
`;

/** Lets the program run until it has printed so many lines, kills it, and returns all it printed. */
async function killedAfter(lines: number, directory: string): Promise<string[]> {
  await using child = run(REPORT, directory);
  const printed: string[] = [];
  if (child.stdout === null) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) {
    if (printed.push(line) === lines) child.kill('SIGKILL');
  }
  return printed;
}

test('every acknowledged report is there after a kill, whole, and so is its version', async () => {
  using directory = new TemporaryDirectory();
  await (async () => {
    await using store = await openStore(directory.path, null);
    await store.commit(newSweep('S1', 1));
  })();
  const acknowledged: string[] = [];
  let commit = 0;
  for (const lines of [20, 150, 400]) {
    const [opened, ...indexes] = await killedAfter(lines, directory.path);
    expect(opened).toBe('open');
    acknowledged.push(...indexes);
    await using store = await openStore(directory.path, null);
    const reports = await store.reportsAfter('S1', 0, 100_000, true);
    const bodies = new Map(
      reports.map(({ report }) => [String(report.device?.index), report.outputs[0]?.body]),
    );
    expect(bodies.size).toBe(reports.length);
    expect(acknowledged.filter((index) => !bodies.get(index)?.equals(output(`text ${index}`).body))).toEqual(
      [],
    );
    expect((await store.tally('S1')).counts.get('STATUS_OK')).toBe(reports.length);
    const versions = await store.newestVersions(
      { segment: '', devices: '', platform: '', command: '', bodies: true },
      null,
      100_000,
    );
    expect(versions.map(({ device }) => device).sort(), 'history and reports are one').toEqual(
      reports.map(({ report }) => report.device?.name).sort(),
    );
    expect(versions.filter(({ device, body }) => !bodies.get(device.slice(1))?.equals(body))).toEqual([]);
    expect(await store.lastCommit()).toBeGreaterThan(commit);
    commit = await store.lastCommit();
  }
});

test('a second process is turned away while the first has the directory, and let in once that is killed', async () => {
  using directory = new TemporaryDirectory();
  const firstLine = async (child: ChildProcess) =>
    String((await once(child.stdout ?? child, 'data'))[0]).trim();
  await using holder = run(`${OPEN}; setInterval(() => {}, 1000)`, directory.path);
  expect(await firstLine(holder)).toBe('open');
  await using second = run(OPEN, directory.path);
  expect(await firstLine(second)).toBe('StateInUse');
  await expect(openStore(directory.path, null)).rejects.toMatchObject({ name: 'StateInUse' });
  holder.kill('SIGKILL');
  await once(holder, 'close');
  await using _store = await openStore(directory.path, null);
  await using third = run(OPEN, directory.path);
  expect(await firstLine(third)).toBe('StateInUse');
});

test('closing the store ends its thread and with it the process', async () => {
  using directory = new TemporaryDirectory();
  const child = run(`${OPEN}; await store[Symbol.asyncDispose]()`, directory.path);
  await using _child = child;
  expect(await once(child, 'close')).toEqual([0, null]);
  await using store = await openStore(directory.path, null);
  expect(await store.lastCommit()).toBe(1);
});

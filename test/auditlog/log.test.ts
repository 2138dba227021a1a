// The audit log as the store writes it: what it says after crashes, on a full disk, beside another store, and when files
// have grown old.
import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test, vi } from 'vitest';
import { signingKey } from '../../coordinator/auditlog/head.js';
import { readLine } from '../../coordinator/auditlog/line.js';
import { AuditLog, type LogOpening } from '../../coordinator/auditlog/log.js';
import { verify } from '../../coordinator/auditlog/verify.js';
import { openStore } from '../../coordinator/store/open.js';
import { output, Running, root, until } from '../process.ts';
import { SmallDisk, withoutSmallDisk } from '../smalldisk.ts';
import { newSweep, TemporaryDirectory } from '../store/samples.js';
import { cancelled, doctored, written } from './logs.ts';

const REASON = withoutSmallDisk();
const DAY_MS = 86_400_000;

/** Eight loops that report one device after the other and print each that is acknowledged. */
const REPORT = `
  const [, built, directory] = process.argv;
  const { openStore } = await import(built + 'coordinator/store/open.js');
  const { Report, Device } = await import(built + 'proto/gen/netsweep/v1/model.js');
  const store = await openStore(directory, null);
  const reported = await store.reportsAfter('S1', 0, 1e6, false);
  let next = reported.length === 0 ? 0 : Math.max(...reported.map((r) => r.report.device.index)) + 1;
  let told = false;
  setInterval(() => { if (store.full !== told) console.log((told = store.full) ? 'full' : 'room'); }, 20).unref();
  async function loop() {
    for (;;) {
      const device = Device.create({ index: next++, name: 'R', segment: 's' });
      const report = Report.create({ sweep: 'S1', device: { ...device, name: 'R' + device.index }, status: 'STATUS_OK', agent: 'a', attempts: 1 });
      await store.commit([{ write: 'report', report }]);
      console.log('committed ' + device.index);
    }
  }
  await Promise.all(Array.from({ length: 8 }, loop));
`;

const MAKE = `
  const [, built, directory] = process.argv;
  const { openStore } = await import(built + 'coordinator/store/open.js');
  const { SweepOptions } = await import(built + 'proto/gen/netsweep/v1/model.js');
  const row = { id: 'S1', key: 'k', state: 'SWEEP_STATE_RUNNING', options: SweepOptions.create(), startedAtMs: 1, endedAtMs: 0, reason: '', lastShard: 0, refusedResults: 0, repeatedResults: 0 };
  const store = await openStore(directory, null);
  await store.commit([{ write: 'sweep', row }]);
  await store[Symbol.asyncDispose]();
`;

function words(directory: string, program = REPORT): string[] {
  const built = pathToFileURL(`${root}/dist/`).href;
  return ['-e', `(async () => { ${program} })()`, built, directory];
}

/** The devices of the attempts in a log, in order. */
function attempts(state: string): string[] {
  const folder = join(state, 'auditlog');
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const lines = files.sort().flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines.flatMap((line) => /"act":"attempt",.*"device":"(\w+)"/.exec(line)?.[1] ?? []);
}

async function devicesIn(state: string): Promise<string[]> {
  await using store = await openStore(state, null);
  const reports = await store.reportsAfter('S1', 0, 100_000, false);
  return reports.map(({ report }) => report.device?.name ?? '');
}

test.each(['killed at any time', 'store.logged=kill@9'])(
  'whatever is in the store after a crash is in the log, which is sound: %s',
  async (how) => {
    using directory = new TemporaryDirectory();
    await (async () => {
      await using store = await openStore(directory.path, null);
      await store.commit(newSweep('S1', 1));
    })();
    let unknown = 0;
    for (let round = 0; round < 2; round += 1) {
      const env = how.includes('=') ? { ...process.env, NETSWEEP_FAILPOINTS: how } : process.env;
      await using writer = new Running(process.execPath, words(directory.path), {
        env,
        onParentExit: 'killed',
      });
      if (env === process.env) {
        await writer.logged(new RegExp(`(committed.*\n){${10 + 90 * round}}`));
        await writer.stop('SIGKILL');
      } else await until('it is killed', () => writer.ended);
      // Before anybody has opened it again, and after.
      const crashed = await doctored(directory.path);
      expect(crashed.findings).toEqual([]);
      const stored = await devicesIn(directory.path);
      const logged = new Set(attempts(directory.path));
      expect(stored.filter((device) => !logged.has(device))).toEqual([]);
      unknown = crashed.unknown;
    }
    // Of the first crash: said when the log was opened again.
    if (how.startsWith('store.logged')) expect(unknown).toBeGreaterThan(0);
  },
);

test('an end that a power cut has taken from the file is given back by the store', async () => {
  using directory = new TemporaryDirectory();
  await (async () => {
    await using store = await openStore(directory.path, null);
    await store.commit(newSweep('S1', 1));
  })();
  const env = { ...process.env, NETSWEEP_FAILPOINTS: 'store.committed=kill@9' };
  await using writer = new Running(process.execPath, words(directory.path), { env, onParentExit: 'killed' });
  await until('it is killed', () => writer.ended);
  const file = join(directory.path, 'auditlog/000001.jsonl');
  const whole = readFileSync(file, 'utf8');
  // Nobody has synced it since the last commit but one.
  const lastGroup = whole.lastIndexOf(
    '\n',
    whole.lastIndexOf('"act":"head"', whole.lastIndexOf('"act":"head"') - 1),
  );
  const cut = whole.indexOf('\n', lastGroup + 1) + 1;
  truncateSync(file, Buffer.byteLength(whole.slice(0, cut)) + 20);
  const before = await doctored(directory.path);
  expect(before.findings).toEqual([]);
  expect(before.notes.join()).toContain('in the store alone');
  await devicesIn(directory.path);
  expect(readFileSync(file, 'utf8')).toBe(whole);
  expect(await doctored(directory.path)).toMatchObject({ findings: [], notes: [], files: 1 });
});

test('a log that ends before what the store knows is gone on with, and says so for good', async () => {
  using state = await written(3);
  const file = join(state.path, 'auditlog/000001.jsonl');
  const lines = readFileSync(file, 'utf8').split('\n');
  writeFileSync(
    file,
    lines
      .slice(0, 11)
      .map((line) => `${line}\n`)
      .join(''),
  );
  await (async () => {
    await using store = await openStore(state.path, null);
    await store.commit([cancelled('S0')]);
  })();
  const { findings } = await doctored(state.path);
  expect(findings).toMatchObject([{ file: '000002.jsonl', line: 1, kind: 'gap' }]);
  rmSync(join(state.path, 'auditlog'), { recursive: true });
  await (async () => {
    await using store = await openStore(state.path, null);
    await store.commit([cancelled('S0')]);
  })();
  expect((await doctored(state.path)).findings).toMatchObject([{ line: 1, kind: 'gap' }]);
});

test('an end that a crash has cut is left as it is, and the next file says where the log goes on', async () => {
  using state = await written(2);
  const file = join(state.path, 'auditlog/000001.jsonl');
  writeFileSync(file, '{"n":12,"at":"2026-', { flag: 'a' });
  await (async () => {
    await using store = await openStore(state.path, null);
    await store.commit([cancelled('S0')]);
  })();
  const log = await doctored(state.path);
  expect(log).toMatchObject({ findings: [], files: 2, last: 14 });
  expect(readFileSync(file, 'utf8')).toMatch(/"\}\n\{"n":12,"at":"2026-$/);
});

test('the log of a store that is replaced goes on in a file of the new one, under its key', async () => {
  using state = await written(2);
  const keys = await keyOf(state.path);
  for (const name of ['store.db', 'key']) rmSync(join(state.path, name));
  await (async () => {
    await using store = await openStore(state.path, null);
    await store.commit([cancelled('S0')]);
  })();
  const { findings } = await doctored(state.path);
  expect(findings[0]).toMatchObject({ file: '000001.jsonl', kind: 'restamp' }); // nobody has the old key any more
  const publicKeys = [...keys, ...(await keyOf(state.path))];
  const log = await verify({ directory: join(state.path, 'auditlog'), publicKeys, anchors: [] });
  expect(log).toMatchObject({ findings: [], files: 2, last: 14 });
});

/** The public keys that the heads of a log name. */
async function keyOf(state: string): Promise<string[]> {
  const text = readFileSync(join(state, 'auditlog/head'), 'utf8');
  return [...text.matchAll(/"key":"([\w-]+)"/g)].map(([, key]) => key ?? '');
}

test('only its owner may read it', async () => {
  using state = await written(1);
  const folder = join(state.path, 'auditlog');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
  expect(modes).toEqual([0o600, 0o600]); // a file, and the head
});

test('files that have grown or are old are followed by others, and removed when their time is over', async () => {
  using state = new TemporaryDirectory();
  const directory = join(state.path, 'auditlog');
  const key = signingKey(Buffer.alloc(32, 1));
  const opening: LogOpening = { directory: state.path, storeId: 'id', key, keepDays: 20, fileBytes: 2_000 };
  const body = JSON.stringify({ act: 'stop', why: 'x'.repeat(100) });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) });
  try {
    const log = AuditLog.open(opening, null);
    const publicKeys = [/"key":"([\w-]+)"/.exec(append(log))?.[1] ?? ''];
    for (let day = 0; day < 60; day += 1) {
      vi.setSystemTime(Date.UTC(2026, 0, 1) + day * DAY_MS);
      append(log);
    }
    const names = readdirSync(directory).filter((name) => name.endsWith('.jsonl'));
    expect(names.length).toBeGreaterThan(2);
    expect(names).not.toContain('000001.jsonl');
    const verified = await verify({ directory, publicKeys, anchors: [] });
    expect(verified).toMatchObject({ findings: [], last: log.place.n });
    expect(verified.acts.removed).toBeGreaterThan(0);
    // The oldest that is left may not be taken away by anybody else.
    renameSync(join(directory, names[0] ?? ''), join(state.path, 'elsewhere'));
    const without = await verify({ directory, publicKeys, anchors: [] });
    expect(without.findings).toMatchObject([{ file: names[1], line: 1, kind: 'deletion' }]);
    log.close();
  } finally {
    vi.useRealTimers();
  }

  function append(log: AuditLog): string {
    log.append([body], 1);
    log.committed();
    expect(readLine(log.headLine)?.n).toBe(log.place.n);
    return log.headLine;
  }
});

test.skipIf(REASON !== null)(
  'a full disk is waited for: no record is lost, and none is there twice',
  async () => {
    await using disk = await SmallDisk.open(60);
    const [maker, making] = disk.command(process.execPath, words(disk.folder, MAKE));
    await output(maker, making);
    const [file, args] = disk.command(process.execPath, words(disk.folder));
    await using writer = new Running(file, args, { onParentExit: 'killed' });
    const committed = () => Number(/.*committed (\d+)/s.exec(writer.log)?.[1] ?? -1);
    for (let round = 1; round <= 3; round += 1) {
      const before = committed();
      await until('it writes', () => committed() > before + 50);
      disk.fill();
      await writer.logged(new RegExp(`(^full$.*){${round}}`, 'ms'));
      disk.empty();
    }
    const before = committed();
    await until('it goes on', () => committed() > before + 50);
    writer.child.kill('SIGKILL');
    await writer.ended;
    const log = await doctored(disk.path());
    expect(log.findings).toEqual([]);
    const devices = attempts(disk.path());
    expect(new Set(devices).size).toBe(devices.length);
    expect(devices.length).toBeGreaterThan(committed());
  },
);

// What devices gave over time: which outputs make a version, what holds it, and what lets go of it.
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import { openDatabase } from '../../coordinator/store/schema.js';
import type { Store, Write } from '../../coordinator/store/store.js';
import { Device, type Output, Proof, Report, Status } from '../../proto/gen/netsweep/v1/model.js';
import { newSweep, output, reported, sha256, TemporaryDirectory } from './samples.js';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const ALL = { segment: '', devices: '', platform: '', command: '', bodies: true };
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A device's report with a text, at a time. */
function seen(
  sweep: string,
  index: number,
  text: string,
  atMs: number,
  changes: Partial<Output> = {},
): Write {
  const one = { ...output(text), ...changes };
  const write = reported(sweep, index, [one], { startedAtMs: atMs, durationMs: 0 });
  return { ...write, versions: true } as Write;
}

/** Texts by version of a device's one command. */
async function timeline(store: Store, device: string) {
  const versions = await store.versions(device, null, 1_000);
  return versions.map(({ version, sha256, firstSweep, lastSweep, firstMs, lastMs, newest }) => ({
    ...{ version, digest: sha256.toString('hex').slice(0, 8), newest },
    ...{ first: [firstSweep, firstMs], last: [lastSweep, lastMs] },
  }));
}

function digest(text: string): string {
  return sha256(text).toString('hex').slice(0, 8);
}

test('an output that stays is one version, seen longer; one that comes back is a new one', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const texts = ['A', 'A', 'B', 'A', 'A'];
  for (const [n, text] of texts.entries()) {
    await store.commit([...newSweep(`S${n}`, 2), seen(`S${n}`, 1, text, n * HOUR)]);
  }
  expect(await timeline(store, 'R1')).toEqual([
    { version: 1, digest: digest('A'), newest: false, first: ['S0', 0], last: ['S1', HOUR] },
    { version: 2, digest: digest('B'), newest: false, first: ['S2', 2 * HOUR], last: ['S2', 2 * HOUR] },
    { version: 3, digest: digest('A'), newest: true, first: ['S3', 3 * HOUR], last: ['S4', 4 * HOUR] },
  ]);
  expect(await timeline(store, 'R0')).toEqual([]);
  expect(await store.knownOutputs([{ segment: 'default', name: 'R1', commands: ['show version'] }])).toEqual([
    [{ command: 'show version', sha256: sha256('A'), bytes: 1 }],
  ]);
  expect(await store.knownOutputs([{ segment: 'default', name: 'R1', commands: [] }])).toHaveLength(1);
  expect(await store.knownOutputs([{ segment: 'other', name: 'R1', commands: [] }])).toEqual([[]]);
});

test('only what is complete makes a version: no suspect, truncated or refused output comes between two', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const cases: [string, Partial<Output>][] = [
    ['A', {}],
    ['half', { proof: Proof.TRUNCATED }],
    ['odd', { proof: Proof.SUSPECT }],
    ['% Invalid input', { refused: true }],
    ['A', {}],
  ];
  for (const [n, [text, changes]] of cases.entries())
    await store.commit([...newSweep(`S${n}`, 1), seen(`S${n}`, 0, text, n * HOUR, changes)]);
  expect(await timeline(store, 'R0')).toEqual([
    { version: 1, digest: digest('A'), newest: true, first: ['S0', 0], last: ['S4', 4 * HOUR] },
  ]);
  expect((await store.newestVersions(ALL, null, 9)).map(({ body }) => body)).toEqual([output('A').body]);
});

test('of a command that is run twice in a session the last output counts, and a device found to be something else is that', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit(newSweep('S1', 1));
  const changes = { platform: 'arista_eos' };
  const write = reported('S1', 0, [output('before'), output('after')], changes);
  await store.commit([{ ...write, versions: true } as Write]);
  const [only, ...others] = await store.newestVersions(ALL, null, 9);
  expect(others).toEqual([]);
  expect(only).toMatchObject({ sha256: sha256('after'), platform: 'arista_eos', bytes: 5 });
});

test('a sweep that is removed leaves its versions with their bytes, without its name', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  for (const [n, text] of ['A', 'B'].entries()) {
    const half = seen(`S${n + 1}`, 1, `half ${text}`, HOUR, { proof: Proof.SUSPECT });
    await store.commit([...newSweep(`S${n + 1}`, 2), half, seen(`S${n + 1}`, 0, text, (n + 1) * HOUR)]);
  }
  for (const sweep of ['S1', 'S2']) await store.commit([{ write: 'dropSweep', sweep }]);
  for (const text of ['half A', 'half B']) await expect.poll(() => store.hasBody(sha256(text))).toBe(false);
  expect((await timeline(store, 'R0')).map(({ digest, first }) => [digest, first])).toEqual([
    [digest('A'), ['', HOUR]],
    [digest('B'), ['', 2 * HOUR]],
  ]);
  for (const text of ['A', 'B']) expect(await store.hasBody(sha256(text))).toBe(true);
});

test('only so many earlier versions are kept, and none too old, with their bytes; the newest always is', async () => {
  using directory = new TemporaryDirectory();
  const now = Date.now();
  {
    await using store = await openStore(directory.path, null, { versions: 3, days: 10 });
    for (let n = 0; n < 6; n++)
      await store.commit([...newSweep(`S${n}`, 1), seen(`S${n}`, 0, `text ${n}`, now - (30 - n) * DAY)]);
    for (let n = 0; n < 6; n++) await store.commit([{ write: 'dropSweep', sweep: `S${n}` }]);
    // Three by number, and of those two by age as soon as nothing else is to be done.
    await expect
      .poll(async () => (await timeline(store, 'R0')).map(({ version }) => version))
      .toEqual([4, 5, 6]);
  }
  await using store = await openStore(directory.path, null, { versions: 3, days: 10 });
  await expect.poll(async () => (await timeline(store, 'R0')).map(({ version }) => version)).toEqual([6]);
  const there = await Promise.all([3, 4, 5].map((n) => store.hasBody(sha256(`text ${n}`))));
  expect(there).toEqual([false, false, true]);
});

test('a store from before the history has none, and begins one', async () => {
  using directory = new TemporaryDirectory();
  const older = openDatabase(directory.path, 4);
  older.close();
  await using store = await openStore(directory.path, null);
  expect(await store.newestVersions(ALL, null, 9)).toEqual([]);
  await store.commit([...newSweep('S1', 1), seen('S1', 0, 'A', HOUR)]);
  expect(await store.newestVersions(ALL, null, 9)).toHaveLength(1);
});

test('a version whose record is damaged is told as such, and does no harm to those after it', async () => {
  using directory = new TemporaryDirectory();
  {
    await using store = await openStore(directory.path, null);
    for (const [n, text] of ['A', 'B'].entries())
      await store.commit([...newSweep(`S${n}`, 2), seen(`S${n}`, 0, text, n), seen(`S${n}`, 1, text, n)]);
  }
  const sql = openDatabase(directory.path);
  sql.run('UPDATE versions SET output = 77');
  sql.run(`UPDATE timelines SET first_ms = 5 WHERE device = 'R1'`);
  sql.close();
  await using store = await openStore(directory.path, null, { versions: 2, days: 0 });
  const told = async (device: string) => (await timeline(store, device)).map(({ digest }) => digest);
  expect([await told('R0'), await told('R1')]).toEqual([
    ['', digest('B')],
    ['', ''],
  ]);
  await store.commit([...newSweep('S2', 2), seen('S2', 0, 'C', 2), seen('S2', 1, 'C', 2)]);
  expect([await told('R0'), await told('R1')]).toEqual([
    [digest('B'), digest('C')],
    ['', digest('C')],
  ]);
  expect(await store.hasBody(sha256('C'))).toBe(true);
});

/** What the history has to be, told in the simplest way. */
class Model {
  readonly versions = new Map<string, { text: string; version: number }[]>();
  readonly sweeps = new Map<string, Set<string>>();

  saw(sweep: string, device: string, text: string, keep: number): void {
    this.sweeps.get(sweep)?.add(text);
    const versions = this.versions.get(device) ?? [];
    const newest = versions.at(-1);
    if (newest?.text !== text) versions.push({ text, version: (newest?.version ?? 0) + 1 });
    this.versions.set(device, versions.slice(-keep));
  }

  get needed(): Set<string> {
    const named = [...this.sweeps.values()].flatMap((texts) => [...texts]);
    return new Set([...named, ...[...this.versions.values()].flat().map(({ text }) => text)]);
  }
}

test(`sweeps that come and go leave the history and the bytes that they should (again with SEED=${SEED})`, async () => {
  using directory = new TemporaryDirectory();
  let state = SEED;
  const below = (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  const model = new Model();
  const keep = { versions: 4, days: 0 };
  const texts = Array.from({ length: 6 }, (_, n) => `text ${n}`);
  const devices = 5;
  let made = 0;
  for (let life = 0; life < 4; life++) {
    await using store = await openStore(directory.path, null, keep);
    for (let step = 0; step < 40; step++) {
      const open = [...model.sweeps.keys()];
      if (below(4) === 0 && open.length > 0) {
        const sweep = open[below(open.length)] ?? '';
        model.sweeps.delete(sweep);
        await store.commit([{ write: 'dropSweep', sweep }]);
        continue;
      }
      const sweep = `S${made++}`;
      model.sweeps.set(sweep, new Set());
      const writes = newSweep(sweep, devices);
      for (let index = 0; index < devices; index++) {
        const text = texts[below(texts.length)] ?? '';
        const proof = below(5) === 0 ? Proof.SUSPECT : Proof.COMPLETE;
        writes.push(seen(sweep, index, text, made * HOUR, { proof }));
        if (proof === Proof.COMPLETE) model.saw(sweep, `R${index}`, text, keep.versions);
        else model.sweeps.get(sweep)?.add(text);
      }
      await store.commit(writes);
    }
    await expect.poll(async () => (await store.sweeps(0)).length).toBe(model.sweeps.size);
    for (let index = 0; index < devices; index++)
      expect(await timeline(store, `R${index}`)).toMatchObject(
        (model.versions.get(`R${index}`) ?? []).map(({ text, version }) => ({
          digest: digest(text),
          version,
        })),
      );
    const needed = texts.map((text) => model.needed.has(text));
    await expect.poll(() => Promise.all(texts.map((text) => store.hasBody(sha256(text))))).toEqual(needed);
  }
});

test('pages of versions join to all of them, in order', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const of = (segment: string, name: string, command: string, n: number): Write => {
    const device = Device.create({ index: n, name, segment });
    const text = `${segment} ${name} ${command} ${n}`;
    const outputs = [{ ...output(text), command }];
    return {
      write: 'report',
      report: Report.create({ sweep: 'S1', device, status: Status.OK, outputs }),
      versions: true,
    };
  };
  const writes = newSweep('S1', 0);
  let n = 0;
  for (const segment of ['dc1', 'dc2'])
    for (const command of ['show a', 'show b'])
      for (const name of ['R1', 'R2', 'R1', 'R1']) writes.push(of(segment, name, command, n++));
  await store.commit(writes);
  const all = await store.versions('R1', null, 100);
  expect(all.map(({ segment, command, version }) => `${segment} ${command} ${version}`)).toEqual(
    ['dc1', 'dc2'].flatMap((segment) =>
      ['show a', 'show b'].flatMap((command) =>
        [1, 2, 3].map((version) => `${segment} ${command} ${version}`),
      ),
    ),
  );
  for (const limit of [1, 2, 5]) {
    const joined = [];
    for (let page = await store.versions('R1', null, limit); page.length > 0; ) {
      joined.push(...page);
      page = await store.versions('R1', joined.at(-1) ?? null, limit);
    }
    expect(joined).toEqual(all);
  }
  const newest = await store.newestVersions(ALL, null, 100);
  expect(newest.map(({ segment, device, command }) => `${segment} ${device} ${command}`)).toHaveLength(8);
  expect(await store.newestVersions(ALL, newest[2] ?? null, 2)).toEqual(newest.slice(3, 5));
  const asked = async (some: Partial<typeof ALL>) =>
    (await store.newestVersions({ ...ALL, ...some }, null, 100)).map(
      ({ segment, device, command }) => `${segment} ${device} ${command}`,
    );
  expect(await asked({ segment: 'dc2', command: 'show b' })).toEqual(['dc2 R1 show b', 'dc2 R2 show b']);
  expect(await asked({ devices: '*2', command: 'show a' })).toEqual(['dc1 R2 show a', 'dc2 R2 show a']);
  expect(await asked({ platform: 'cisco_ios' })).toEqual([]);
});

// An audit log that somebody has changed: whatever was done to it is found, at the first record that shows it.
import { randomInt } from 'node:crypto';
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dice } from '../../agent/fleet/dice.ts';
import { checkLogs } from '../../coordinator/auditlog/check.js';
import { Heads } from '../../coordinator/auditlog/heads.js';
import { TemporaryDirectory } from '../store/samples.js';
import { checked, restamped, tampered, written } from './logs.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const AGAIN = `SEED=${SEED} npx vitest run test/auditlog/verify.test.ts`;
const ROUNDS = Number(process.env.ROUNDS ?? 12);
const GROUPS = 12;

const state = await written(GROUPS);
afterAll(() => state[Symbol.dispose]());
const lines = readFileSync(join(state.path, 'auditlog/000001.jsonl'), 'utf8').trimEnd().split('\n');

/** A number below `limit`, of this round. */
function pick(round: number, what: string, limit: number): number {
  return dice(SEED, round, what) % limit;
}

/** The first line, from 0, behind the last head before line `at`. */
function afterHead(at: number): number {
  return lines.slice(0, at).findLastIndex((line) => line.includes('"act":"head"')) + 1;
}

test('a log that nobody has touched is what was written', async () => {
  const log = await checked(state.path);
  expect(log).toMatchObject({ findings: [], notes: [], unknown: 0, first: 1, last: 1 + 5 * GROUPS });
  expect(log.acts).toEqual({ file: 1, attempt: 3 * GROUPS, cancel: GROUPS, head: GROUPS });
  expect(log.anchors).toHaveLength(2); // beside the log, and in the store
});

test('a changed character is found in its line, whichever it is', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const at = pick(round, 'line', lines.length);
    const { findings } = await tampered(state.path, (all) => {
      const text = all[at] ?? '';
      const place = pick(round, 'place', text.length);
      const other = text[place] === 'x' ? 'y' : 'x';
      return all.with(at, text.slice(0, place) + other + text.slice(place + 1));
    });
    const found = findings.map(({ line }) => line);
    // A last line that is no record any more has signed nothing: what it signed is told of before it.
    const isUnread = at === lines.length - 1 && found[0] !== at + 1;
    expect(found[0], `round ${round}, ${AGAIN}`).toBe(isUnread ? afterHead(at) + 1 : at + 1);
    expect(found, `round ${round}, ${AGAIN}`).toContain(at + 1);
  }
});

test('a last head that can no longer be read is missed, and what it signed is signed by nobody', async () => {
  const { findings } = await tampered(state.path, (all) => all.with(-1, `x${all.at(-1)?.slice(1)}`));
  expect(findings.map(({ line, kind }) => ({ line, kind })).slice(0, 2)).toEqual([
    { line: afterHead(lines.length - 1) + 1, kind: 'restamp' },
    { line: lines.length, kind: 'truncation' },
  ]);
});

test('records that are taken out are missed where they stood', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const at = pick(round, 'line', lines.length - 1);
    const count = 1 + pick(round, 'count', Math.min(8, lines.length - 1 - at));
    const { findings } = await tampered(state.path, (all) => all.toSpliced(at, count));
    expect(findings[0], `round ${round}, ${AGAIN}`).toMatchObject({ kind: 'deletion', line: at + 1 });
  }
});

test('records that change places are found where the first of them stands', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [one, other] = [pick(round, 'one', lines.length - 1), pick(round, 'other', lines.length - 1)];
    const [from, to] = [1 + Math.min(one, other), 1 + Math.max(one, other)];
    if (from >= to || to >= lines.length) continue;
    const { findings } = await tampered(state.path, (all) =>
      all.with(from, all[to] ?? '').with(to, all[from] ?? ''),
    );
    expect(findings[0], `round ${round}, ${AGAIN}`).toMatchObject({ kind: 'reorder', line: from + 1 });
  }
});

test('an end that is cut off is missed, at a head as anywhere else', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const kept = 2 + pick(round, 'kept', lines.length - 2);
    const { findings } = await tampered(state.path, (all) => all.slice(0, kept));
    expect(
      findings.map(({ kind }) => kind),
      `round ${round}, ${AGAIN}`,
    ).toContain('truncation');
    expect(findings[0]?.line).toBe(lines[kept - 1]?.includes('"act":"head"') ? kept : afterHead(kept) + 1);
  }
});

test('a log that was changed and hashed anew shows where the key has signed something else', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const at = 1 + pick(round, 'line', lines.length - 1);
    const { findings } = await tampered(state.path, (all) => {
      const changed = all.with(at, (all[at] ?? '').replace('"at":"2', '"at":"1'));
      return restamped(changed, at);
    });
    const from = afterHead(at) + 1;
    expect(findings[0], `round ${round}, ${AGAIN}`).toMatchObject({ kind: 'restamp', line: from });
  }
});

test('the same goes for a record that is taken out, and for an end without heads', async () => {
  const without = await tampered(state.path, (all) => restamped(all.toSpliced(7, 1), 7));
  expect(without.findings[0]).toMatchObject({ kind: 'restamp', line: 7 });
  const headless = await tampered(state.path, (all) =>
    restamped(
      all.filter((line, i) => i < 20 || !line.includes('"act":"head"')),
      20,
    ),
  );
  expect(headless.findings[0]).toMatchObject({ kind: 'restamp', line: 17 });
});

test('without the head beside it and without the store a cut at a head can not be told, and that is said', async () => {
  using copy = await written(3);
  const file = join(copy.path, 'auditlog/000001.jsonl');
  const all = readFileSync(file, 'utf8').split('\n');
  writeFileSync(
    file,
    all
      .slice(0, 11)
      .map((line) => `${line}\n`)
      .join(''),
  );
  expect((await checked(copy.path)).findings[0]).toMatchObject({ kind: 'truncation', line: 11 });
  rmSync(join(copy.path, 'store.db'));
  expect((await checked(copy.path)).findings[0]).toMatchObject({ kind: 'truncation', line: 11 });
  rmSync(join(copy.path, 'auditlog/head'));
  const log = await checked(copy.path);
  expect(log.findings).toEqual([]);
  expect(log.notes).toEqual(['no head is kept elsewhere: whether its end was cut off can not be told']);
});

test('a head in the log of the program, or in a file on another disk, knows of an end that was cut off', async () => {
  using copy = await written(3);
  using elsewhere = new TemporaryDirectory();
  const [own, kept] = [join(elsewhere.path, 'serve.log'), join(elsewhere.path, 'heads.jsonl')];
  const head = readFileSync(join(copy.path, 'auditlog/head'), 'utf8').trim();
  let newest = '';
  const told: unknown[] = [];
  (() => {
    using heads = new Heads(kept, (auditHead, error) => told.push(error ?? { level: 30, auditHead }));
    heads.follow(() => newest);
    newest = head;
  })();
  writeFileSync(own, told.map((line) => `<30>Nov 23 host netsweep: ${JSON.stringify(line)}\n`).join(''));
  const heads = [own, kept];
  const check = async () => (await checkLogs({ state: copy.path, keyFile: null, keys: [], heads }))[0];
  expect(await check()).toMatchObject({ findings: [], notes: [] });
  // The head beside it and the store are put back with it.
  const file = join(copy.path, 'auditlog/000001.jsonl');
  const all = readFileSync(file, 'utf8').split('\n').slice(0, 11);
  writeFileSync(file, all.map((line) => `${line}\n`).join(''));
  writeFileSync(join(copy.path, 'auditlog/head'), all[10] ?? '');
  rmSync(join(copy.path, 'store.db'));
  expect((await check())?.findings).toMatchObject([{ kind: 'truncation' }, { kind: 'truncation' }]);
});

test('where heads can not be written that is said once, and tried again', () => {
  const told: unknown[] = [];
  using heads = new Heads('/dev/full', (_, error) => told.push(error));
  heads.follow(() => 'a head');
  heads.follow(() => 'another');
  expect(told).toEqual([expect.objectContaining({ code: 'ENOSPC' }), null, null]);
});

test('a log that was taken away, or put in the place of another, is missed', async () => {
  using copy = await written(2);
  using other = await written(4);
  cpSync(join(other.path, 'auditlog/000001.jsonl'), join(copy.path, 'auditlog/000001.jsonl'));
  expect((await checked(copy.path)).findings[0]).toMatchObject({ kind: 'restamp', line: 1 });
  rmSync(join(copy.path, 'auditlog'), { recursive: true });
  expect((await checked(copy.path)).findings).toMatchObject([{ kind: 'truncation' }]);
});

test('a line that was cut at the very end is one that was never finished', async () => {
  using copy = await written(2);
  const file = join(copy.path, 'auditlog/000001.jsonl');
  const whole = readFileSync(file);
  writeFileSync(file, Buffer.concat([whole, whole.subarray(0, 100)]));
  const log = await checked(copy.path);
  expect(log.findings).toEqual([]);
  expect(log.notes[0]).toContain('begun and not finished');
  truncateSync(file, whole.length - 10); // as far as nobody has been told
  expect((await checked(copy.path)).findings.map(({ kind }) => kind)).toContain('truncation');
});

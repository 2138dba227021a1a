// When a sweep stops by itself and what may be offered until then, over the ledger and on a clock of the test's own.
import { describe, expect, test } from 'vitest';
import { dice, fraction } from '../../agent/fleet/dice.js';
import type { DeviceRow, ShardRow, SweepRow, Write } from '../../coordinator/store/store.js';
import { Ledger } from '../../coordinator/sweep/ledger.js';
import type { OpenShard } from '../../coordinator/sweep/shards.js';
import { devicesOf, Stops } from '../../coordinator/sweep/stops.js';
import { HandedBack, Result } from '../../proto/gen/netsweep/v1/agent.js';
import {
  Device,
  Failure,
  Kind,
  type Report,
  Stage,
  Status,
  SweepOptions,
} from '../../proto/gen/netsweep/v1/model.js';
import { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);

type End = Result['end'];

const ok: End = ended(Status.OK);
const suspect: End = ended(Status.SUSPECT);
const refused: End = ended(Status.FAILED, false);
const handedBack: End = {
  $case: 'handedBack',
  value: HandedBack.create({ reason: 'refused', touched: true }),
};
const unreachable: End = ended(Status.FAILED, true);

function ended(status: Status, retryable = false): End {
  const failure = Failure.create({ kind: Kind.REFUSED, stage: Stage.CONNECT, message: 'no', retryable });
  const value = Attempt.create({ status, leftClean: true });
  return { $case: 'attempt', value: status === Status.FAILED ? { ...value, failure } : value };
}

/** A sweep over devices 0, 1, 2 ... of one agent that does as it is told. */
class Play {
  readonly ledger = new Ledger('inc', { termMs: 10_000, lockDelayMs: 0 }, () => 0);
  readonly writes: Write[];
  now = 0;

  constructor(devices: number | Device[], options: Partial<SweepOptions>, found: Play | null = null) {
    this.writes = found === null ? [] : [...found.writes];
    this.now = found?.now ?? 0;
    if (found !== null) {
      this.ledger.restore(found.#stored(), this.now, this.writes);
      return;
    }
    const all =
      typeof devices === 'number' ? Array.from({ length: devices }, (_, index) => device(index)) : devices;
    const row = {
      ...{
        id: 'S1',
        key: 'k',
        state: SweepState.RUNNING,
        startedAtMs: 0,
        endedAtMs: 0,
        reason: '',
        lastShard: 0,
        refusedResults: 0,
        repeatedResults: 0,
      },
      options: SweepOptions.create({ forks: 100, retries: 2, ...options }),
    };
    this.ledger.add(row, all, [], this.writes);
  }

  get sweep() {
    return this.ledger.sweeps.get('S1');
  }

  get reason(): string {
    return this.#last('sweep').at(-1)?.row.reason ?? '';
  }

  /** All that may be offered now, claimed; the devices' indexes. */
  begin(): number[] {
    const begun: number[] = [];
    for (;;) {
      const { sweep } = this;
      const shard = sweep === undefined ? null : this.#form(sweep);
      if (shard === null) return begun;
      const request = {
        instance: 'a',
        claimId: `c${shard.row.shard}`,
        sweep: 'S1',
        shard: shard.row.shard,
        offer: 1,
      };
      const claim = this.ledger.claim(request, this.now, this.writes);
      if (claim.answer !== 'grant') throw new Error(claim.reason);
      begun.push(...claim.devices.map((state) => state.device.index));
    }
  }

  end(index: number, end: End): void {
    const shard = [...this.ledger.shards()].find(({ lease }) => lease?.left.has(index));
    if (shard?.lease == null) throw new Error(`device ${index} is not leased`);
    const { epoch } = shard.lease;
    const result = Result.create({ sweep: 'S1', shard: shard.row.shard, epoch, index, end });
    this.ledger.result(result, 'agent', this.now, 0, this.writes);
  }

  /** Leave for the first command of a sweep that may write. */
  start(index: number): string {
    const shard = [...this.ledger.shards()].find(({ lease }) => lease?.left.has(index));
    const request = { sweep: 'S1', epoch: shard?.lease?.epoch ?? '', index };
    return this.ledger.start(request, this.now, 0, this.writes);
  }

  leased(): number[] {
    return [...this.ledger.shards()].flatMap(({ lease }) => [...(lease?.left ?? [])]);
  }

  /** How devices have ended: `0 ok`, `1 failed refused`. */
  endings(): string[] {
    return this.reports()
      .sort((a, b) => (a.device?.index ?? 0) - (b.device?.index ?? 0))
      .map(({ device, status, failure }) =>
        [device?.index, word(status), ...(failure ? [word(failure.kind)] : [])].join(' '),
      );
  }

  reports(): Report[] {
    return this.#last('report').map(({ report }) => report);
  }

  /** The same sweep after the coordinator was killed and started again. */
  restarted(): Play {
    return new Play([], {}, this);
  }

  #form(sweep: NonNullable<Play['sweep']>): OpenShard | null {
    for (const segment of sweep.segments()) {
      const shard = this.ledger.form(sweep, segment, Math.min(sweep.room, 3), this.now, this.writes);
      if (shard !== null) return shard;
    }
    return null;
  }

  #stored() {
    const [submitted] = this.#last('devices');
    const rows = new Map<number, DeviceRow>();
    const shards = new Map<number, ShardRow>();
    for (const write of this.writes) {
      if (write.write === 'device') rows.set(write.row.index, write.row);
      if (write.write === 'shard') shards.set(write.row.shard, write.row);
      if (write.write === 'dropShard') shards.delete(write.shard);
    }
    const reports = new Map(this.reports().map((report) => [report.device?.index, report]));
    const unspent = { loginSpent: false, enableSpent: false, channelSpent: false };
    const none = { attempts: 0, workedMs: 0, ...unspent, started: false, deaths: [] };
    return {
      row: this.#last('sweep').at(-1)?.row as SweepRow,
      devices: (submitted?.devices ?? []).map((device) => ({
        device,
        row: rows.get(device.index) ?? { index: device.index, ...none },
        report: reports.get(device.index) ?? null,
        lastFailure:
          this.#last('evidence').findLast(({ report }) => report.device?.index === device.index)?.report
            .failure ?? null,
      })),
      shards: [...shards.values()],
      credentials: [],
      bastions: [],
      taken: [],
    };
  }

  #last<W extends Write['write']>(name: W): Extract<Write, { write: W }>[] {
    return this.writes.filter((write): write is Extract<Write, { write: W }> => write.write === name);
  }
}

function device(index: number, host = `10.0.0.${index}`, segment = 's'): Device {
  return Device.create({ index, name: `R${index}`, host, port: 22, segment, commands: ['show version'] });
}

function word(value: string): string {
  return value.replace(/^[A-Z]+_/, '').toLowerCase();
}

test.each([
  [null, 60, 0],
  [{ devices: 7 }, 60, 7],
  [{ percent: 5 }, 60, 3],
  [{ percent: 5 }, 61, 4],
  [{ percent: 0.1 }, 60, 1],
  [{ percent: 100 }, 60, 60],
])('a share %j of %i devices is %i: rounded up, at least one', (share, selected, devices) => {
  expect(devicesOf(share, selected)).toBe(devices);
});

describe('--max-fail', () => {
  test('lets nothing begin once so many have failed, and what is under way ends as it will', () => {
    const play = new Play(9, { maxFail: 2, forks: 4 });
    expect(play.begin()).toEqual([0, 1, 2, 3]);
    play.end(0, refused);
    expect(play.begin()).toEqual([4]);
    play.end(1, refused);
    expect(play.begin()).toEqual([]);
    expect(play.endings()).toEqual([
      '0 failed refused',
      '1 failed refused',
      ...[5, 6, 7, 8].map((n) => `${n} skipped limit`),
    ]);
    expect(play.reason).toBe('2 devices have failed and --max-fail is 2');
    play.end(2, ok);
    play.end(3, refused);
    play.end(4, suspect);
    expect(play.sweep).toBeUndefined();
    expect(play.endings().slice(2, 5)).toEqual(['2 ok', '3 failed refused', '4 suspect']);
    expect(play.reason).toBe('2 devices have failed and --max-fail is 2');
  });

  test('ends what waits to be tried again with its last failure, and tries nothing again', () => {
    const play = new Play(5, { maxFail: 1, forks: 4 });
    play.begin();
    play.end(0, unreachable);
    play.end(1, refused);
    play.end(2, unreachable);
    play.end(3, ok);
    expect(play.endings()).toEqual([
      '0 failed refused',
      '1 failed refused',
      '2 failed refused',
      '3 ok',
      '4 skipped limit',
    ]);
    expect(play.writes.filter(({ write }) => write === 'evidence')).toHaveLength(1);
  });

  test('withholds another attempt, and keeps the record of the one before', () => {
    const play = new Play(2, { maxFail: 1 });
    play.begin();
    play.end(0, refused);
    expect(play.reason).toBe('');
    play.end(1, unreachable);
    expect(play.reports().map(({ agent }) => agent)).toEqual(['agent', 'agent']);
    expect(play.reason).toBe('1 device has failed and --max-fail is 1');
  });

  test('ends what waits to be tried again with its last failure also after a restart', () => {
    const play = new Play(3, { maxFail: 1, forks: 2 });
    play.begin();
    play.end(0, unreachable);
    const again = play.restarted();
    again.end(1, refused);
    expect(again.endings()).toEqual(['0 failed refused', '1 failed refused', '2 skipped limit']);
    expect(again.reports().find(({ device }) => device?.index === 0)?.failure?.message).toBe('no');
  });

  test('counts no device that is only to be tried again', () => {
    const play = new Play(3, { maxFail: 1, forks: 1 });
    play.begin();
    play.end(0, unreachable);
    expect(play.begin()).toEqual([1]);
    expect(play.reason).toBe('');
  });

  test('has stopped nothing when the last devices fail', () => {
    const play = new Play(2, { maxFail: 1 });
    play.begin();
    play.end(0, refused);
    play.end(1, refused);
    expect(play.endings()).toEqual(['0 failed refused', '1 failed refused']);
    expect(play.reason).toBe('');
  });

  test('counts on after a restart', () => {
    const play = new Play(6, { maxFail: 2, forks: 2 });
    play.begin();
    play.end(0, refused);
    const again = play.restarted();
    expect(again.begin()).toEqual([2]);
    again.end(1, refused);
    const third = again.restarted();
    expect(third.begin()).toEqual([]);
    third.end(2, unreachable);
    expect(third.sweep).toBeUndefined();
    expect(third.endings()).toEqual([
      '0 failed refused',
      '1 failed refused',
      '2 failed refused',
      '3 skipped limit',
      '4 skipped limit',
      '5 skipped limit',
    ]);
  });

  test('holds back a sweep that may write: under way and failed are never more than may fail', () => {
    const play = new Play(9, { maxFail: 3, allowWrites: true });
    expect(play.begin()).toEqual([0, 1, 2]);
    play.end(0, ok);
    expect(play.begin()).toEqual([3]);
    play.end(1, refused);
    expect(play.begin()).toEqual([]);
    play.end(2, ok);
    expect(play.begin()).toEqual([4]);
    play.end(3, refused);
    expect(play.begin()).toEqual([]);
    play.end(4, ok);
    expect(play.begin()).toEqual([5]);
    play.end(5, refused);
    expect(play.endings().filter((ending) => ending.endsWith('limit'))).toEqual([
      '6 skipped limit',
      '7 skipped limit',
      '8 skipped limit',
    ]);
  });

  test('counts what was interrupted', () => {
    const stops = new Stops(SweepOptions.create({ maxFail: 2, allowWrites: true }), 5);
    expect([stops.mayStart(1), stops.mayStart(2)]).toEqual([true, false]);
    stops.ended({ index: 0, name: 'R0' }, Status.INTERRUPTED, null);
    stops.ended({ index: 1, name: 'R1' }, Status.SUSPECT, null);
    expect([stops.mayStart(0), stops.mayStart(1)]).toEqual([true, false]);
    stops.ended({ index: 2, name: 'R2' }, Status.FAILED, null);
    expect(stops.mayStart(0)).toBe(false);
  });
});

describe('--canary', () => {
  test('goes first and alone; when all of it is ok the others follow', () => {
    const play = new Play(6, { canary: 2 });
    expect(play.begin()).toEqual([0, 1]);
    play.end(1, ok);
    expect(play.begin()).toEqual([]);
    expect(play.restarted().begin()).toEqual([]);
    play.end(0, ok);
    expect(play.restarted().begin()).toEqual([2, 3, 4, 5]);
  });

  test.each([
    ['failed', refused, 'the canary R1 ended failed (refused)'],
    ['suspect', suspect, 'the canary R1 ended suspect'],
  ])('that ends %s stops the sweep, which says which device it was', (_, end, reason) => {
    const play = new Play(4, { canary: 2 });
    play.begin();
    play.end(1, end);
    expect(play.reason).toBe(reason);
    expect(play.endings().slice(1)).toEqual(['2 skipped limit', '3 skipped limit']);
    play.end(0, ok);
    expect(play.sweep).toBeUndefined();
  });

  test('is tried again as any device before it counts as bad', () => {
    const play = new Play(2, { canary: 1 });
    play.begin();
    play.end(0, unreachable);
    play.now += 10_000;
    expect(play.begin()).toEqual([0]);
    play.end(0, ok);
    expect(play.begin()).toEqual([1]);
  });

  test('that is bad lets no other begin that is at its prompt, in a sweep that may write', () => {
    const play = new Play(2, { canary: 2, allowWrites: true });
    play.begin();
    expect(play.start(0)).toBe('granted');
    play.end(0, refused);
    expect(play.start(1)).toBe('refused');
    play.end(1, handedBack);
    expect(play.endings()).toEqual(['0 failed refused', '1 skipped limit']);
    expect(play.reason).toBe('the canary R0 ended failed (refused)');
  });

  test('shares its address with a device of a later stage, which still waits', () => {
    const play = new Play([device(0, 'h'), device(1, 'h'), device(2, 'h')], { canary: 1, batch: 1 });
    for (const index of [0, 1, 2]) {
      expect(play.begin()).toEqual([index]);
      play.end(index, ok);
    }
  });
});

describe('--batch', () => {
  test('begins when the batch before it has ended, in all segments', () => {
    const segment = (index: number) => (index % 2 === 0 ? 'even' : 'odd');
    const devices = Array.from({ length: 7 }, (_, index) => device(index, `10.0.0.${index}`, segment(index)));
    let play = new Play(devices, { canary: 1, batch: 3 });
    for (const stage of [[0], [1, 2, 3], [4, 5, 6]]) {
      expect(play.begin().sort()).toEqual(stage);
      for (const index of stage) {
        expect(play.begin()).toEqual([]);
        play = play.restarted();
        play.end(index, ok);
      }
    }
    expect(play.sweep).toBeUndefined();
  });

  test('that failed lets the next one begin, up to --max-fail', () => {
    const play = new Play(6, { batch: 2, maxFail: 3 });
    for (const stage of [
      [0, 1],
      [2, 3],
    ]) {
      expect(play.begin()).toEqual(stage);
      for (const index of stage) play.end(index, refused);
    }
    expect(play.endings().slice(4)).toEqual(['4 skipped limit', '5 skipped limit']);
  });
});

describe('a sweep that a limit has stopped', () => {
  const stopped = () => {
    const play = new Play(5, { maxFail: 1, forks: 3 });
    play.begin();
    play.end(0, refused);
    return play;
  };

  test('can still be cancelled', () => {
    const play = stopped();
    const { sweep } = play;
    if (sweep === undefined) throw new Error('it is over');
    expect(sweep.halt?.recalls).toBe(false);
    play.ledger.cancel(sweep, 'enough', 0, play.writes);
    expect(sweep.halt?.recalls).toBe(true);
    expect(sweep.row).toMatchObject({ state: SweepState.CANCELLED, reason: 'enough' });
  });

  test('takes no more offers', () => {
    const play = new Play(5, { maxFail: 1, forks: 3 });
    const { sweep } = play;
    if (sweep === undefined) throw new Error('no sweep');
    play.begin();
    const shard = play.ledger.form(sweep, 's', 1, 0, play.writes);
    play.end(0, refused);
    const request = { instance: 'a', claimId: 'x', sweep: 'S1', shard: shard?.row.shard ?? 0, offer: 1 };
    expect(play.ledger.claim(request, 0, play.writes)).toMatchObject({ answer: 'drop' });
  });
});

test('a device that waits to be tried again is tried again after a restart, while others of its shard are under way', () => {
  const play = new Play(3, { forks: 3 });
  play.begin();
  play.end(0, unreachable);
  const again = play.restarted();
  expect(again.leased().sort()).toEqual([1, 2]);
  expect(again.begin()).toEqual([0]);
});

test('a cancelled sweep begins nothing after a restart', () => {
  const play = new Play(3, { forks: 1 });
  play.begin();
  if (play.sweep !== undefined) play.ledger.cancel(play.sweep, 'enough', 0, play.writes);
  const again = play.restarted();
  again.now = 60_000;
  again.ledger.lapse(again.now, 0, again.writes);
  expect(again.endings()).toEqual(['0 cancelled', '1 cancelled', '2 cancelled']);
});

test(`limits hold in whatever order devices end and coordinators start again (NETSWEEP_TEST_SEED=${SEED})`, () => {
  for (let round = 0; round < 300; round++) playOut(SEED * 1_000 + round);
});

function playOut(seed: number): void {
  const draw = (use: string, most: number) => dice(seed, 0, use) % (most + 1);
  const options = {
    maxFail: draw('fail', 5),
    canary: draw('canary', 4),
    batch: draw('batch', 6),
    forks: 1 + draw('forks', 7),
    allowWrites: draw('writes', 1) === 1,
    retries: 1,
  };
  const about = `seed ${seed} ${JSON.stringify(options)}`;
  const devices = 1 + draw('devices', 24);
  const stages = new Stops(SweepOptions.create(options), devices);
  let play = new Play(devices, options);
  for (let step = 0; play.sweep !== undefined; step++) {
    const chance = (use: string) => fraction(seed, step, use);
    play.now += 5_000;
    if (chance('restart') < 0.1) play = play.restarted();
    const before = failures(play);
    const begun = play.begin();
    const reached = options.maxFail > 0 && before >= options.maxFail;
    expect(reached ? begun : [], about).toEqual([]);
    const leased = play.leased();
    if (options.allowWrites && options.maxFail > 0 && play.reason === '')
      expect(leased.length + before, about).toBeLessThanOrEqual(options.maxFail);
    const open = new Set(Array.from({ length: devices }, (_, index) => index));
    for (const { device } of play.reports()) open.delete(device?.index ?? -1);
    const stage = Math.min(...[...open].map((index) => stages.stageOf(index)));
    expect(
      leased.filter((index) => stages.stageOf(index) !== stage),
      about,
    ).toEqual([]);
    const index = leased[Math.floor(chance('which') * leased.length)];
    if (index === undefined) continue;
    play.end(index, chance('end') < 0.7 ? ok : chance('passes') < 0.5 ? unreachable : refused);
  }
  const endings = play.endings();
  expect(endings, about).toHaveLength(devices);
  if (endings.some((ending) => ending.endsWith('limit'))) expect(play.reason, about).not.toBe('');
}

function failures(play: Play): number {
  return play.reports().filter(({ status }) => status === Status.FAILED || status === Status.INTERRUPTED)
    .length;
}

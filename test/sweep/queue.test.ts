import { expect, test } from 'vitest';
import type { Unit } from '../../coordinator/sweep/line.js';
import type { Track } from '../../coordinator/sweep/pace.js';
import { type Limits, Queue } from '../../coordinator/sweep/queue.js';
import { Dice } from '../sim/dice.js';

const track = (...places: string[]): Track => ({ paced: null, places });
const unit = (index: number, of: Track, notBefore = 0): Unit => ({
  ...{ indexes: [index], notBefore, stage: 0 },
  track: of,
});

/** Places that take so many each; `looks`: how often one was looked at. */
class Places implements Limits {
  readonly there = new Map<string, number>();
  looks = 0;

  constructor(readonly most: number) {}

  fullAt({ places }: Track): string | null {
    this.looks += 1;
    return places.find((place) => this.roomAt(place) <= 0) ?? null;
  }

  roomAt(place: string): number {
    return this.most - (this.there.get(place) ?? 0);
  }

  come({ places }: Track, change: 1 | -1): void {
    for (const place of places) this.there.set(place, (this.there.get(place) ?? 0) + change);
  }
}

function takeAll(queue: Queue, limits: Places, now = 0): number[] {
  const indexes: number[] = [];
  queue.wake(now, limits);
  for (let next = queue.next(limits); next !== null; next = queue.next(limits)) {
    limits.come(next.track, 1);
    indexes.push(...next.indexes);
  }
  return indexes;
}

test('devices beyond a limit stay in line, and others go first', () => {
  const [north, south] = [track('north'), track('south')];
  const queue = new Queue();
  const limits = new Places(2);
  for (let index = 0; index < 5; index += 1) queue.add(unit(index, north));
  queue.add(unit(5, south));
  expect(takeAll(queue, limits)).toEqual([0, 5, 1]);
  expect([queue.length, takeAll(queue, limits)]).toEqual([3, []]);
  limits.come(north, -1);
  expect(takeAll(queue, limits)).toEqual([2]);
  limits.come(north, -1);
  limits.come(north, -1);
  expect(takeAll(queue, limits)).toEqual([3, 4]);
  expect(queue.length).toBe(0);
});

test('without limits devices go in the order in which they came', () => {
  const queue = new Queue();
  const free = track();
  for (const one of [unit(1, free, 30), unit(2, free), unit(3, free, 20), unit(4, free)]) queue.add(one);
  expect(takeAll(queue, new Places(0), 10)).toEqual([2, 4]);
  expect(takeAll(queue, new Places(0), 30)).toEqual([3, 1]);
});

test('a hundred thousand devices at one site, or behind as many bastions of it, cost no more looks than are taken', () => {
  for (const tracks of [1, 100_000]) {
    const of = Array.from({ length: tracks }, (_, at) => track('site', `bastion ${at}`));
    const queue = new Queue();
    const limits = new Places(tracks === 1 ? 1_000_000 : 32);
    for (let index = 0; index < 100_000; index += 1) queue.add(unit(index, of[index % tracks] as Track));
    if (tracks === 1) limits.there.set('site', 1_000_000 - 32);
    const begun = takeAll(queue, limits);
    expect(begun).toHaveLength(32);
    limits.looks = 0;
    let taken = 0;
    for (let round = 0; round < 1_000; round += 1) {
      limits.come(track('site'), -1);
      taken += takeAll(queue, limits).length;
    }
    expect(taken).toBe(1_000);
    expect(limits.looks).toBeLessThanOrEqual(3 * taken);
  }
});

test('whoever waits is taken once, and nobody waits where there is room (seeds 1 to 20)', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const dice = new Dice(seed);
    const names = Array.from({ length: 5 }, (_, at) => `place ${at}`);
    const tracks = Array.from({ length: 12 }, () => track(...names.filter(() => dice.chance(0.3))));
    const queue = new Queue();
    const limits = new Places(1 + dice.below(4));
    const waiting = new Map<number, Track>();
    const open: Track[] = [];
    const gone = new Set<number>();
    for (let now = 0, index = 0; now < 2_000; now += 1) {
      for (let come = dice.below(3); come > 0; come -= 1, index += 1) {
        const of = tracks[dice.below(tracks.length)] as Track;
        queue.add(unit(index, of, dice.chance(0.2) ? now + dice.below(50) : 0));
        waiting.set(index, of);
      }
      queue.wake(now, limits);
      const back: Unit[] = [];
      let next = queue.next(limits);
      for (; next !== null; next = queue.next(limits)) {
        if (dice.chance(0.2)) {
          back.push(next);
          continue;
        }
        limits.come(next.track, 1);
        open.push(next.track);
        for (const one of next.indexes) {
          expect(waiting.delete(one)).toBe(true);
          gone.add(one);
        }
      }
      queue.putBack(back);
      expect(queue.length).toBe(waiting.size);
      for (const place of names) expect(limits.roomAt(place)).toBeGreaterThanOrEqual(0);
      while (open.length > 0 && dice.chance(0.5))
        limits.come(open.splice(dice.below(open.length), 1)[0] as Track, -1);
      if (dice.chance(0.01))
        queue.filter((one) => {
          if (dice.chance(0.9)) return one;
          for (const index of one.indexes) waiting.delete(index);
          return null;
        });
    }
    for (const of of open.splice(0)) limits.come(of, -1);
    for (let round = 0; waiting.size > 0; round += 1) {
      expect(round).toBeLessThan(10_000);
      queue.wake(Number.POSITIVE_INFINITY, limits);
      for (let next = queue.next(limits); next !== null; next = queue.next(limits))
        for (const one of next.indexes) expect(waiting.delete(one)).toBe(true);
    }
    expect(queue.length).toBe(0);
  }
});

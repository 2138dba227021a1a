import { expect, test } from 'vitest';
import { AHEAD_MS, LEAD_MS, LoginPace, type Paced, SLOW_MS } from '../../coordinator/sweep/loginpace.js';
import { SECOND_MS } from '../../coordinator/sweep/slots.js';
import { Dice } from '../sim/dice.js';

const paced = (sweep: string, rate: number, domain = ''): Paced => ({ domain, sweep, rate });

/** Runs the pace as its owner does, from the moment `now` on: calls back at each moment that it names. */
function run(pace: LoginPace, from: number, until: number): number {
  let now = from;
  for (let again = pace.pass(now); again < until; again = pace.pass(now)) {
    expect(again).toBeGreaterThan(now);
    now = again;
  }
  return now;
}

function most(times: number[], secondMs = SECOND_MS - 0.001): number {
  const sorted = [...times].sort((one, other) => one - other);
  let [count, from] = [0, 0];
  for (const [at, time] of sorted.entries()) {
    while ((sorted[from] ?? 0) <= time - secondMs) from += 1;
    count = Math.max(count, at - from + 1);
  }
  return count;
}

test('two sweeps beside each other share the rate of their domain in turns, and another domain has its own', () => {
  const pace = new LoginPace();
  const times: Record<string, number[]> = { A: [], B: [], C: [] };
  for (let index = 0; index < 300; index += 1) {
    pace.ask(paced('A', 50), index, (at) => times.A?.push(at));
    if (index < 100) pace.ask(paced('B', 50), index, (at) => times.B?.push(at));
    if (index < 100) pace.ask(paced('C', 50, 'other'), index, (at) => times.C?.push(at));
  }
  run(pace, 0, 60_000);
  const [a = [], b = [], c = []] = [times.A, times.B, times.C];
  expect(most([...a, ...b])).toBe(50);
  const whileB = a.filter((at) => at <= (b.at(-1) ?? 0));
  expect(Math.abs(whileB.length - b.length)).toBeLessThanOrEqual(1);
  expect(c.at(-1)).toBeLessThan(2_100);
  expect(most(c)).toBe(50);
});

test('a sweep that asks for less has less, whoever else is there, and the others have the rest', () => {
  const pace = new LoginPace();
  const times: Record<string, number[]> = { A: [], B: [] };
  for (let index = 0; index < 600; index += 1) pace.ask(paced('A', 40), index, (at) => times.A?.push(at));
  for (let index = 0; index < 50; index += 1) pace.ask(paced('B', 5), index, (at) => times.B?.push(at));
  run(pace, 0, 60_000);
  const [a = [], b = []] = [times.A, times.B];
  expect(most(b)).toBe(5);
  expect(most([...a, ...b])).toBe(40);
  expect(b.at(-1)).toBeGreaterThan(9_500);
  expect(a.filter((at) => at < 9_000).length).toBeGreaterThan(300);
});

test('leave is given just ahead of its moment, and no sooner', () => {
  const pace = new LoginPace();
  const given: number[] = [];
  for (let index = 0; index < 100; index += 1) pace.ask(paced('A', 10), index, (at) => given.push(at));
  pace.pass(1_000);
  expect(given.length).toBeGreaterThan(1);
  expect(Math.max(...given)).toBeLessThanOrEqual(1_000 + AHEAD_MS);
});

test('who comes first goes first, and who asks once more keeps its place', () => {
  const pace = new LoginPace();
  const order: string[] = [];
  for (const index of [3, 1, 2]) pace.ask(paced('A', 1), index, () => order.push(`${index}`));
  pace.ask(paced('A', 1), 3, () => order.push('3 again'));
  pace.left(paced('A', 1), 1);
  run(pace, 0, 60_000);
  expect(order).toEqual(['3 again', '2']);
});

test('no more devices are on their way than the pace can use soon', () => {
  const pace = new LoginPace();
  const one = paced('A', 50);
  const lead = (50 * LEAD_MS) / 1_000;
  expect(pace.room(one, 0)).toBe(lead);
  for (let index = 0; index < lead; index += 1) pace.handOut(one, index, 0);
  expect(pace.room(one, 0)).toBe(0);
  expect(pace.room(paced('B', 10), 0)).toBe(0);
  // A device that is gone, one that has asked, and all the others, which may be dead.
  pace.left(one, 0);
  expect(pace.room(one, 0)).toBe(1);
  pace.asks(one, 1);
  expect(pace.room(one, SLOW_MS)).toBe(lead - 1);
  pace.ask(one, 1, () => undefined);
  expect(pace.room(one, 60_000)).toBe(lead - 1);
  pace.pass(60_000);
  expect(pace.room(one, 60_000)).toBe(lead);
});

test('devices of one endpoint that are more than the pace ever has room for go where nobody else is', () => {
  const pace = new LoginPace();
  const one = paced('A', 1);
  expect(pace.hasRoom(one, 40, 0)).toBe(true);
  pace.handOut(one, 0, 0);
  expect(pace.hasRoom(one, 40, 0)).toBe(false);
  expect(pace.hasRoom(one, 1, 0)).toBe(true);
});

test('a sweep that begins where another has just ended counts what that one has left', () => {
  const pace = new LoginPace();
  const times: number[] = [];
  for (let index = 0; index < 50; index += 1) pace.ask(paced('A', 50), index, (at) => times.push(at));
  const now = run(pace, 0, 60_000);
  pace.retain(new Set(), now);
  for (let index = 0; index < 50; index += 1) pace.ask(paced('B', 50), index, (at) => times.push(at));
  run(pace, now, 60_000);
  expect(times).toHaveLength(100);
  expect(most(times)).toBe(50);
});

test('what a coordinator before this one gave leave for has its second first', () => {
  const pace = new LoginPace();
  const times: number[] = [];
  pace.close(5_000);
  pace.ask(paced('A', 50), 0, (at) => times.push(at));
  expect(pace.pass(0)).toBeGreaterThan(4_000);
  run(pace, 0, 60_000);
  expect(times).toEqual([5_000]);
});

test('no second of a domain has more than its rate, and everybody has leave in the end (seeds 1 to 30)', () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const dice = new Dice(seed);
    const pace = new LoginPace();
    const sweeps = Array.from({ length: 1 + dice.below(4) }, (_, at) => paced(`S${at}`, 1 + dice.below(60)));
    const times = new Map(sweeps.map(({ sweep }) => [sweep, [] as number[]]));
    let [now, asked, left] = [0, 0, 0];
    const waiting = new Set<string>();
    for (let index = 0; index < 400; index += 1) {
      const one = sweeps[dice.below(sweeps.length)] as Paced;
      const name = `${one.sweep} ${index}`;
      pace.ask(one, index, (at) => {
        if (at > now + AHEAD_MS || !waiting.delete(name))
          throw new Error(`seed ${seed}: leave for ${name} at ${at}`);
        times.get(one.sweep)?.push(at);
      });
      waiting.add(name);
      asked += 1;
      if (dice.chance(0.1)) {
        pace.left(one, index);
        if (waiting.delete(name)) left += 1;
      }
      const until = now + (dice.chance(0.02) ? dice.between(0, 5_000) : dice.between(0, 40));
      for (let again = pace.pass(now); again < until; again = pace.pass(now)) now = again;
      now = until;
    }
    for (let again = pace.pass(now); again < Number.POSITIVE_INFINITY; again = pace.pass(now)) now = again;
    expect(waiting.size).toBe(0);
    const all = [...times.values()].flat();
    expect(all.length + left).toBe(asked);
    expect(most(all), `seed ${seed}`).toBeLessThanOrEqual(Math.max(...sweeps.map(({ rate }) => rate)));
    for (const { sweep, rate } of sweeps)
      expect(most(times.get(sweep) ?? []), `seed ${seed}, ${sweep}`).toBeLessThanOrEqual(rate);
  }
});

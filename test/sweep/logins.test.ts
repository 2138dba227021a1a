// The guard on secrets, on a clock of the test's own.
import { expect, test } from 'vitest';
import { type Answer, Logins, PROOF_MS, type Standing, TURN_MS } from '../../coordinator/sweep/logins.js';

function guarded(limit = 3, known?: { refusals: number; stopped: boolean }) {
  const standings: Standing[] = [];
  const answers = new Map<string, Answer>();
  const logins = new Logins((standing) => standings.push(standing));
  logins.use('c', known, limit);
  const ask = (key: string, now = 0) => logins.ask('c', key, now, (answer) => answers.set(key, answer));
  return { logins, standings, answers, ask };
}

test('one login at a time until the first has succeeded, then all at once', () => {
  const { logins, answers, ask } = guarded();
  for (const key of ['1', '2', '3', '4']) ask(key);
  expect([...answers.keys()]).toEqual(['1']);
  logins.outcome('c', '1', 'accepted', 1);
  expect([...answers.values()]).toEqual(['send', 'send', 'send', 'send']);
});

test('leave is lent unasked for a proved credential alone, never past those who wait', () => {
  const { logins, answers, ask } = guarded(1);
  expect(logins.lend('c', '1', 0)).toBe(false);
  ask('1');
  logins.outcome('c', '1', 'accepted', 1);
  expect(logins.lend('c', '2', 2)).toBe(true);
  expect(logins.isUnderWay('c', '2')).toBe(true);
  logins.outcome('c', '2', 'refused', 3);
  expect(logins.lend('c', '3', 4)).toBe(false);
  ask('3');
  expect(answers.get('3')).toBe('stopped');
});

test('a wrong password is refused three times at most and stops everybody else', () => {
  const { logins, standings, answers, ask } = guarded();
  for (let n = 0; n < 200; n++) ask(String(n));
  for (let n = 0; n < 3; n++) logins.outcome('c', String(n), 'refused', n);
  const sent = [...answers.values()].filter((answer) => answer === 'send');
  expect(sent).toHaveLength(3);
  expect(answers.size).toBe(200);
  expect(standings.at(-1)).toEqual({ credential: 'c', refusals: 3, stopped: true });
  ask('late');
  expect(answers.get('late')).toBe('stopped');
});

test('a prover that does not answer hands the turn on, and still counts until it does', () => {
  const { logins, answers, ask } = guarded(2);
  for (const key of ['1', '2', '3']) ask(key);
  logins.tick(TURN_MS - 1);
  expect(answers.size).toBe(1);
  logins.tick(TURN_MS);
  expect(answers.size).toBe(2);
  logins.tick(5 * TURN_MS);
  expect(answers.size).toBe(2);
  logins.outcome('c', '1', 'unknown', 5 * TURN_MS);
  expect(answers.size).toBe(3);
});

test('a prover that never got as far as sending hands the turn on at once', () => {
  const { logins, answers, ask } = guarded();
  ask('1');
  ask('2');
  logins.outcome('c', '1', 'unsent', 1);
  expect(answers.get('2')).toBe('send');
});

test('an asker that is gone leaves its place and its turn', () => {
  const { logins, answers, ask } = guarded();
  for (const key of ['e1/0/', 'e1/1/', 'e2/2/']) ask(key);
  logins.drop('c', new Set(['e1/0/', 'e1/1/']), 1);
  expect([...answers.keys()]).toEqual(['e1/0/', 'e2/2/']);
});

test('a success in between starts the count of refusals afresh', () => {
  const { logins, standings, ask } = guarded();
  ask('1');
  logins.outcome('c', '1', 'refused', 1);
  ask('2');
  logins.outcome('c', '2', 'accepted', 2);
  for (const key of ['3', '4']) ask(key);
  for (const key of ['3', '4']) logins.outcome('c', key, 'refused', 3);
  expect(standings.at(-1)).toEqual({ credential: 'c', refusals: 2, stopped: false });
});

test('a credential stopped in an earlier sweep stays stopped until it is released', () => {
  const { logins, answers, ask } = guarded(3, { refusals: 3, stopped: true });
  ask('1');
  expect(answers.get('1')).toBe('stopped');
  logins.release('c');
  ask('2');
  expect(answers.get('2')).toBe('send');
});

test('a device that may have had the secret waits for the proof, and is refused when none comes', () => {
  const { logins, answers } = guarded();
  const repeat = (key: string, now: number) =>
    logins.ask('c', key, now, (answer) => answers.set(key, answer), true);
  repeat('1', 0);
  logins.tick(PROOF_MS - 1);
  expect(answers.size).toBe(0);
  logins.tick(PROOF_MS);
  expect(answers.get('1')).toBe('spent');
  repeat('2', PROOF_MS);
  logins.ask('c', '3', PROOF_MS, (answer) => answers.set('3', answer));
  expect(answers.get('3')).toBe('send'); // it does not keep the others from proving
  logins.outcome('c', '3', 'accepted', PROOF_MS);
  expect(answers.get('2')).toBe('send');
});

test('a login that is asked for again is answered again and counted once', () => {
  const { logins, answers, ask } = guarded();
  for (const key of ['1', '2', '2', '1']) ask(key);
  expect([...answers]).toEqual([['1', 'send']]);
  answers.clear();
  ask('1');
  expect([...answers]).toEqual([['1', 'send']]);
  logins.outcome('c', '1', 'refused', 1);
  expect([...answers]).toEqual([
    ['1', 'send'],
    ['2', 'send'],
  ]);
});

test('what a device has said counts after a restart too', () => {
  const { logins, answers, ask } = guarded();
  logins.outcome('c', 'from before', 'accepted', 0);
  for (const key of ['1', '2', '3']) ask(key);
  expect(answers.size).toBe(3);
});

test('a credential that was proved before a restart is not proved again', () => {
  const { logins, answers, ask } = guarded();
  logins.prove('c');
  for (const key of ['1', '2']) ask(key);
  logins.ask('c', '3', 0, (answer) => answers.set('3', answer), true);
  expect([...answers.values()]).toEqual(['send', 'send', 'send']);
});

test('a device that hangs up on the secret has refused it, unless the secret has proved good', () => {
  const { logins, answers, ask, standings } = guarded();
  for (let n = 0; n < 20; n++) ask(String(n));
  for (let n = 0; n < 3; n++) logins.outcome('c', String(n), 'hung-up', n);
  expect([...answers.values()].filter((answer) => answer === 'send')).toHaveLength(3);
  expect(standings.at(-1)).toEqual({ credential: 'c', refusals: 3, stopped: true });
  const good = guarded();
  good.ask('1');
  good.logins.outcome('c', '1', 'accepted', 1);
  for (const key of ['2', '3', '4', '5']) good.ask(key);
  for (const key of ['2', '3', '4']) good.logins.outcome('c', key, 'hung-up', 2);
  expect(good.logins.isStopped('c')).toBe(false);
});

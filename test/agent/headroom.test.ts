// How many sessions at once an agent takes on after it has run out of descriptors.
import { describe, expect, test } from 'vitest';
import { Headroom } from '../../agent/headroom.ts';

describe('the room for sessions', () => {
  test('is all that was asked for until something is lacking', () => {
    expect(new Headroom(500).at(1e9)).toBe(500);
  });

  test('is what was open when so many failed at once, not less for each that failed', () => {
    const room = new Headroom(500);
    for (let others = 499; others >= 200; others--) room.lacked(1_000, others);
    expect(room.at(1_000)).toBe(200);
  });

  test('grows slowly after a while, and to no more than before', () => {
    const room = new Headroom(600);
    room.lacked(0, 100);
    expect(room.at(10_000)).toBe(100);
    expect(room.at(11_000)).toBe(110);
    expect(room.at(40_000)).toBe(400);
    expect(room.at(1e9)).toBe(600);
  });

  test('never ends, or nothing would ever find out that there is more again', () => {
    const room = new Headroom(10);
    room.lacked(0, 0);
    expect(room.at(0)).toBe(1);
  });
});

// When runs may begin: from one time of the day to another on the schedule's clock, over midnight where it says so.
import type { Zone } from './zone.js';

export class Window {
  private constructor(
    private readonly text: string,
    private readonly from: number,
    private readonly to: number,
    private readonly zone: Zone,
  ) {}

  /** `22:00-05:00`; null for anything else. */
  static read(text: string, zone: Zone): Window | null {
    const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
    const [first, last] = [minuteOf(from), minuteOf(to)];
    return first === null || last === null || first === last ? null : new Window(text, first, last, zone);
  }

  isOpen(ms: number): boolean {
    const minute = this.zone.minuteOfDay(ms);
    return this.from < this.to
      ? minute >= this.from && minute < this.to
      : minute >= this.from || minute < this.to;
  }

  toString(): string {
    return this.text;
  }
}

function minuteOf(text = ''): number | null {
  const [hours = Number.NaN, minutes = Number.NaN] = text.split(':').map(Number);
  const minute = hours * 60 + minutes;
  return minutes < 60 && minute <= 24 * 60 ? minute : null;
}

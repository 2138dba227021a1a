// How many devices of a sweep have ended in which way on which agent. One call to the store brings many results that
// ended alike, so they are counted here and added to the table together, before the call is whole.
import type { Sql } from './sql.js';

interface Ended {
  sweep: number;
  status: string;
  agent: string;
  durationMs: number;
}

export class Tallies {
  readonly #counted = new Map<string, { of: Ended; devices: number; durationMs: number }>();

  count(of: Ended): void {
    const key = `${of.sweep} ${of.status} ${of.agent}`;
    const { devices, durationMs } = this.#counted.get(key) ?? { devices: 0, durationMs: 0 };
    this.#counted.set(key, { of, devices: devices + 1, durationMs: durationMs + of.durationMs });
  }

  /** What was counted since the last time. */
  addTo(sql: Sql): void {
    for (const { of, devices, durationMs } of this.#counted.values())
      sql.run(
        `INSERT INTO tallies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
         SET devices = devices + excluded.devices, duration_ms = duration_ms + excluded.duration_ms`,
        ...[of.sweep, of.status, of.agent, devices, durationMs],
      );
    this.#counted.clear();
  }
}

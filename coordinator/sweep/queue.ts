// Devices of one sweep and segment that wait, in a line for each track: where the limits of one track leave no room its
// devices stay in line, and others go first. A track without room is looked at again once there is room, not before, so
// that a hundred thousand devices at one site cost what one does.
import { Fifo } from './fifo.js';
import { Line, type Unit } from './line.js';
import type { Track } from './pace.js';

/** What the limits say now. */
export interface Limits {
  /** The name of the limit that has no room for so many devices of a track; null: there is room. */
  fullAt(track: Track, devices: number): string | null;
  /** How many more that limit has room for. */
  roomAt(limit: string): number;
}

export class Queue {
  readonly #resting = new Line();
  /** Those with devices. */
  readonly #tracks = new Map<Track, Fifo<Unit>>();
  /** They take turns. Each is here, or waits for a limit. */
  readonly #ready = new Fifo<Track>();
  readonly #parked = new Map<string, Fifo<Track>>();
  #length = 0;

  get length(): number {
    return this.#length + this.#resting.length;
  }

  add(unit: Unit): void {
    if (unit.notBefore > 0) return this.#resting.add(unit);
    this.#length += 1;
    const line = this.#tracks.get(unit.track);
    if (line !== undefined) return line.add(unit);
    const begun = new Fifo<Unit>();
    begun.add(unit);
    this.#tracks.set(unit.track, begun);
    this.#ready.add(unit.track);
  }

  /** Lets go on who has rested long enough, and as many tracks as limits have room for again. */
  wake(now: number, limits: Limits): void {
    for (let unit = this.#resting.next(now); unit !== null; unit = this.#resting.next(now)) {
      unit.notBefore = 0;
      this.add(unit);
    }
    for (const [limit, tracks] of this.#parked) {
      for (let room = limits.roomAt(limit); room > 0 && tracks.length > 0; room -= 1)
        this.#ready.add(tracks.take() as Track); // it is not empty
      if (tracks.length === 0) this.#parked.delete(limit);
    }
  }

  /** Limits without room, as far as they were looked at, and how many devices wait for each. */
  *held(): IterableIterator<[limit: string, devices: number]> {
    for (const [limit, tracks] of this.#parked) {
      let devices = 0;
      for (const track of tracks.all()) devices += this.#tracks.get(track)?.length ?? 0;
      if (devices > 0) yield [limit, devices];
    }
  }

  /** Takes the first of the next track that has room; null: none has. */
  next(limits: Limits): Unit | null {
    for (let track = this.#ready.take(); track !== null; track = this.#ready.take()) {
      const line = this.#tracks.get(track);
      const unit = line?.first ?? null;
      if (line === undefined || unit === null) throw new Error('a track without devices takes turns');
      const full = limits.fullAt(track, unit.indexes.length);
      if (full !== null) {
        this.#park(full, track);
        continue;
      }
      line.take();
      this.#length -= 1;
      if (line.length > 0) this.#ready.add(track);
      else this.#tracks.delete(track);
      return unit;
    }
    return null;
  }

  /** What was taken and could not be used waits in front of its track again. */
  putBack(units: Unit[]): void {
    const byTrack = new Map<Track, Unit[]>();
    for (const unit of units) {
      const list = byTrack.get(unit.track) ?? [];
      list.push(unit);
      byTrack.set(unit.track, list);
    }
    for (const [track, list] of byTrack) {
      this.#length += list.length;
      const line = this.#tracks.get(track) ?? new Fifo<Unit>();
      line.putBack(list);
      if (this.#tracks.has(track)) continue;
      this.#tracks.set(track, line);
      this.#ready.add(track);
    }
  }

  /** Keeps of each what `keep` leaves of it; null: nothing. */
  filter(keep: (unit: Unit) => Unit | null): void {
    const units = [...this.#tracks.values()].flatMap((line) => line.all());
    this.#tracks.clear();
    this.#ready.clear();
    this.#parked.clear();
    this.#length = 0;
    for (const unit of units) {
      const kept = keep(unit);
      if (kept !== null) this.add(kept);
    }
    this.#resting.filter(keep);
  }

  #park(limit: string, track: Track): void {
    const tracks = this.#parked.get(limit) ?? new Fifo<Track>();
    tracks.add(track);
    this.#parked.set(limit, tracks);
  }
}

// What reached the devices, one JSON line per event: the witness that tests compare a sweep's report with.
// Lines are written whole, in one write per batch, so that several processes may append to one file.
import { closeSync, openSync, writeSync } from 'node:fs';

export type FleetEvent = {
  /** Milliseconds of the machine's monotonic clock. */
  t: number;
  device: string;
  address: string;
  /** Counts connections from 1. */
  session: number;
} & EventBody;

export type EventBody =
  | { event: 'connect'; from: string }
  /** The client said what it is. */
  | { event: 'banner'; client: string }
  /** A second connection of the device while another is open. */
  | { event: 'overlap'; open: number }
  | { event: 'login' | 'denied' | 'unanswered'; method: string; user: string }
  | { event: 'enable'; accepted: boolean }
  | { event: 'command'; command: string; channel: 'shell' | 'exec' }
  | { event: 'close'; reason: string; sent: number; received: number };

const FLUSH_AFTER_MS = 40;
const FLUSH_AT_CHARS = 256 * 1024;

export class EventLog implements Disposable {
  #descriptor: number | null;
  #listener: ((event: FleetEvent) => void) | null;
  #pending = '';
  #timer: NodeJS.Timeout | null = null;

  /** `file` is appended to; null: none. */
  constructor(file: string | null, listener: ((event: FleetEvent) => void) | null = null) {
    this.#descriptor = file === null ? null : openSync(file, 'a', 0o600);
    this.#listener = listener;
  }

  write(device: { name: string; address: string }, session: number, body: EventBody): void {
    if (this.#descriptor === null && this.#listener === null) return;
    const t = Number(process.hrtime.bigint()) / 1e6;
    const event = { t, device: device.name, address: device.address, session, ...body };
    this.#listener?.(event);
    if (this.#descriptor === null) return;
    this.#pending += `${JSON.stringify(event)}\n`;
    if (this.#pending.length >= FLUSH_AT_CHARS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }

  /** Hands everything to the operating system. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#descriptor === null || this.#pending === '') return;
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    for (let written = 0; written < bytes.length; )
      written += writeSync(this.#descriptor, bytes, written, bytes.length - written);
  }

  [Symbol.dispose](): void {
    this.flush();
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

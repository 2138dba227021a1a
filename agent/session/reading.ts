// Whether the device is read. While nobody takes what it says TCP slows it and its clocks stand still; a pause that outlasts
// what the device may take gives it back.
import type { Watch } from '../watch.js';
import type { SessionPorts } from './seam.js';

/** The connection that is read. */
export interface Source {
  /** What comes before the first command is little, and others may wait for its outcome. */
  maySlow(): boolean;
  hold(): void;
  goOn(): void;
}

export class Reading {
  readonly #ports: SessionPorts;
  readonly #watch: Watch;
  readonly #deviceMs: number;
  readonly #source: Source;
  /** Strikes when the device has not been read for too long. */
  #unread: NodeJS.Timeout | null = null;

  constructor(ports: SessionPorts, watch: Watch, deviceMs: number, source: Source) {
    this.#ports = ports;
    this.#watch = watch;
    this.#deviceMs = deviceMs;
    this.#source = source;
  }

  /** Until the function is called that it returns. */
  follow(): (() => void) | undefined {
    return this.#ports.hold?.follow((on) => (on ? this.#stop() : this.again()));
  }

  again(): void {
    if (this.#unread === null) return;
    clearTimeout(this.#unread);
    this.#unread = null;
    this.#watch.thaw();
    this.#source.goOn();
  }

  /** Resolves when there is room for what the next command may print; null: there is. */
  readable(): Promise<void> | null {
    if (this.#ports.hold?.on !== true) return null;
    this.#stop();
    return this.#ports.hold.released();
  }

  #stop(): void {
    if (!this.#source.maySlow() || this.#unread !== null) return;
    this.#watch.freeze();
    this.#source.hold();
    this.#unread = setTimeout(() => this.#ports.heldTooLong?.(), this.#deviceMs);
  }
}

// The sessions of one process: serves accepted connections, each as the device it reached, and closes them all.
// Who accepts is another matter: the fleet itself, or the process that forked this one.
import type { Socket } from 'node:net';
import { makeCli } from './clis.js';
import { fraction } from './dice.js';
import { EventLog } from './events.js';
import { deriveHostKey, type HostKey } from './hostkey.js';
import { mannerOf } from './manner.js';
import { oddityOf, paceOf } from './oddity.js';
import type { FleetOptions } from './options.js';
import type { Pace } from './pace.js';
import type { FleetDevice } from './plan.js';
import { serveSession } from './session.js';

const REBOOT_MS = 60_000;
/** Two kilobytes each. */
const KEPT_KEYS = 20_000;
/** Turns of the loop after which ends that came before a connection have been read: the end, the answer, the close. */
const END_TURNS = 4;

export class Sessions implements AsyncDisposable {
  #options: FleetOptions;
  #log: EventLog;
  #open = new Map<number, { close(reason: string): void }>();
  #openOf = new Map<number, number>();
  #hostKeys = new Map<number, HostKey>();
  /** Devices that are rebooting: until when. */
  #rebooting = new Map<number, number>();
  #closed = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#log = new EventLog(options.events, options.onEvent);
  }

  /** `id` is the session's number in the event log. */
  serve(socket: Socket, device: FleetDevice, id: number): void {
    socket.on('error', () => undefined); // it may be reset before anybody else listens
    this.#whenRead(END_TURNS, () => this.#serve(socket, device, id));
  }

  /** Earlier connections, of this device too, may have ended before this one came, and a busy process not have seen it. */
  #whenRead(turns: number, then: () => void): void {
    if (turns === 0 || this.#open.size === 0) then();
    else setImmediate(() => this.#whenRead(turns - 1, then));
  }

  #serve(socket: Socket, device: FleetDevice, id: number): void {
    if (this.#closed || socket.destroyed) {
      socket.destroy();
      return;
    }
    if ((this.#rebooting.get(device.number) ?? 0) > performance.now()) {
      socket.resetAndDestroy();
      return;
    }
    const open = (this.#openOf.get(device.number) ?? 0) + 1;
    this.#openOf.set(device.number, open);
    const { seed, slowMs, configLines, user, password, enableSecret, authorizedKey, idleMs } = this.#options;
    const { promptMs, commandMs, pace } = this.#pace(device);
    const session = serveSession(socket, {
      device,
      cli: makeCli({ device, seed, configLines }),
      manner: mannerOf(device, seed, slowMs),
      oddity: oddityOf(device, seed, slowMs),
      hostKey: this.#hostKey(device),
      user,
      password,
      enableSecret,
      authorizedKey,
      promptMs,
      commandMs,
      pace,
      idleMs,
      onReboot: () => this.#rebooting.set(device.number, performance.now() + REBOOT_MS),
      log: (event) => this.#log.write(device, id, event),
    });
    if (open > 1) this.#log.write(device, id, { event: 'overlap', open });
    this.#open.set(id, session);
    socket.once('close', () => this.#forget(id, device));
  }

  /** Hands the events so far to the file. */
  flush(): void {
    this.#log.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const session of this.#open.values()) session.close('fleet stopped');
    while (this.#open.size > 0) await new Promise((resolve) => setImmediate(resolve));
    this.#log[Symbol.dispose]();
  }

  #forget(id: number, device: FleetDevice): void {
    this.#open.delete(id);
    const open = (this.#openOf.get(device.number) ?? 1) - 1;
    if (open === 0) this.#openOf.delete(device.number);
    else this.#openOf.set(device.number, open);
    if (this.#open.size === 0) this.#log.flush();
  }

  /** Deriving one costs as much as an exchange of keys; devices are often asked again and again. */
  #hostKey(device: FleetDevice): HostKey {
    let key = this.#hostKeys.get(device.number);
    if (key === undefined) {
      key = deriveHostKey(this.#options.seed, device.number, device.fault === 'host-key' ? 1 : 0);
      if (this.#hostKeys.size >= KEPT_KEYS) this.#hostKeys.clear();
      this.#hostKeys.set(device.number, key);
    }
    return key;
  }

  #pace(device: FleetDevice): { promptMs: number; commandMs: number; pace: Pace | null } {
    const { seed, jitterPercent, promptLatencyMs, commandLatencyMs, slowMs, dripMs, bad } = this.#options;
    const spread = (fraction(seed, device.number, 'jitter') * 2 - 1) * (jitterPercent / 100);
    const extra = device.fault === 'slow' ? slowMs : 0;
    const drips = device.fault === 'drip' || (dripMs !== null && (bad.drip ?? 0) === 0);
    return {
      promptMs: promptLatencyMs * (1 + spread) + extra,
      commandMs: commandLatencyMs * (1 + spread) + extra,
      pace: paceOf(device, drips ? (dripMs ?? 1) : null),
    };
  }
}

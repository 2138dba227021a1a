// The sessions of one process: serves accepted connections, each as the device it reached, and closes them all.
// Who accepts is another matter: the fleet itself, or the process that forked this one.
import type { Socket } from 'node:net';
import type { Cli, CliOptions } from './cli.js';
import { fraction } from './dice.js';
import { EventLog } from './events.js';
import { frrCli } from './frr.js';
import { deriveHostKey } from './hostkey.js';
import { iosCli } from './ios.js';
import { linuxCli } from './linux.js';
import type { FleetOptions } from './options.js';
import type { FleetDevice } from './plan.js';
import { serveSession } from './session.js';

export class Sessions implements AsyncDisposable {
  #options: FleetOptions;
  #log: EventLog;
  #open = new Map<number, { close(reason: string): void }>();
  #openOf = new Map<number, number>();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#log = new EventLog(options.events, options.onEvent);
  }

  /** `id` is the session's number in the event log. */
  serve(socket: Socket, device: FleetDevice, id: number): void {
    const open = (this.#openOf.get(device.number) ?? 0) + 1;
    this.#openOf.set(device.number, open);
    const session = serveSession(socket, {
      ...this.#options,
      ...this.#pace(device),
      device,
      cli: makeCli({ ...this.#options, device }),
      hostKey: deriveHostKey(this.#options.seed, device.number, device.fault === 'host-key' ? 1 : 0),
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

  #pace(device: FleetDevice): { promptMs: number; commandMs: number; dripMs: number | null } {
    const { seed, jitterPercent, promptLatencyMs, commandLatencyMs, slowMs, dripMs, bad } = this.#options;
    const spread = (fraction(seed, device.number, 'jitter') * 2 - 1) * (jitterPercent / 100);
    const extra = device.fault === 'slow' ? slowMs : 0;
    const drips = device.fault === 'drip' || (dripMs !== null && (bad.drip ?? 0) === 0);
    return {
      promptMs: promptLatencyMs * (1 + spread) + extra,
      commandMs: commandLatencyMs * (1 + spread) + extra,
      dripMs: drips ? (dripMs ?? 1) : null,
    };
  }
}

function makeCli(options: CliOptions): Cli {
  switch (options.device.platform) {
    case 'cisco_ios':
    case 'cisco_xe':
      return iosCli(options);
    case 'frr':
      return frrCli(options);
    case 'linux':
      return linuxCli(options);
    default:
      return options.device.platform satisfies never;
  }
}

// The part of a fleet that one process serves, from its listeners to its sessions: every so-manieth device. The
// processes share nothing, so a device's connections all meet in one, where overlaps are seen. A small fleet binds each
// address by itself, so nothing listens beyond loopback and a refusing device is simply not there; a large one listens
// on all addresses and turns away whatever is not loopback before a byte is said.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { FleetOptions } from './options.js';
import { type FleetDevice, planFleet } from './plan.js';
import { Sessions } from './sessions.js';

/** Listens where its devices are. */
export interface Listening extends AsyncDisposable {
  /** On this port and no other any more; 0: one that is free. Gives that of the first process, or throws EADDRINUSE. */
  listen(port: number): Promise<number>;
  flush(): void;
}

/** More devices than this share one listener for each process. */
export const EACH_ADDRESS_UP_TO = 2000;
const BACKLOG = 4096;
const CLOSED_PORT = 1;
const LAST_PORT = 65_535;

/**
 * Where a device is found. Behind a shared listener each process has a port of its own, and only another port can
 * refuse or never answer.
 */
export function devicePort(device: FleetDevice, devices: number, port: number, processes = 1): number {
  if (devices <= EACH_ADDRESS_UP_TO) return port;
  if (device.fault === 'refuse') return CLOSED_PORT;
  if (device.fault === 'filtered') return port + processes > LAST_PORT ? port - 1 : port + processes;
  return port + (device.number % processes);
}

export class Share implements Listening {
  readonly #options: FleetOptions;
  readonly #index: number;
  readonly #listenEach: boolean;
  readonly #byAddress: Map<string, FleetDevice>;
  readonly #sessions: Sessions;
  readonly #servers: Server[] = [];
  #counted = 0;

  /** The devices whose number leaves `index` when divided by the number of processes. */
  constructor(options: FleetOptions, index: number, devices = planFleet(options)) {
    this.#options = options;
    this.#index = index;
    this.#listenEach = devices.length <= EACH_ADDRESS_UP_TO;
    const own = devices.filter(({ number, fault }) => number % options.processes === index && listens(fault));
    this.#byAddress = new Map(own.map((device) => [device.address, device]));
    this.#sessions = new Sessions(options);
  }

  async listen(port: number): Promise<number> {
    this.#close();
    if (!this.#listenEach) return await this.#bind('0.0.0.0', port);
    const [first, ...others] = this.#byAddress.keys();
    if (first === undefined && port !== 0) return port;
    const given = await this.#bind(first ?? '127.0.0.1', port);
    const bound = await Promise.allSettled(others.map((address) => this.#bind(address, given)));
    for (const bind of bound) if (bind.status === 'rejected') throw bind.reason;
    if (first === undefined) this.#close();
    return given;
  }

  flush(): void {
    this.#sessions.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await this.#sessions[Symbol.asyncDispose]();
  }

  async #bind(host: string, port: number): Promise<number> {
    const server = createServer((socket) => this.#accept(socket));
    this.#servers.push(server);
    server.listen({ host, port, backlog: BACKLOG });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  #close(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  #accept(socket: Socket): void {
    const device = this.#byAddress.get(socket.localAddress ?? '');
    const local = socket.remoteAddress?.startsWith('127.') === true;
    if (device === undefined || !local) socket.resetAndDestroy();
    else this.#sessions.serve(socket, device, this.#index + 1 + this.#options.processes * this.#counted++);
  }
}

function listens(fault: FleetDevice['fault']): boolean {
  return fault !== 'refuse' && fault !== 'filtered';
}

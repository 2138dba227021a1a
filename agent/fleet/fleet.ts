// The rehearsal fleet from start to stop: many devices, one per loopback address, behind one port. A small fleet
// binds each address by itself, so nothing listens beyond loopback and a refusing device is simply not there;
// a large one listens on all addresses and turns away whatever is not loopback before a byte is said.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { BlackHole } from './blackhole.js';
import { Members } from './members.js';
import { FLEET_DEFAULTS, type FleetOptions } from './options.js';
import { type FleetDevice, FleetOptionError, planFleet } from './plan.js';
import { Sessions } from './sessions.js';

export interface Fleet extends AsyncDisposable {
  readonly port: number;
  readonly devices: readonly FleetDevice[];
  /** Hands the events so far to the file; with one process only. */
  flush(): void;
}

/** More devices than this share one listener. */
export const EACH_ADDRESS_UP_TO = 2000;
const CLOSED_PORT = 1;
const LAST_PORT = 65_535;
const BACKLOG = 4096;
const PORT_TRIES = 20;

/** Resolves when every device that answers at all can be reached. Throws FleetOptionError on options that make no sense. */
export async function startFleet(options: Partial<FleetOptions> = {}): Promise<Fleet> {
  return await RunningFleet.open({ ...FLEET_DEFAULTS, ...options });
}

/** Where a device is found: behind a shared listener only another port can refuse, or never answer. */
export function devicePort(device: FleetDevice, devices: number, port: number): number {
  if (devices <= EACH_ADDRESS_UP_TO) return port;
  if (device.fault === 'refuse') return CLOSED_PORT;
  if (device.fault === 'filtered') return port === LAST_PORT ? port - 1 : port + 1;
  return port;
}

class RunningFleet implements Fleet {
  readonly devices: readonly FleetDevice[];
  port = 0;
  #options: FleetOptions;
  #byAddress: Map<string, FleetDevice>;
  #servers: Server[] = [];
  #sessions: Sessions | null = null;
  #members: Members | null = null;
  #hole: BlackHole | null = null;
  #counted = 0;

  static async open(options: FleetOptions): Promise<RunningFleet> {
    const fleet = new RunningFleet(options);
    try {
      if (options.processes > 1) fleet.#members = await Members.open(options);
      else fleet.#sessions = new Sessions(options);
      await fleet.#listen();
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(options: FleetOptions) {
    this.#options = options;
    this.devices = planFleet(options);
    this.#byAddress = new Map(this.devices.map((device) => [device.address, device]));
  }

  flush(): void {
    this.#sessions?.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeServers();
    await this.#hole?.[Symbol.asyncDispose]();
    await this.#sessions?.[Symbol.asyncDispose]();
    await this.#members?.[Symbol.asyncDispose]();
  }

  /** A port that is free on the first address may be taken on another; then the next is tried. */
  async #listen(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#bindAll();
        this.#hole = await this.#digHole();
        return;
      } catch (error) {
        await this.#closeServers();
        if (!isAddressInUse(error)) throw error;
        if (this.#options.port !== 0)
          throw new FleetOptionError(`port ${this.#options.port} is in use`, { cause: error });
        if (attempt === PORT_TRIES) throw error;
      }
    }
  }

  async #bindAll(): Promise<void> {
    if (this.devices.length > EACH_ADDRESS_UP_TO) {
      this.port = await this.#bind('0.0.0.0', this.#options.port);
      return;
    }
    const [first, ...others] = this.devices.filter(({ fault }) => fault !== 'refuse' && fault !== 'filtered');
    this.port = await this.#bind(first?.address ?? '127.0.0.1', this.#options.port);
    const bound = await Promise.allSettled(others.map(({ address }) => this.#bind(address, this.port)));
    for (const bind of bound) if (bind.status === 'rejected') throw bind.reason;
    if (first === undefined) await this.#closeServers();
  }

  async #digHole(): Promise<BlackHole | null> {
    const filtered = this.devices.filter(({ fault }) => fault === 'filtered');
    if (filtered.length === 0) return null;
    return await BlackHole.open(
      filtered.map((device) => ({
        host: device.address,
        port: devicePort(device, this.devices.length, this.port),
      })),
    );
  }

  async #bind(host: string, port: number): Promise<number> {
    const server = createServer({ pauseOnConnect: this.#members !== null }, (socket) => this.#accept(socket));
    this.#servers.push(server);
    server.listen({ host, port, backlog: BACKLOG });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  async #closeServers(): Promise<void> {
    for (const server of this.#servers.splice(0)) server.close();
  }

  #accept(socket: Socket): void {
    const device = this.#byAddress.get(socket.localAddress ?? '');
    const local = socket.remoteAddress?.startsWith('127.') === true;
    if (device === undefined || !local || device.fault === 'refuse' || device.fault === 'filtered') {
      socket.resetAndDestroy();
      return;
    }
    const session = ++this.#counted;
    this.#sessions?.serve(socket, device, session);
    this.#members?.serve(socket, device.number, session);
  }
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

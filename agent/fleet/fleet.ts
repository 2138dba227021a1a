// The rehearsal fleet from start to stop: many devices, one per loopback address, behind one port, or behind one for
// each process where there are many. This process serves them all, or keeps those that do.
import { BlackHole } from './blackhole.js';
import { Members } from './members.js';
import { FLEET_DEFAULTS, type FleetOptions } from './options.js';
import { type FleetDevice, FleetOptionError, planFleet } from './plan.js';
import { devicePort, type Listening, Share } from './share.js';

export interface Fleet extends AsyncDisposable {
  /** Of the first process. */
  readonly port: number;
  readonly devices: readonly FleetDevice[];
  /** Hands the events so far to the file; with one process only. */
  flush(): void;
}

const PORT_TRIES = 20;

/** Resolves when every device that answers at all can be reached. Throws FleetOptionError on options that make no sense. */
export async function startFleet(options: Partial<FleetOptions> = {}): Promise<Fleet> {
  return await RunningFleet.open({ ...FLEET_DEFAULTS, ...options });
}

class RunningFleet implements Fleet {
  readonly devices: readonly FleetDevice[];
  port = 0;
  #options: FleetOptions;
  #listening: Listening;
  #hole: BlackHole | null = null;

  static async open(options: FleetOptions): Promise<RunningFleet> {
    const devices = planFleet(options);
    const listening = options.processes > 1 ? await Members.open(options) : new Share(options, 0, devices);
    const fleet = new RunningFleet(options, devices, listening);
    try {
      await fleet.#listen();
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(options: FleetOptions, devices: readonly FleetDevice[], listening: Listening) {
    this.#options = options;
    this.devices = devices;
    this.#listening = listening;
  }

  flush(): void {
    this.#listening.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hole?.[Symbol.asyncDispose]();
    await this.#listening[Symbol.asyncDispose]();
  }

  /** A port that is free on the first address may be taken on another; then the next is tried. */
  async #listen(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.port = await this.#listening.listen(this.#options.port);
        this.#hole = await this.#digHole();
        return;
      } catch (error) {
        if (!isAddressInUse(error)) throw error;
        if (this.#options.port !== 0)
          throw new FleetOptionError(`port ${this.#options.port} is in use`, { cause: error });
        if (attempt === PORT_TRIES) throw error;
      }
    }
  }

  async #digHole(): Promise<BlackHole | null> {
    const filtered = this.devices.filter(({ fault }) => fault === 'filtered');
    if (filtered.length === 0) return null;
    return await BlackHole.open(
      filtered.map((device) => ({
        host: device.address,
        port: devicePort(device, this.devices.length, this.port, this.#options.processes),
      })),
    );
  }
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

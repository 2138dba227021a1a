// The world of the demonstration: a temporary directory and the rehearsal fleet running beside us. Opened
// ready, closed without a trace; the fleet also ends by itself when this process is gone.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ended, EXIT } from './exit.js';
import { exitOf, fleetProgram } from './fleet.js';

const READY_MS = 30_000;
const CLOSING_MS = 8_000;

export class Rehearsal implements AsyncDisposable {
  readonly inventory: string;
  readonly state: string;
  #fleet: ChildProcess | null = null;

  private constructor(private readonly directory: string) {
    this.inventory = join(directory, 'fleet.json');
    this.state = join(directory, 'state');
  }

  /** Resolves once every simulated device answers. */
  static async open(options: string[], stop: AbortSignal): Promise<Rehearsal> {
    const rehearsal = new Rehearsal(await mkdtemp(join(tmpdir(), 'netsweep-demo-')));
    try {
      await rehearsal.#startFleet(options, stop);
      return rehearsal;
    } catch (error) {
      await rehearsal[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #startFleet(options: string[], stop: AbortSignal): Promise<void> {
    const fleet = fork(fleetProgram(), [...options, '--inventory', this.inventory], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NETSWEEP_'))),
    });
    this.#fleet = fleet;
    const patience = AbortSignal.any([stop, AbortSignal.timeout(READY_MS)]);
    const over = () => fleet.kill('SIGTERM');
    patience.addEventListener('abort', over, { once: true });
    if (fleet.stdout !== null)
      for await (const line of createInterface({ input: fleet.stdout })) if (line.startsWith('ready ')) break;
    patience.removeEventListener('abort', over);
    stop.throwIfAborted();
    if (fleet.exitCode !== null || !existsSync(this.inventory))
      throw new Ended(EXIT.failures, 'the rehearsal fleet did not start');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#fleet !== null) {
      this.#fleet.kill('SIGTERM');
      await exitOf(this.#fleet);
    }
    await this.#coordinatorGone();
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  /** The coordinator of the state directory ends with its last client, a moment after it. */
  async #coordinatorGone(): Promise<void> {
    const until = Date.now() + CLOSING_MS;
    const traces = ['coordinator.json', 'coordinator.sock', 'run'].map((name) => join(this.state, name));
    while (traces.some((path) => existsSync(path)) && Date.now() < until) await sleep(50);
  }
}

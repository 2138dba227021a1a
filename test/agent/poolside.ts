// A pool of real worker processes with a device on loopback, and the agent's other parts as a job sees them.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aheadMs, monotonicMs } from '../../agent/clock.js';
import type { LeaseClock } from '../../agent/ipc.js';
import { type JobEnd, type JobPorts, Pool } from '../../agent/pool.js';
import type { WorkerSettings } from '../../agent/workersettings.js';
import type { HandedBack } from '../../proto/gen/netsweep/v1/agent.js';
import { Credential, Device, Isolation, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { Permit } from '../../proto/gen/netsweep/v1/session.js';
import { root } from '../process.ts';
import { ios, PASSWORD, ScriptedDevice } from './device.js';

export const COMMAND = 'show version';
export const NEXT = 'show clock';
const LEASE = 'lease';

export interface PoolsideOptions extends Partial<WorkerSettings> {
  workers?: number;
  /** Armed in the workers. */
  failpoints?: string;
}

export interface JobOptions {
  alone?: boolean;
  clock?: LeaseClock;
  lease?: string;
  port?: number;
  ports?: Partial<JobPorts>;
  commands?: string[];
}

export class Poolside implements AsyncDisposable {
  /** What the device does before it answers. */
  beforeAnswer: () => Promise<void> = async () => {};
  /** What it does before it lets anybody in. */
  beforeLogin: () => Promise<void> = async () => {};
  /** Command lines that were opened. */
  opened = 0;

  private constructor(
    readonly pool: Pool,
    readonly device: ScriptedDevice,
    readonly warnings: string[],
    private readonly folder: string,
  ) {}

  static async open({ workers = 1, failpoints = '', ...settings }: PoolsideOptions = {}): Promise<Poolside> {
    const folder = await mkdtemp(join(tmpdir(), 'netsweep-pool-'));
    const environment = {
      NETSWEEP_FAILPOINTS: failpoints,
      NETSWEEP_FAILPOINTS_LOG: join(folder, 'failpoints'),
    };
    const warnings: string[] = [];
    const program = join(root, 'dist/agent/worker.js');
    const pool = await Pool.open(workers, (what) => warnings.push(what), {
      program,
      environment,
      ...settings,
    });
    const answer = async () => {
      await side.beforeAnswer();
      return 'up\r\n';
    };
    const talk = ios({ [COMMAND]: answer, [NEXT]: 'noon\r\n' });
    const device = await ScriptedDevice.start({
      shell: (line) => {
        side.opened += 1;
        return talk(line);
      },
      authenticate: (context) => {
        if (context.method !== 'password') return context.reject(['password']);
        void side.beforeLogin().then(() => context.accept());
      },
    });
    const side = new Poolside(pool, device, warnings, folder);
    return side;
  }

  /** One device; all are the same one on loopback. */
  run(
    name: string,
    { alone = false, clock, lease, port, ports, commands }: JobOptions = {},
  ): Promise<JobEnd> {
    const isolation = alone ? Isolation.DEVICE : Isolation.POOL;
    const where = { host: '127.0.0.1', port: port ?? this.device.port, platform: 'cisco_ios' };
    const task = {
      sweep: 'sweep',
      device: Device.create({ name, ...where, commands: commands ?? [COMMAND] }),
      options: SweepOptions.create({ outputLimit: 1 << 24, isolation }),
      limits: { connectMs: 5_000, loginMs: 20_000, idleMs: 20_000, commandMs: 20_000, deviceMs: 60_000 },
      credential: Credential.create({ username: 'admin', password: Buffer.from(PASSWORD) }),
      hostKeys: [],
      marks: null,
      jump: [],
    };
    return this.pool.run(lease ?? LEASE, clock ?? inTheFuture(), task, {
      permit: async () => ({ permit: Permit.SEND, at: 0 }),
      late: () => {},
      loggedIn: () => {},
      acceptHostKey: async () => ({ accepted: true, known: [], mayLogIn: false }),
      start: async () => true,
      chunk: () => {},
      lacked: () => {},
      ...ports,
    });
  }

  /** Failpoints that were passed, as `name=action`. */
  get fired(): string[] {
    const log = join(this.folder, 'failpoints');
    if (!existsSync(log)) return [];
    return readFileSync(log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ')[0] ?? '');
  }

  /** The processes of its workers. */
  get pids(): number[] {
    return this.pool.pids;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]();
    await this.device[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true });
  }
}

export function inTheFuture(ms = 600_000): LeaseClock {
  const until = monotonicMs() + ms;
  return { startUntil: until, stopAt: until, ahead: aheadMs() };
}

/** What was handed back; throws where there was an attempt. */
export function back(end: JobEnd): HandedBack {
  if (end.$case === 'handedBack') return end.value;
  throw new Error(`an attempt: ${JSON.stringify(end.value.failure ?? end.value.status)}`);
}

/** The status of an attempt, or why there is none. */
export function statusOf(end: JobEnd): string {
  return end.$case === 'attempt' ? end.value.status : end.value.reason;
}

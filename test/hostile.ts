// A sweep over a fleet in which every known kind of bad device stands among good ones of all platforms: how each
// had to end, how it ended, and how much memory the workers took. The test and the longer run share it.
import { readFileSync } from 'node:fs';
import { FAULT_NAMES, type Fault } from '../agent/fleet/fault.ts';
import { type FleetDevice, PLATFORMS } from '../agent/fleet/plan.ts';
import { type Cluster, type Result, startCluster } from './cluster.ts';
import type { Fleet } from './fleet.ts';
import type { Place } from './place.ts';

export interface HostileOptions {
  /** Good devices. */
  good: number;
  /** Devices of each kind; 0: good ones only. */
  each: number;
  kinds?: readonly Fault[];
  seed?: number;
  segments?: number;
  /** Most devices at once; the product's own limit unless given. */
  forks?: number;
  timeoutMs?: number;
  /** Looks at what is left of the sweep before the fleet stops. */
  inspect?: (cluster: Cluster, results: Result[]) => Promise<void>;
}

export interface Wrong {
  device: string;
  platform: string;
  kind: Fault | 'good';
  expected: string;
  got: string;
}

export interface HostileRun {
  devices: number;
  status: number | null;
  durationMs: number;
  wrong: Wrong[];
  /** Of each kind: how many there are, how they must end, how many ended so. */
  table: { kind: Fault | 'good'; devices: number; expected: string; right: number }[];
  /** The most memory that each worker ever had resident, in bytes. */
  workers: number[];
  stderr: string;
}

/** Short, so that devices that hang end soon; an output limit that many can reach at the same time. */
export const LIMITS = ['-T', '3', '--login-timeout', '8', '--idle-timeout', '5', '--output-limit', '4MB'];
/** The longest that a device can hold a session without anything coming of it, in ms: to connect and to log in. */
export const LONGEST_MS = 11_000;

/** What a device that is late is late by, in ms: less than any limit. */
const SLOW_MS = 700;
const CONFIG_LINES = 150;
const SAMPLE_MS = 100;

export async function sweepHostile(options: HostileOptions): Promise<HostileRun> {
  const { good, each, seed = 1, segments, forks, timeoutMs = 300_000, inspect } = options;
  const kinds = each === 0 ? [] : (options.kinds ?? FAULT_NAMES);
  const devices = good + kinds.length * each;
  const bad = Object.fromEntries(kinds.map((kind) => [kind, each / devices])) as Record<Fault, number>;
  await using cluster = await startCluster({
    devices,
    seed,
    ...(segments !== undefined && { segments }),
    bad,
    platforms: [...PLATFORMS],
    configLines: CONFIG_LINES,
    slowMs: SLOW_MS,
    ...(kinds.includes('drip') && { dripMs: 0 }), // without one that drips all would
  });
  const { fleet, place } = cluster;
  const inventory = fleet.inventory();
  await knowHostKeys(place, inventory);
  // Every refused login is planned: none may stop the credential.
  const words = [...LIMITS, '--retries', '0', '--auth-fail-max', '1000000', '--yes'];
  if (forks !== undefined) words.push('--forks', String(forks));
  using memory = new WorkerMemory(place);
  const started = performance.now();
  const ran = await cluster.run(words, { inventory, timeoutMs });
  const durationMs = performance.now() - started;
  await inspect?.(cluster, ran.results);
  return { ...judge(fleet, ran.results), ...ran, devices, durationMs, workers: memory.peaks };
}

/** The keys that changed devices had before, as OpenSSH would know them. */
async function knowHostKeys(place: Place, inventory: string): Promise<void> {
  const { devices } = JSON.parse(readFileSync(inventory, 'utf8')) as {
    devices: Record<string, Record<string, string>>;
  };
  const lines = Object.values(devices).flatMap(({ host, port, known_host_key: key }) =>
    key === undefined ? [] : [`[${host}]:${port} ${key}\n`],
  );
  await place.write('.ssh/known_hosts', lines.join(''));
}

function judge(fleet: Fleet, results: Result[]): Pick<HostileRun, 'wrong' | 'table'> {
  const byName = new Map(results.map((result) => [result.device, result]));
  const wrong: Wrong[] = [];
  const table = new Map<string, HostileRun['table'][number]>();
  for (const device of fleet.devices) {
    const kind = device.fault ?? 'good';
    const expected = expectation(device);
    const got = outcome(fleet, device, byName.get(device.name));
    const row = table.get(kind) ?? { kind, devices: 0, expected, right: 0 };
    row.devices++;
    if (got === expected) row.right++;
    else wrong.push({ device: device.name, platform: device.platform, kind, expected, got });
    table.set(kind, row);
  }
  const order = ['good', ...FAULT_NAMES];
  return { wrong, table: [...table.values()].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)) };
}

function expectation({ expect, expectStage }: FleetDevice): string {
  return expectStage === null ? expect : `${expect} (${expectStage})`;
}

/** `ok` only with the very output. */
function outcome(fleet: Fleet, { name }: FleetDevice, result: Result | undefined): string {
  if (result === undefined) return 'no result';
  const { status, failure, outputs } = result;
  const [output] = outputs;
  const complete = outputs.filter((one) => one.status === 'complete');
  const exact = complete.every((one) => one.output === fleet.expected(name, one.command));
  if (!exact) return `${status} with another output${differenceOf(fleet, name, complete[0])}`;
  if (failure !== null) return `${failure.kind} (${failure.stage})`;
  if (status === 'ok' && output === undefined) return 'ok without an output';
  return status;
}

function differenceOf(fleet: Fleet, name: string, output: Result['outputs'][number] | undefined): string {
  if (output === undefined) return '';
  const wanted = fleet.expected(name, output.command);
  let at = 0;
  while (at < wanted.length && wanted[at] === output.output[at]) at++;
  const cut = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 20), at + 40));
  return ` (at ${at}: wanted ${cut(wanted)}, got ${cut(output.output)})`;
}

/** Watches the workers of a place. */
class WorkerMemory implements Disposable {
  readonly #place: Place;
  readonly #peaks = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(place: Place) {
    this.#place = place;
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
  }

  get peaks(): number[] {
    return [...this.#peaks.values()];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const { pid, cmdline } of this.#place.processes()) {
      if (!/agent\/worker\.js/.test(cmdline)) continue;
      try {
        const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
        if (kilobytes !== undefined) this.#peaks.set(pid, Number(kilobytes) * 1024);
      } catch {} // ended meanwhile
    }
  }
}

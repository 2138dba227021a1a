// One sweep by the built program, its report as an object.
import type { Place } from '../place.ts';

/** Fields of a device as an inventory has them. */
export type DeviceFields = Record<string, string | number | boolean>;

export interface OutputJson {
  command: string;
  status: string;
  output: string | null;
  encoding: string;
  bytes: number;
  sha256: string;
  exitStatus: number | null;
  stderr: string | null;
}

export interface DeviceJson {
  device: string;
  host: string;
  segment: string;
  status: string;
  agent: string;
  attempts: number;
  failure: { kind: string; stage: string; message: string; retryable: boolean } | null;
  outputs: OutputJson[];
}

/** What `--format json` prints, as far as these tests look at it. */
export interface SweepJson {
  counts: Record<string, number>;
  devices: DeviceJson[];
}

export interface Swept extends SweepJson {
  status: number | null;
  stderr: string;
}

/** `netsweep run` on these devices; args are its options and commands. Throws when it printed no report. */
export async function sweep(place: Place, devices: DeviceFields[], args: string[]): Promise<Swept> {
  const inventory = await place.write('inventory.json', JSON.stringify(devices));
  const words = ['run', '-i', inventory, '--format', 'json', ...args];
  const { status, stdout, stderr } = await place.netsweep(words);
  if (stdout === '') throw new Error(`exit ${status}\n${stderr}`);
  return { status, stderr, ...(JSON.parse(stdout) as SweepJson) }; // the contract's own object
}

/** The one device of a sweep. */
export function only({ devices }: Swept): DeviceJson {
  const [device, ...others] = devices;
  if (device === undefined || others.length > 0) throw new Error(`${devices.length} devices`);
  return device;
}

/** What a command gave on a device; throws when it gave nothing. */
export function outputOf({ outputs, device }: DeviceJson, command: string): OutputJson {
  const output = outputs.find((one) => one.command === command);
  if (output === undefined) throw new Error(`${device} has no output of ${command}`);
  return output;
}

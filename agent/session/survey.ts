// What a session brings that runs no commands: the device's key, what the key exchange told of it, or a description of its
// command line. Each is an output, so that it goes the way of outputs.
import { type Output, Proof } from '../../proto/gen/netsweep/v1/model.js';
import type { HostKey } from '../../proto/gen/netsweep/v1/session.js';
import type { Course } from '../course.js';
import { recordOutput } from '../line/output.js';
import type { Rules } from '../line/platform.js';
import { describeKey } from '../ssh/hostkeys.js';
import type { Shell } from '../ssh/shell.js';
import { type Instants, redacted } from './attempt.js';
import { Learner } from './learn.js';
import type { SessionPorts, SessionTask } from './seam.js';

export function keyOutput(key: HostKey): Promise<Output> {
  return outputOf('host-key', `${describeKey(key)}\n`);
}

/** What the key exchange tells of the device beside its key, a line each. */
export function keyExchangeOutput({ begun, connected }: Instants, shell: Shell | null): Promise<Output> {
  const lines = [
    ['identification', shell?.wire.identification ?? ''],
    ...Object.entries(shell?.settled ?? {}),
    ['connect_ms', String(Math.max(1, Math.round(connected - begun)))],
  ].map(([name, value]) => `${name}: ${value}\n`);
  return outputOf('key-exchange', lines.join(''));
}

/** Describes the command line. `platform`: the nearest known one; empty: none. */
export async function learnedOf(
  task: SessionTask,
  rules: Rules,
  { ports, shell, course }: { ports: SessionPorts; shell: Shell; course: Course },
): Promise<{ output: Output; platform: string }> {
  const { device, limits, options } = task;
  const learner = new Learner({ rules, limits, ports }, shell, course, options.platforms);
  const description = await learner.describe(device.platform, device.name);
  return {
    output: await outputOf('learn', redacted(task, description)),
    platform: learner.platform,
  };
}

function outputOf(command: string, text: string): Promise<Output> {
  const raw = { settled: null, rest: Buffer.from(text) };
  return recordOutput({ command, durationMs: 0 }, raw, () => Proof.COMPLETE);
}

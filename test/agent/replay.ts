// Plays a recorded session to the real terminal, in the steps that a session takes once it is connected.
// Waiting for quiet is most of what it does, so hundreds run at once.
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Course } from '../../agent/course.js';
import { Secret } from '../../agent/credentials.js';
import { asFailure, type DeviceFailure } from '../../agent/failure.js';
import { type Rules, rulesOf } from '../../agent/line/platform.js';
import { LEAVE_MS } from '../../agent/line/terminal.js';
import { Walk, type WalkSecrets, type WalkTask } from '../../agent/session/walk.js';
import { type Limit, Watch } from '../../agent/watch.js';
import { Kind, kindFromJSON, type Output } from '../../proto/gen/netsweep/v1/model.js';
import { Permit } from '../../proto/gen/netsweep/v1/session.js';
import { label } from '../../proto/label.js';
import { AUTO } from '../../proto/platform.js';
import { RecordedDevice, SECRETS, type Way } from './recordeddevice.js';
import { bytesOf, type Recording } from './recording.js';

export interface Played {
  outputs: Recording['outputs'];
  failure: Recording['failure'];
  message: string;
  /** For each command that ran to its end: how many bytes had been sent by then. */
  endedAt: number[];
  /** Bytes sent in all. */
  sent: number;
}

/** Longer than a session ever waits before it types something; limits of a recording beyond it would only cost time. */
const PATIENCE_MS = 10_000;
const LONG_MS = 300_000;
/** How often a device that is late on the way out is waited for once more. */
const LEAVES = 5;

/** Throws when netsweep types anything but what the recording hears. */
export async function replay(recording: Recording, way: Way): Promise<Played> {
  if (isBeforeTerminal(recording))
    return { outputs: [], failure: recording.failure, message: '', endedAt: [], sent: 0 };
  const rules = rulesOf(recording.platform === AUTO ? 'generic' : recording.platform);
  if (!rules) throw new Error(`${recording.file}: there is no platform ${recording.platform}`);
  const cut = recording.session.findIndex((step) => 'left_out' in step);
  if (cut >= 0)
    throw new Error(`${recording.file}:${recording.lines[cut]}: a part was left out, so it can't be played`);
  const device = new RecordedDevice(recording, way);
  await seat();
  const played = await new Player(recording, rules, device, way === 'bytes' ? LONG_MS : PATIENCE_MS)
    .play()
    .finally(leaveSeat);
  if (device.problem) throw device.problem;
  if (way === 'whole' || way === 'bytes') device.expectThrough(played.message);
  return played;
}

/** Sessions at once: more of them would keep one another waiting until their limits strike. */
let seats = 400;
const standing: (() => void)[] = [];

function seat(): Promise<void> {
  return new Promise((resolve) => {
    if (seats-- > 0) resolve();
    else standing.push(resolve);
  });
}

function leaveSeat(): void {
  seats += 1;
  standing.shift()?.();
}

/** It came to nothing before there was anything to play. */
function isBeforeTerminal({ session, failure }: Recording): boolean {
  return session.length === 0 && failure !== null;
}

/** How many bytes a recording's device sends when nothing cuts it off. */
export function sizeOf(recording: Recording): number {
  return recording.session.reduce((sum, step) => sum + (bytesOf(step)?.length ?? 0), 0);
}

/** A session's walk, from where it was let in to the way out. */
class Player {
  readonly #recording: Recording;
  readonly #device: RecordedDevice;
  readonly #course = new Course();
  readonly #watch = new Watch((limit) => this.#strike(limit));
  readonly #limits: { loginMs: number; idleMs: number; commandMs: number };
  readonly #walk: Walk;
  readonly #endedAt: number[] = [];
  #leaves = 0;

  constructor(recording: Recording, rules: Rules, device: RecordedDevice, patienceMs: number) {
    const { loginMs, idleMs, commandMs } = recording.limits;
    this.#recording = recording;
    this.#device = device;
    this.#limits = {
      loginMs: Math.min(loginMs ?? patienceMs, patienceMs),
      idleMs: Math.min(idleMs ?? patienceMs, patienceMs),
      commandMs: commandMs ?? LONG_MS,
    };
    const task: WalkTask = {
      rules,
      platform: recording.platform,
      foundCommands: [],
      commands: recording.commands,
      enable: recording.enable,
      enableCommand: recording.enable_command,
      allowWrites: true,
      limits: this.#limits,
      outputLimit: recording.output_limit,
      platforms: [],
      username: recording.username,
    };
    this.#walk = new Walk(task, this.#secrets(), this.#ports(), {
      course: this.#course,
      watch: this.#watch,
      channels: device as never, // as far as a walk needs it
    });
    this.#walk.onOutput = () => this.#endedAt.push(device.sentVisibly);
    device.onBreakOff = (kind) => {
      const named = kindFromJSON(`KIND_${kind.toUpperCase().replaceAll('-', '_')}`);
      this.#course.fail(this.#course.failure(named, 'as recorded'));
    };
    device.onGone = () => {
      this.#course.disconnected('the device closed the connection');
      this.#walk.gone();
    };
  }

  async play(): Promise<Played> {
    using _watch = this.#watch;
    using walk = this.#walk;
    let failure: DeviceFailure | null = null;
    this.#watch.set('login', this.#limits.loginMs);
    try {
      await walk.run();
      failure = walk.complaint;
    } catch (thrown) {
      failure = walk.complaint ?? asFailure(thrown, this.#course.stage);
      await walk.abandon();
    }
    this.#course.finish();
    this.#watch.clear('login');
    if (!this.#device.problem) await walk.leave();
    return {
      outputs: walk.outputs.map(spoken),
      failure: failure && { kind: label('KIND', failure.kind), stage: label('STAGE', failure.stage) },
      message: failure?.message ?? '',
      endedAt: this.#endedAt,
      sent: this.#device.sent,
    };
  }

  /** None where the recording's login has none. */
  #secrets(): WalkSecrets {
    const { without } = this.#recording;
    const secret = (which: 'password' | 'enable') =>
      without.includes(which) ? null : Secret.copy(Buffer.from(SECRETS[which]));
    return { password: secret('password'), enable: secret('enable') };
  }

  /** As the coordinator was: where the recording has no secret, it gave no leave to send one. */
  #ports() {
    return {
      permit: async () => {
        const { failure } = this.#recording;
        if (this.#device.expectsSecret || failure === null) return Permit.SEND;
        if (failure.kind === 'credential-stopped') return Permit.STOPPED;
        return failure.kind === 'enable' || failure.kind === 'auth' ? Permit.SPENT : Permit.SEND;
      },
      loggedIn: () => {},
      start: async () => true,
      mayStart: () => !this.#device.breaksOff,
      mayWrite: () => true,
    };
  }

  /** Hundreds play at once: a device that has more to say is late because the machine is. */
  #partWith(): void {
    if (this.#device.isThrough || this.#leaves++ > LEAVES) this.#walk.gone();
    else this.#watch.set('leave', LEAVE_MS);
  }

  #strike(limit: Limit): void {
    if (limit === 'quiet') return this.#walk.onQuiet();
    if (limit === 'wake') return this.#walk.onSilence();
    if (limit === 'leave') return this.#partWith();
    const { loginMs, idleMs, commandMs } = this.#limits;
    const words = limit === 'idle' ? `nothing came for ${idleMs} ms` : `${limit} limit of ${commandMs} ms`;
    const noPrompt = limit === 'login' ? this.#walk.noPrompt(loginMs) : null;
    this.#course.fail(noPrompt ?? this.#course.failure(Kind.TIMEOUT, words));
    this.#device.wire.destroy();
  }
}

function spoken(output: Output): Recording['outputs'][number] {
  const text = gunzipSync(output.body).toString('utf8');
  const status = label('PROOF', output.proof) as 'complete' | 'suspect' | 'truncated';
  return {
    command: output.command,
    status,
    output: text,
    ...(output.exitStatus === undefined ? {} : { exit_status: output.exitStatus }),
    ...(output.stderr === undefined || output.stderr === '' ? {} : { stderr: output.stderr }),
  };
}

/** Throws an Error that names the first difference between what was recorded and what came of it. */
export function expectSame(wanted: Recording, got: Played): void {
  const words = difference(wanted, got);
  if (words !== null) throw new Error(`${wanted.file}: ${words}`);
}

function difference(wanted: Recording, got: Played): string | null {
  if (!isDeepStrictEqual(got.failure, wanted.failure))
    return `failure: wanted ${JSON.stringify(wanted.failure)}, got ${JSON.stringify(got.failure)} ${got.message}`;
  for (const [index, output] of wanted.outputs.entries()) {
    const other = got.outputs[index];
    if (other === undefined) return `outputs[${index}]: ${JSON.stringify(output.command)} is missing`;
    const part = differentPart(output, other);
    if (part !== null) return `outputs[${index}] of ${JSON.stringify(output.command)}: ${part}`;
  }
  const more = got.outputs[wanted.outputs.length];
  return more ? `one output more than wanted: ${JSON.stringify(more.command)}` : null;
}

function differentPart(wanted: Recording['outputs'][number], got: Recording['outputs'][number]) {
  for (const field of ['command', 'status', 'exit_status', 'stderr'] as const)
    if (wanted[field] !== got[field])
      return `${field}: wanted ${JSON.stringify(wanted[field])}, got ${JSON.stringify(got[field])}`;
  if (wanted.output === got.output) return null;
  let at = 0;
  while (wanted.output[at] === got.output[at]) at++;
  const line = wanted.output.slice(0, at).split('\n').length;
  const around = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 30), at + 60));
  return `differs from character ${at} on (its line ${line}):\n  wanted ...${around(wanted.output)}\n  got    ...${around(got.output)}`;
}

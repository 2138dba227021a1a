// Plays a recorded session to the real terminal, in the steps that a session takes once it is connected.
// Waiting for quiet is most of what it does, so hundreds run at once.
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { Course } from '../../agent/course.js';
import { Permission, Secret } from '../../agent/credentials.js';
import { asFailure, type DeviceFailure } from '../../agent/failure.js';
import { Exec } from '../../agent/line/exec.js';
import { type Rules, rulesOf } from '../../agent/line/platform.js';
import { LEAVE_MS, Terminal, type TerminalTask } from '../../agent/line/terminal.js';
import { findPlatform } from '../../agent/session/detect.js';
import { type Limit, Watch } from '../../agent/watch.js';
import { Kind, kindFromJSON, type Output, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
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
const LONG_MS = 60_000;

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
  const played = await new Walk(recording, rules, device).play().finally(leaveSeat);
  if (device.problem) throw device.problem;
  if (way === 'whole' || way === 'bytes') device.expectThrough(played.message);
  return played;
}

/** Sessions at once: more of them would keep one another waiting until their limits strike. */
let seats = 1_000;
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

/** A session's steps on a command line, from its opening to the way out. */
class Walk {
  readonly #recording: Recording;
  readonly #rules: Rules;
  readonly #device: RecordedDevice;
  readonly #course = new Course();
  readonly #watch = new Watch((limit) => this.#strike(limit));
  readonly #limits: { loginMs: number; idleMs: number; commandMs: number };
  readonly #outputs: Output[] = [];
  readonly #endedAt: number[] = [];
  /** As the coordinator was: where the recording has no secret, it gave no leave to send one. */
  readonly #ports = {
    permit: async () => {
      const { failure } = this.#recording;
      if (this.#device.expectsSecret || failure === null) return Permit.SEND;
      if (failure.kind === 'credential-stopped') return Permit.STOPPED;
      return failure.kind === 'enable' || failure.kind === 'auth' ? Permit.SPENT : Permit.SEND;
    },
    loggedIn: () => {},
    mayStart: () => !this.#device.breaksOff,
    mayWrite: () => true,
  };
  #terminal: Terminal | null = null;
  #exec: Exec | null = null;
  #failure: DeviceFailure | null = null;

  constructor(recording: Recording, rules: Rules, device: RecordedDevice) {
    const { loginMs, idleMs, commandMs } = recording.limits;
    this.#recording = recording;
    this.#rules = rules;
    this.#device = device;
    this.#limits = {
      loginMs: Math.min(loginMs ?? PATIENCE_MS, PATIENCE_MS),
      idleMs: Math.min(idleMs ?? PATIENCE_MS, PATIENCE_MS),
      commandMs: commandMs ?? LONG_MS,
    };
    device.onBreakOff = (kind) => {
      const named = kindFromJSON(`KIND_${kind.toUpperCase().replaceAll('-', '_')}`);
      this.#course.fail(this.#course.failure(named, 'as recorded'));
    };
    device.onGone = () => {
      this.#course.disconnected('the device closed the connection');
      this.#terminal?.gone();
    };
  }

  async play(): Promise<Played> {
    using _watch = this.#watch;
    try {
      if (this.#rules.platform.mode === 'shell' || !(await this.#runEach(this.#rules))) await this.#shell();
    } catch (thrown) {
      this.#failure ??= asFailure(thrown, this.#course.stage);
      const remains = await (this.#terminal ?? this.#exec)?.remains();
      if (remains) this.#outputs.push(remains);
    }
    await this.#leave();
    const outputs = this.#outputs.map(spoken);
    const failure = this.#failure
      ? { kind: label('KIND', this.#failure.kind), stage: label('STAGE', this.#failure.stage) }
      : null;
    const message = this.#failure?.message ?? '';
    return { outputs, failure, message, endedAt: this.#endedAt, sent: this.#device.sent };
  }

  async #shell(): Promise<void> {
    const { enable, enable_command, commands } = this.#recording;
    this.#course.stage = Stage.SHELL;
    this.#watch.set('login', this.#limits.loginMs);
    const terminal = new Terminal(this.#task(), this.#device, this.#course, this.#watch);
    this.#terminal = terminal;
    await terminal.open();
    this.#watch.clear('login');
    if (this.#recording.platform === AUTO && (await this.#findPlatform(terminal))) return;
    await terminal.prepare();
    if (enable) {
      const permission = new Permission(SecretUse.ENABLE, this.#ports);
      await terminal.enable(enable_command, this.#secret('enable'), permission);
    }
    this.#course.stage = Stage.COMMAND;
    for (const command of commands) {
      const { output, complaint } = await terminal.run(command);
      this.#outputs.push(output);
      this.#endedAt.push(this.#device.sentVisibly);
      if (complaint !== null) this.#failure ??= this.#course.failure(Kind.CLI_ERROR, complaint);
    }
  }

  async #findPlatform(terminal: Terminal): Promise<boolean> {
    const identification = String(this.#recording.connection?.identification ?? '');
    const { rules } = await findPlatform(terminal, identification, []);
    terminal.adopt(rules);
    return rules.platform.mode === 'exec' && (await this.#runEach(rules));
  }

  /** False when the device runs no command on a channel of its own. */
  async #runEach(rules: Rules): Promise<boolean> {
    this.#course.stage = Stage.COMMAND;
    const exec = new Exec({ ...this.#task(), rules }, this.#device as never, this.#course, this.#watch); // only runs
    this.#exec = exec;
    for (const command of this.#recording.commands) {
      const output = await exec.run(command);
      if (output === null) {
        this.#exec = null;
        return false;
      }
      this.#outputs.push(output);
      this.#endedAt.push(this.#device.sentVisibly);
    }
    return true;
  }

  async #leave(): Promise<void> {
    this.#course.finish();
    this.#watch.clear('login');
    if (!this.#terminal?.atPrompt || this.#device.problem) return;
    this.#watch.set('leave', LEAVE_MS);
    await this.#terminal.leave();
  }

  /** Null where the recording's login has none. */
  #secret(which: 'password' | 'enable'): Secret | null {
    return this.#recording.without.includes(which) ? null : Secret.copy(Buffer.from(SECRETS[which]));
  }

  #task(): TerminalTask {
    return {
      rules: this.#rules,
      limits: this.#limits,
      outputLimit: this.#recording.output_limit,
      ports: this.#ports,
      login: {
        username: this.#recording.username,
        password: this.#secret('password'),
        permission: new Permission(SecretUse.CHANNEL, this.#ports),
      },
    };
  }

  #strike(limit: Limit): void {
    if (limit === 'quiet') return this.#terminal?.onQuiet();
    if (limit === 'wake') return this.#terminal?.onSilence();
    if (limit === 'leave') return this.#terminal?.gone();
    const { loginMs, idleMs, commandMs } = this.#limits;
    if (limit === 'login' && (this.#terminal?.received ?? 0) > 0)
      this.#course.fail(this.#course.failure(Kind.PROMPT, `no known prompt within ${loginMs} ms`));
    const words = limit === 'idle' ? `nothing came for ${idleMs} ms` : `${limit} limit of ${commandMs} ms`;
    this.#course.fail(this.#course.failure(Kind.TIMEOUT, words));
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

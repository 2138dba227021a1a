// The record of one session: an ear at its connection that writes down what the device sends and what is typed,
// bounded, and in the end a file without secrets. A typed secret is never looked at, only that it was typed.
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { Kind, Output, Proof, Stage } from '../../proto/gen/netsweep/v1/model.js';
import type { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { label } from '../../proto/label.js';
import { Breath } from '../breath.js';
import type { Course } from '../course.js';
import type { DeviceFailure } from '../failure.js';
import type { Rules } from '../line/platform.js';
import type { SessionTask } from '../session/seam.js';
import type { ChannelEvents, Channels } from '../ssh/shell.js';
import { type Recorded, recordingText, type SpokenOutput, type Step } from './recordingfile.js';
import { Redaction } from './redaction.js';
import { type Received, Tape } from './tape.js';

const gzipLater = promisify(gzip);
const gunzipLater = promisify(gunzip);

/** Failures that nothing in the session brings about when it is played again, unless the device closed it. */
const FROM_OUTSIDE: ReadonlySet<Kind> = new Set([Kind.DEADLINE, Kind.DISCONNECTED, Kind.PROTOCOL]);
/** Failures that a limit of the sweep brings about. */
const OF_A_LIMIT: ReadonlySet<Kind> = new Set([Kind.TIMEOUT, Kind.PROMPT]);

/** A limit that strikes a device within this of its last word did not strike for its silence. */
const QUIET_MS = 1_000;

export class Transcript implements Disposable {
  readonly #task: SessionTask;
  readonly #course: Course;
  readonly #redaction: Redaction;
  readonly #tape = new Tape();
  readonly #connection: Record<string, string> = {};
  /** A command line was asked for. */
  #opened = false;
  #closed = false;
  /** The session has failed, and nothing was typed since: what closes now, we close. */
  #over = false;

  constructor(task: SessionTask, course: Course) {
    this.#task = task;
    this.#course = course;
    this.#redaction = new Redaction(task.credential, ...task.jump.map((hop) => hop.credential));
  }

  /** A fact of the connection, from before the command line. */
  note(name: string, value: string): void {
    if (value !== '') this.#connection[name] = value;
  }

  /** The platform's secret lines are known. */
  adopt(rules: Rules): void {
    this.#redaction.hideMatches(rules.secrets);
  }

  /** The same connection, listened to. */
  listen(shell: Channels, rules: Rules): Channels {
    this.adopt(rules);
    const heard = (events: ChannelEvents) => this.#listenTo(events, shell);
    return {
      wire: shell.wire,
      openTerminal: (events, opened, terminal) => {
        this.#opened = true;
        shell.openTerminal(heard(events), opened, terminal);
      },
      run: (command, events) => {
        this.#tape.add({ what: 'runs', text: command });
        shell.run(command, heard(events));
      },
      write: (text) => {
        this.#over = false;
        this.#tape.add({ what: 'hears', text });
        shell.write(text);
      },
      writeSecret: (secret, lineEnd) => {
        this.#tape.add({
          what: 'secret',
          which: this.#course.stage === Stage.ENABLE ? 'enable' : 'password',
        });
        shell.writeSecret(secret, lineEnd);
      },
      forgetSecrets: () => shell.forgetSecrets(),
    };
  }

  /** The connection or its command line has ended; `byUs`: not because the device wanted it. */
  closed(byUs: boolean): void {
    if (this.#begun && !this.#closed && !byUs && !this.#over) this.#tape.add({ what: 'closes' });
    this.#closed = true;
  }

  /** The session ends with this, before anything is typed to leave. */
  failed({ kind }: DeviceFailure): void {
    const inMidSpeech =
      OF_A_LIMIT.has(kind) && this.#tape.quietMs < Math.min(QUIET_MS, this.#task.limits.idleMs);
    if (this.#begun && !this.#closed && (FROM_OUTSIDE.has(kind) || inMidSpeech))
      this.#tape.add({ what: 'breaks_off', kind: label('KIND', kind) });
    this.#over = true;
  }

  /** The file, as an output that travels with the attempt. */
  async record(attempt: Attempt, commands: readonly string[]): Promise<Output> {
    const steps = this.#tape.steps();
    for (const step of steps)
      if (step.what === 'hears' || step.what === 'runs') this.#redaction.learn(step.text);
    await this.#redact(steps);
    const outputs = await this.#outputs(attempt);
    const breath = new Breath();
    const pieces: Buffer[] = [];
    for (const piece of recordingText({ ...this.#circumstances(attempt, commands), steps, outputs })) {
      pieces.push(Buffer.from(piece));
      await breath.taken();
    }
    const bytes = Buffer.concat(pieces);
    return Output.create({
      command: 'session-log',
      proof: Proof.COMPLETE,
      encoding: 'utf-8',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest(),
      durationMs: attempt.durationMs,
      body: await gzipLater(bytes, { level: constants.Z_BEST_SPEED }),
    });
  }

  [Symbol.dispose](): void {
    this.#redaction[Symbol.dispose]();
  }

  /** There was something to listen to. */
  get #begun(): boolean {
    return this.#opened || !this.#tape.empty;
  }

  #listenTo(events: ChannelEvents, shell: Channels): ChannelEvents {
    return {
      ...events,
      data: (chunk) => {
        this.#tape.receive('says', chunk);
        events.data(chunk);
      },
      errorData: (chunk) => {
        this.#tape.receive('complains', chunk);
        events.errorData?.(chunk);
      },
      closed: (status, signal) => {
        const ours = shell.wire.destroyed || this.#over;
        if (status !== null && !ours && !this.#opened) this.#tape.add({ what: 'exits', status });
        else if (signal !== null && !ours && !this.#opened) this.#tape.add({ what: 'dies', signal });
        else this.closed(ours);
        events.closed(status, signal);
      },
      ...(events.refused && {
        refused: () => {
          this.#tape.add({ what: 'refuses' });
          events.refused?.();
        },
      }),
    };
  }

  async #redact(steps: Step[]): Promise<void> {
    for (const what of ['says', 'complains'] as const) {
      const received = steps.filter((step): step is Received => step.what === what);
      const clean = await this.#redaction.longBytes(received.map(({ bytes }) => bytes));
      for (const [index, step] of received.entries()) step.bytes = clean[index] ?? step.bytes;
    }
    for (const step of steps)
      if (step.what === 'hears' || step.what === 'runs') step.text = this.#redaction.text(step.text);
  }

  async #outputs(attempt: Attempt): Promise<SpokenOutput[]> {
    const outputs: SpokenOutput[] = [];
    for (const { command, proof, body, exitStatus, stderr } of attempt.outputs) {
      const text = !this.#tape.whole ? null : (await gunzipLater(body)).toString('utf8');
      outputs.push({
        command: this.#redaction.text(command),
        status: label('PROOF', proof),
        output: text === null ? null : await this.#redaction.longText(text),
        exitStatus,
        stderr: stderr && this.#redaction.text(stderr),
      });
    }
    return outputs;
  }

  #circumstances(
    { failure, status }: Attempt,
    commands: readonly string[],
  ): Omit<Recorded, 'steps' | 'outputs'> {
    const { device, credential, limits, options } = this.#task;
    const hide = (text: string) => this.#redaction.text(text);
    const ended = failure ? `${label('KIND', failure.kind)}: ${failure.message}` : label('STATUS', status);
    const own = options.platforms.some(({ name }) => name === device.platform);
    const { loginMs, idleMs, commandMs } = limits;
    return {
      remarks: [
        'A session as netsweep saw it, secrets taken out; it can be played again as a test.',
        `${device.name}, ${device.host} port ${device.port}, ${new Date().toISOString()}: ${ended}`,
        ...(own ? ['The platform was read by a file of the user.'] : []),
      ].map(hide),
      platform: device.platform,
      username: hide(credential?.username ?? ''),
      enable: device.enable,
      enableCommand: hide(device.enableCommand),
      commands: commands.map(hide),
      without: [
        ...(credential?.password.length ? [] : ['password']),
        ...(credential?.enableSecret.length ? [] : ['enable']),
      ],
      limits: failure && OF_A_LIMIT.has(failure.kind) ? { loginMs, idleMs, commandMs } : {},
      outputLimit: failure?.kind === Kind.OUTPUT_LIMIT ? options.outputLimit : null,
      connection: Object.fromEntries(
        Object.entries(this.#connection).map(([name, value]) => [name, hide(value)]),
      ),
      failure: failure ? { kind: label('KIND', failure.kind), stage: label('STAGE', failure.stage) } : null,
    };
  }
}

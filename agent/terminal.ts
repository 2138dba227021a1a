// An interactive command line, driven in a straight line: first prompt, setup, enable, commands, exit. The
// reader says what the bytes mean, the watch says how long it has been quiet; here is what is typed in answer.
import { Kind, type Output, Proof, Stage } from '../proto/gen/netsweep/v1/model.js';
import type { Course } from './course.js';
import type { Permission, Secret, SecretPorts } from './credentials.js';
import { endsWhole, parserError, recordOutput } from './output.js';
import type { Rules } from './platform.js';
import { type Ending, Reader, SETTLE_MS, SETUP_SETTLE_MS } from './reader.js';
import type { Shell } from './shell.js';
import type { Watch } from './watch.js';
import type { Wire } from './wire.js';

/** How long a device gets to close after it was asked to, counted from its last byte. */
export const LEAVE_MS = 1_000;
/** Modes left one by one, at most. */
const EXITS = 4;

export interface TerminalTask {
  rules: Rules;
  limits: { idleMs: number; commandMs: number };
  outputLimit: number;
  ports: SecretPorts & { mayStart(): boolean };
}

/** What a command line needs of the connection under it. */
export type Line = Pick<Shell, 'openTerminal' | 'write' | 'writeSecret' | 'forgetSecrets'> & {
  wire: Pick<Wire, 'allow' | 'destroy'>;
};

export class Terminal {
  /** The device waits for a command. */
  atPrompt = false;
  readonly #task: TerminalTask;
  readonly #shell: Line;
  readonly #course: Course;
  readonly #watch: Watch;
  /** Of the command now running, and of the one before it until the next echo has proved its end. */
  #reader: Reader;
  #readerBefore: Reader;
  #settleMs = SETTLE_MS;
  #ended = false;
  #received = 0;
  #lastByte = 0;
  #sighted: ((sighting: Ending | { kind: 'question' }) => void) | null = null;
  #running: { command: string; since: number } | null = null;
  /** The last output: if more of it comes before the next echo, its end was none. */
  #previous: Output | null = null;
  #leaving: (() => void) | null = null;

  constructor(task: TerminalTask, shell: Line, course: Course, watch: Watch) {
    this.#task = task;
    this.#shell = shell;
    this.#course = course;
    this.#watch = watch;
    this.#reader = new Reader(task.rules);
    this.#readerBefore = new Reader(task.rules);
  }

  /** Bytes that the device has sent on the terminal. */
  get received(): number {
    return this.#received;
  }

  /** Opens the command line and waits for its first prompt; the login limit rules. */
  async open(): Promise<void> {
    this.#reader.begin(null);
    await this.#course.until<void>((done) => {
      this.#shell.openTerminal(
        { data: (chunk) => this.#onData(chunk), closed: () => this.#onClosed() },
        done,
      );
    });
    await this.#sight();
    this.atPrompt = true;
  }

  /** Sends what switches paging off; a device that doesn't know it is asked all the same. */
  async prepare(): Promise<void> {
    this.#settleMs = SETUP_SETTLE_MS;
    for (const line of this.#task.rules.platform.setup) await this.#ask(line);
    this.#settleMs = SETTLE_MS;
  }

  /** Enters privileged mode unless the prompt says that it is there already. */
  async enable(command: string, secret: Secret | null, permission: Permission): Promise<void> {
    const { enable } = this.#task.rules;
    if (!enable?.unprivileged.test(this.#reader.prompt ?? '')) return;
    this.#course.stage = Stage.ENABLE;
    const answer = await this.#ask(command || enable.command, enable.password);
    if (answer.kind === 'question') {
      this.atPrompt = false;
      if (!secret)
        throw this.#course.failure(Kind.ENABLE, 'the device asks for an enable secret, none is given');
      await this.#sendSecret(secret, permission, enable.password);
    }
    if (enable.unprivileged.test(this.#reader.prompt ?? '')) {
      permission.refused();
      throw this.#course.failure(Kind.ENABLE, 'the device refused privileged mode');
    }
    permission.accepted();
  }

  /** Runs one command; its output, and the parser's complaint if there was one. */
  async run(command: string): Promise<{ output: Output; complaint: string | null }> {
    if (!this.#task.ports.mayStart())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the command');
    this.#mayWrite();
    const since = performance.now();
    this.#running = { command, since };
    const ending = await this.#ask(command);
    const durationMs = performance.now() - since;
    let complaint: string | null = null;
    const output = await recordOutput({ command, durationMs }, this.#reader.output(), (text) => {
      complaint = parserError(this.#task.rules, text);
      const whole = complaint !== null || endsWhole(this.#task.rules, command, text);
      return ending.kind === 'prompt' && ending.proved && whole ? Proof.COMPLETE : Proof.SUSPECT;
    });
    this.#running = null;
    this.#previous = output;
    return { output, complaint };
  }

  /** What the command that was running had given when the session failed. */
  async remains(): Promise<Output | null> {
    if (!this.#running) return null;
    const { command, since } = this.#running;
    this.#reader.abandon();
    await this.#reviewPrevious();
    return recordOutput({ command, durationMs: performance.now() - since }, this.#reader.output(), () => {
      return Proof.TRUNCATED;
    });
  }

  /** Types the way out until the device has closed; the watch's `leave` limit ends the wait through `gone`. */
  async leave(): Promise<void> {
    const { exit, return: end } = this.#task.rules.platform;
    for (let exits = 0; !this.#ended && exits < EXITS; exits++) {
      this.#begin(exit);
      this.#shell.write(exit + end);
      const again = await new Promise<boolean>((resolve) => {
        this.#leaving = () => resolve(false);
        this.#sighted = () => resolve(true);
      });
      this.#reader.look(0);
      await this.#reviewPrevious();
      if (!again) return;
    }
  }

  /** The device has closed the command line. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Nobody waits any longer for the device to close. */
  gone(): void {
    this.#leaving?.();
  }

  /** The watch's quiet limit has struck. */
  onQuiet(): void {
    if (!this.#sighted) return;
    const quietMs = performance.now() - this.#lastByte;
    const sighting = this.#reader.look(quietMs);
    switch (sighting.kind) {
      case 'more':
        return;
      case 'wait':
        this.#watch.set('quiet', sighting.quietMs - quietMs);
        return;
      case 'pager':
        return this.#type(sighting.key);
      case 'confirm':
        return this.#type(this.#task.rules.platform.return);
      case 'prompt':
      case 'question': {
        const sighted = this.#sighted;
        this.#sighted = null;
        sighted(sighting);
        return;
      }
      default:
        sighting satisfies never;
    }
  }

  async #sendSecret(secret: Secret, permission: Permission, question: RegExp): Promise<void> {
    this.#watch.clear('idle');
    this.#watch.clear('command');
    this.#watch.hold();
    try {
      await this.#course.during(permission.ask());
    } finally {
      this.#watch.release();
    }
    this.#mayWrite();
    permission.markSent();
    this.#reader.begin(null, question);
    this.#shell.writeSecret(secret, this.#task.rules.platform.return);
    const answer = await this.#sight();
    this.#shell.forgetSecrets();
    if (answer.kind === 'question') {
      permission.refused();
      throw this.#course.failure(Kind.ENABLE, 'the device refused the enable secret');
    }
    this.atPrompt = true;
  }

  /** Types a line and waits for the prompt after it, or for the question. */
  async #ask(line: string, question: RegExp | null = null): Promise<Ending | { kind: 'question' }> {
    this.#mayWrite();
    this.#begin(line, question);
    this.#shell.wire.allow(this.#task.outputLimit * 2 + (1 << 20));
    this.atPrompt = false;
    this.#shell.write(line + this.#task.rules.platform.return);
    const sighting = await this.#sight();
    this.atPrompt = sighting.kind === 'prompt';
    await this.#reviewPrevious();
    return sighting;
  }

  async #sight(): Promise<Ending | { kind: 'question' }> {
    // Before the first prompt the login limit rules.
    if (this.#reader.prompt !== null) {
      this.#watch.set('idle', this.#task.limits.idleMs);
      this.#watch.set('command', this.#task.limits.commandMs);
    }
    try {
      return await this.#course.until<Ending | { kind: 'question' }>((done) => {
        this.#sighted = done;
      });
    } finally {
      this.#sighted = null;
      this.#watch.clear('idle');
      this.#watch.clear('command');
    }
  }

  #begin(line: string, question: RegExp | null = null): void {
    if (this.#previous) {
      const { prompt } = this.#reader;
      [this.#reader, this.#readerBefore] = [this.#readerBefore, this.#reader];
      this.#reader.prompt = prompt;
    }
    this.#reader.begin(line, question);
  }

  /** Once the next echo is there: had the last output really ended? If not, it gets what came late. */
  async #reviewPrevious(): Promise<void> {
    const previous = this.#previous;
    this.#previous = null;
    const { stray } = this.#reader;
    if (!previous || !stray) return;
    const { command, durationMs } = previous;
    const ended = this.#readerBefore.extend(stray);
    const later = await recordOutput({ command, durationMs }, this.#readerBefore.output(), (text) =>
      ended && previous.proof === Proof.COMPLETE && endsWhole(this.#task.rules, command, text)
        ? Proof.COMPLETE
        : Proof.SUSPECT,
    );
    Object.assign(previous, later);
  }

  #onData(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#received += chunk.length;
    this.#lastByte = performance.now();
    this.#watch.set('quiet', this.#settleMs);
    if (this.#leaving) this.#watch.set('leave', LEAVE_MS);
    else if (this.#sighted && this.#reader.prompt !== null) this.#watch.set('idle', this.#task.limits.idleMs);
    if (this.#reader.length <= this.#task.outputLimit) return;
    const { outputLimit } = this.#task;
    this.#course.fail(
      this.#course.failure(Kind.OUTPUT_LIMIT, `the output is larger than ${outputLimit} bytes`),
    );
    this.#shell.wire.destroy();
  }

  #onClosed(): void {
    this.#ended = true;
    this.atPrompt = false;
    this.#leaving?.();
    this.#course.disconnected('the device closed the session');
  }

  #mayWrite(): void {
    if (!this.#task.ports.mayWrite())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the command');
  }

  #type(keys: string): void {
    if (this.#task.ports.mayWrite()) this.#shell.write(keys);
    else this.#course.fail(this.#course.failure(Kind.DISCONNECTED, 'the lease ended within the command'));
  }
}

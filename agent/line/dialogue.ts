// Typing and listening on an interactive command line: one line out, then bytes in until the reader says that
// the device waits again. What a device asks on the way without being asked for (a page, a confirmation, a
// question in the middle of a command) is answered here; everything else is the caller's.
import { Kind } from '../../proto/gen/netsweep/v1/model.js';
import type { Course } from '../course.js';
import type { Permission, Secret, SecretPorts } from '../credentials.js';
import type { Shell } from '../ssh/shell.js';
import type { Wire } from '../ssh/wire.js';
import type { Watch } from '../watch.js';
import type { Rules } from './platform.js';
import { Prompt } from './prompt.js';
import { type Asked, type Believed, type Ending, Reader, SETTLE_MS } from './reader.js';

/** How long a device gets to close after it was asked to, counted from its last byte. */
export const LEAVE_MS = 1_000;
/** How long a device may show no prompt before it is woken, and how often. */
const WAKE_MS = 3_000;
const WAKES = 3;
/** How long the rest of what a device wanted to say may take to come once it is read again, in ms. */
const READ_AGAIN_MS = 1_000;
/** Whoever asks, in whatever language, may take an empty line for a failed login. */
const ASKS = /[:?\uff1a\uff1f]\s*$/;
/** Takes back what stands on the command line. */
const KILL_LINE = '\x15';

export interface TerminalTask {
  rules: Rules;
  limits: { idleMs: number; commandMs: number };
  outputLimit: number;
  ports: SecretPorts & { mayStart(): boolean };
  /** For devices that ask for a login inside the channel. */
  login: ChannelLogin;
}

/** What a second login needs; the password is null where there is none. */
export interface ChannelLogin {
  username: string;
  password: Secret | null;
  permission: Permission;
}

/** What a command line needs of the connection under it. */
export type Line = Pick<Shell, 'openTerminal' | 'write' | 'writeSecret' | 'forgetSecrets'> & {
  wire: Pick<Wire, 'allow' | 'destroy'>;
};

/** Up to the first prompt the login limit rules, then idle and command limits, at the end the leave limit. */
type Phase = 'entering' | 'talking' | 'leaving';

export class Dialogue {
  /** The device waits for a command. */
  atPrompt = false;
  phase: Phase = 'entering';
  /** Quiet after which the reader looks. */
  settleMs = SETTLE_MS;
  rules: Rules;
  /** Of what was typed last, and of what was typed before that. */
  reader: Reader;
  readerBefore: Reader;
  /** Called when the device closes while somebody waits for it to. */
  onGone: (() => void) | null = null;
  readonly #task: TerminalTask;
  readonly #line: Line;
  readonly #course: Course;
  readonly #watch: Watch;
  #ended = false;
  #received = 0;
  #lastByte = 0;
  #wakes = 0;
  #sighted: ((sighting: Ending | Asked) => void) | null = null;
  /** How many of the reader's questions the caller waits for. */
  #expected = 0;

  constructor(task: TerminalTask, line: Line, course: Course, watch: Watch) {
    this.#task = task;
    this.#line = line;
    this.#course = course;
    this.#watch = watch;
    this.rules = task.rules;
    const prompt = new Prompt(task.rules);
    this.reader = new Reader(task.rules, prompt);
    this.readerBefore = new Reader(task.rules, prompt);
  }

  /** Bytes that the device has sent on the terminal. */
  get received(): number {
    return this.#received;
  }

  /** The device has closed the command line. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The prompt as it stood last; empty before the first. */
  get prompt(): string {
    return this.reader.prompt.text ?? '';
  }

  /** Goes on by other rules, at the prompt that is there. */
  adopt(rules: Rules): void {
    const prompt = new Prompt(rules);
    prompt.learn(this.prompt);
    this.rules = rules;
    this.reader = new Reader(rules, prompt);
    this.readerBefore = new Reader(rules, prompt);
  }

  /** Opens the channel; what the device says first is looked at by these questions. */
  async open(asks: readonly RegExp[]): Promise<void> {
    this.listen(asks);
    await this.#course.until<void>((done) => {
      this.#line.openTerminal({ data: (chunk) => this.#onData(chunk), closed: () => this.#onClosed() }, done);
    });
    this.#watch.set('wake', WAKE_MS);
  }

  /** What comes from now on is no answer to a command. */
  listen(asks: readonly RegExp[]): void {
    this.#expected = asks.length;
    this.reader.begin(null, asks);
  }

  /** What comes from now on answers `line`. */
  begin(line: string, asks: readonly RegExp[] = [], possible = this.#unasked(), believed?: Believed): void {
    this.#expected = asks.length;
    this.reader.begin(line, asks, possible, believed);
  }

  /** Keeps the reader of the last answer while the next is read. */
  swap(): void {
    [this.reader, this.readerBefore] = [this.readerBefore, this.reader];
  }

  /** Types a line and waits for the prompt after it, or for one of the questions. */
  ask(line: string, asks: readonly RegExp[] = [], believed?: Believed): Promise<Ending | Asked> {
    this.mayWrite();
    this.begin(line, asks, this.#unasked(), believed);
    this.#line.wire.allow(this.#task.outputLimit * 2 + (1 << 20));
    this.atPrompt = false;
    this.#line.write(line + this.rules.platform.return);
    return this.sight();
  }

  /** Waits until the device waits. */
  sight(): Promise<Ending | Asked> {
    if (this.phase === 'talking') {
      this.#watch.set('idle', this.#task.limits.idleMs);
      this.#watch.set('command', this.#task.limits.commandMs);
    }
    return this.#course.until<Ending | Asked>(
      (done) => {
        this.#sighted = done;
      },
      () => {
        this.#sighted = null;
        this.#watch.clear('idle');
        this.#watch.clear('command');
        this.#watch.clear('wake');
      },
    );
  }

  /** As `sight`, for the way out: null once the device has closed or `onGone` was called. */
  async sightOrGone(): Promise<Ending | Asked | null> {
    const sighting = await new Promise<Ending | Asked | null>((resolve) => {
      this.onGone = () => resolve(null);
      this.#sighted = resolve;
    });
    this.reader.look(0);
    return sighting;
  }

  /** Types a permitted secret; what comes next is looked at by these questions. */
  async typeSecret(secret: Secret, permission: Permission, asks: readonly RegExp[]): Promise<void> {
    this.#watch.clear('idle');
    this.#watch.clear('command');
    this.#watch.hold();
    try {
      await this.#course.during(permission.ask());
    } finally {
      this.#watch.release();
    }
    this.mayWrite();
    permission.markSent();
    this.listen(asks);
    this.#line.writeSecret(secret, this.rules.platform.return);
  }

  forgetSecrets(): void {
    this.#line.forgetSecrets();
  }

  type(keys: string): void {
    if (keys === '') return;
    if (this.#task.ports.mayWrite()) this.#line.write(keys);
    else this.#course.fail(this.#course.failure(Kind.DISCONNECTED, 'the lease ended within the command'));
  }

  mayWrite(): void {
    if (!this.#task.ports.mayWrite())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the command');
  }

  /** The watch's quiet limit has struck. */
  onQuiet(): void {
    if (!this.#sighted) return;
    const quietMs = performance.now() - this.#lastByte;
    const sighting = this.reader.look(quietMs);
    switch (sighting.kind) {
      case 'more':
        return;
      case 'wait':
        this.#watch.set('quiet', sighting.quietMs - quietMs);
        return;
      case 'pager':
        return this.type(sighting.key);
      case 'confirm':
        return this.type(this.rules.platform.return);
      case 'pending':
        return this.type(KILL_LINE);
      case 'prompt':
        return this.#resolve(sighting);
      case 'question':
        return this.#onQuestion(sighting);
      default:
        sighting satisfies never;
    }
  }

  /** The device is read again after a while: that while was not its silence. */
  readAgain(): void {
    this.#lastByte = performance.now();
    if (this.#watch.pending('quiet')) this.#watch.set('quiet', READ_AGAIN_MS);
  }

  /** The watch's wake limit has struck: the device has not shown a prompt yet. */
  onSilence(): void {
    if (this.phase !== 'entering' || !this.#sighted || this.#wakes >= WAKES) return;
    if (ASKS.test(this.reader.lastLine)) return;
    this.#wakes += 1;
    this.#watch.set('wake', WAKE_MS);
    this.type(this.rules.platform.wake ?? this.rules.platform.return);
  }

  #onQuestion(asked: Asked): void {
    const unasked = asked.index - this.#expected;
    if (unasked >= 0 && this.phase === 'talking') return this.type(this.rules.questions[unasked]?.keys ?? '');
    this.#resolve(asked);
  }

  #resolve(sighting: Ending | Asked): void {
    const sighted = this.#sighted;
    this.#sighted = null;
    sighted?.(sighting);
  }

  #unasked(): readonly RegExp[] {
    return this.rules.questions.map(({ asks }) => asks);
  }

  #onData(chunk: Buffer): void {
    this.reader.push(chunk);
    this.#received += chunk.length;
    this.#lastByte = performance.now();
    this.#watch.set('quiet', this.settleMs);
    if (this.phase === 'leaving') this.#watch.set('leave', LEAVE_MS);
    else if (this.phase === 'entering') this.#watch.set('wake', WAKE_MS);
    else if (this.#sighted) this.#watch.set('idle', this.#task.limits.idleMs);
    const { outputLimit } = this.#task;
    if (this.reader.length <= outputLimit) return;
    this.#course.fail(
      this.#course.failure(Kind.OUTPUT_LIMIT, `the output is larger than ${outputLimit} bytes`),
    );
    this.#line.wire.destroy();
  }

  #onClosed(): void {
    this.#ended = true;
    this.atPrompt = false;
    this.onGone?.();
    this.#course.disconnected('the device closed the session');
  }
}

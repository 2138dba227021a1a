// Commands on a device that runs each on a channel of its own and says how it ended. An output is whole when
// the exit status (or signal) and the channel's close have both come.
import { constants } from 'node:os';
import { Kind, type Output, Proof } from '../../proto/gen/netsweep/v1/model.js';
import type { Course } from '../course.js';
import type { Shell } from '../ssh/shell.js';
import type { Watch } from '../watch.js';
import { recordOutput } from './output.js';
import { Reader } from './reader.js';
import { beginningOf, wholeOf } from './settled.js';
import type { TerminalTask } from './terminal.js';

/** What the commands of a session may write to stderr in all: it travels with the result, in one piece. */
const STDERR_MOST = 1 << 20;

export class Exec {
  readonly #task: TerminalTask;
  readonly #shell: Pick<Shell, 'run' | 'wire'>;
  readonly #course: Course;
  readonly #watch: Watch;
  readonly #stdout: Reader;
  readonly #stderr: Reader;
  /** Bytes on stderr of the commands before. */
  #stderrBefore = 0;
  #running: { command: string; since: number } | null = null;

  constructor(task: TerminalTask, shell: Pick<Shell, 'run' | 'wire'>, course: Course, watch: Watch) {
    this.#task = task;
    this.#shell = shell;
    this.#course = course;
    this.#watch = watch;
    this.#stdout = new Reader(task.rules);
    this.#stderr = new Reader(task.rules);
  }

  /** No command is running. */
  get idle(): boolean {
    return this.#running === null;
  }

  /** Null when the device runs no commands on channels of their own. */
  async run(command: string): Promise<Output | null> {
    const { ports, limits, outputLimit } = this.#task;
    if (!ports.mayStart() || !ports.mayWrite())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the command');
    this.#running = { command, since: performance.now() };
    this.#stdout.begin(null);
    this.#stderr.begin(null);
    this.#shell.wire.allow(outputLimit * 2 + (1 << 20));
    this.#watch.set('idle', limits.idleMs);
    this.#watch.set('command', limits.commandMs);
    const status = await this.#course.until<number | null | 'refused'>((done) => {
      this.#shell.run(command, {
        data: (chunk) => this.#onData(this.#stdout, chunk),
        errorData: (chunk) => this.#onData(this.#stderr, chunk),
        closed: (code, signal) => done(code ?? signalStatus(signal)),
        refused: () => done('refused'),
      });
    });
    this.#watch.clear('idle');
    this.#watch.clear('command');
    if (status === 'refused') {
      this.#running = null;
      return null;
    }
    if (status === null)
      throw this.#course.failure(Kind.DISCONNECTED, 'the command ended without an exit status');
    const output = await this.#record(Proof.COMPLETE, status);
    this.#running = null;
    return output;
  }

  /** What the command that was running had given when the session failed. */
  async remains(): Promise<Output | null> {
    return this.#running ? this.#record(Proof.TRUNCATED) : null;
  }

  #record(proof: Proof, exitStatus?: number): Promise<Output> {
    const { command, since } = this.#running ?? { command: '', since: performance.now() };
    const stderr = wholeOf(this.#stderr.output()).subarray(0, STDERR_MOST - this.#stderrBefore);
    this.#stderrBefore += stderr.length;
    const spoken = { command, durationMs: performance.now() - since, stderr };
    const raw = this.#stdout.output();
    return recordOutput(
      exitStatus === undefined ? spoken : { ...spoken, exitStatus },
      this.#course.cause?.kind === Kind.OUTPUT_LIMIT ? beginningOf(raw) : raw,
      () => proof,
    );
  }

  #onData(reader: Reader, chunk: Buffer): void {
    reader.push(chunk);
    this.#watch.set('idle', this.#task.limits.idleMs);
    const { outputLimit } = this.#task;
    if (this.#stdout.length > outputLimit) this.#tooMuch(`the output is larger than ${outputLimit} bytes`);
    else if (this.#stderrBefore + this.#stderr.length > STDERR_MOST)
      this.#tooMuch(`more than ${STDERR_MOST} bytes came on stderr`);
  }

  #tooMuch(words: string): void {
    this.#course.fail(this.#course.failure(Kind.OUTPUT_LIMIT, words));
    this.#shell.wire.destroy();
  }
}

/** As a shell reports a command that a signal ended. */
function signalStatus(signal: string | null): number | null {
  if (signal === null) return null;
  return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}

// A command line watched without a platform's rules: bytes gathered until it has been quiet for a while, a prompt
// that is what stood there last time, pages answered by what they look like. For learning only: it takes its
// time, and proves nothing.
import { Kind } from '../../proto/gen/netsweep/v1/model.js';
import type { Course } from '../course.js';
import type { DeviceFailure } from '../failure.js';
import type { TerminalTask } from '../line/terminal.js';
import { type Shell, TERMINAL } from '../ssh/shell.js';
import { clean, quote, shown } from '../text.js';

/** Quiet that means the device waits, before its pace is known; then several times its slowest answer. */
const QUIET_MS = 700;
const PACE = { times: 5, leastMs: 250, mostMs: 2_500 };
/** Rows of the terminal: few, so that a pager shows itself. */
const ROWS = 24;
const MOST_BYTES = 32 << 20;
const LINE_WITHIN = 1024;
/** Pages looked at before the pager is asked to stop, and answered at all. */
const PAGES = 3;
const MOST_PAGES = 1_000;
const PAGE = /more|\(end\)|^\s*:\s*$|press|<?space>?|any key|next page|lines? \d+|\d%|continue|quit/i;

/** A last line that waited for a key, and the key that went on. */
export interface Page {
  text: string;
  key: string;
}

export interface Answer {
  /** From after the echo up to the prompt; what pagers left of themselves is still in it. */
  text: string;
  pages: Page[];
  echoed: boolean;
}

export class RawLine {
  /** As it stood first. */
  prompt = '';
  /** What ends a typed line. */
  return = '\r';
  ended = false;
  #bytes = '';
  #received = 0;
  #heardAt = 0;
  #slowestMs = 0;
  #heard: (() => void) | null = null;

  constructor(
    private readonly task: Pick<TerminalTask, 'limits' | 'ports'>,
    private readonly shell: Shell,
    private readonly course: Course,
  ) {}

  async open(): Promise<void> {
    this.shell.wire.allow(MOST_BYTES);
    const events = { data: (chunk: Buffer) => this.#onData(chunk), closed: () => this.#onClosed() };
    await this.course.until<void>((done) =>
      this.shell.openTerminal(events, done, { ...TERMINAL, rows: ROWS }),
    );
  }

  /** Types an empty line with this end; true: the prompt is there again. */
  async bringsPrompt(end: string): Promise<boolean> {
    const typedAt = performance.now();
    this.type(end);
    await this.quiet(QUIET_MS);
    this.#slowestMs = Math.max(this.#slowestMs, this.#heardAt - typedAt);
    return this.atPrompt;
  }

  /** Types a line and reads up to the prompt, through whatever waits for a key on the way. */
  async ask(line: string): Promise<Answer> {
    if (!this.task.ports.mayStart())
      throw this.course.failure(Kind.DISCONNECTED, 'the lease ended before the command');
    const pages: Page[] = [];
    this.shell.wire.allow(MOST_BYTES);
    this.type(line + this.return);
    for (;;) {
      await this.quiet(Math.min(PACE.mostMs, Math.max(PACE.leastMs, PACE.times * this.#slowestMs)));
      if (this.#bytes.length > line.length && this.atPrompt) break;
      if (isPage(this.lastLine)) this.#turn(pages);
      await this.more();
    }
    const lines = this.lines;
    const echo = lines.findIndex((one) => one.includes(line));
    return { text: lines.slice(echo + 1, -1).join('\n'), pages, echoed: echo >= 0 };
  }

  /** What has come since something was typed last, as shown. */
  get lines(): string[] {
    return clean(this.#bytes).split('\n');
  }

  get lastLine(): string {
    return shown(this.#bytes.slice(this.#bytes.lastIndexOf('\n') + 1).slice(-LINE_WITHIN));
  }

  get atPrompt(): boolean {
    const line = still(this.lastLine);
    return line !== '' && line === still(this.prompt);
  }

  /** Types; what came before is forgotten. */
  type(keys: string): void {
    this.#bytes = '';
    this.#write(keys);
  }

  /** Resolves when nothing has come for so long. */
  async quiet(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await this.course
      .until<void>((done) => {
        this.#heard = () => {
          clearTimeout(timer);
          timer = setTimeout(done, ms);
        };
        this.#heard();
      })
      .finally(() => this.#stopHearing(timer));
  }

  /** Resolves when something comes; fails when nothing does for the idle limit. */
  async more(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const { idleMs } = this.task.limits;
    await this.course
      .until<void>((done) => {
        this.#heard = () => done();
        timer = setTimeout(
          () => this.course.fail(this.failure(Kind.TIMEOUT, `nothing came for ${idleMs} ms`)),
          idleMs,
        );
      })
      .finally(() => this.#stopHearing(timer));
  }

  /** With what the device has said last. */
  failure(kind: Kind, message: string): DeviceFailure {
    const last =
      this.#received === 0
        ? 'it has said nothing'
        : `the last line is ${JSON.stringify(quote(this.lastLine))}`;
    return this.course.failure(kind, `${message}; ${last}`);
  }

  /** Looks at some pages, then asks the pager to stop; one that does not is turned to its end. */
  #turn(pages: Page[]): void {
    if (pages.length > MOST_PAGES) throw this.course.failure(Kind.OUTPUT_LIMIT, 'the pages have no end');
    const isLast = /\(end\)/i.test(this.lastLine);
    const isEnough = pages.length >= PAGES && pages.length < PAGES + 2;
    pages.push({ text: this.lastLine, key: isLast ? 'q' : ' ' });
    this.#write(isLast || isEnough ? 'q' : ' ');
  }

  #write(keys: string): void {
    if (!this.task.ports.mayWrite())
      throw this.course.failure(Kind.DISCONNECTED, 'the lease ended before the command');
    this.shell.write(keys);
  }

  #onData(chunk: Buffer): void {
    this.#bytes += chunk.toString('latin1');
    this.#received += chunk.length;
    this.#heardAt = performance.now();
    if (this.#bytes.length > MOST_BYTES)
      this.course.fail(this.course.failure(Kind.OUTPUT_LIMIT, 'the device sends too much to learn from'));
    this.#heard?.();
  }

  #onClosed(): void {
    this.ended = true;
    this.course.disconnected('the device closed the session');
  }

  #stopHearing(timer: NodeJS.Timeout | undefined): void {
    clearTimeout(timer);
    this.#heard = null;
  }
}

/** A line without what may move: its numbers after the first word, and trailing spaces. */
export function still(line: string): string {
  return line.trimEnd().replace(/(?<=\W)\d+/g, '0');
}

function isPage(line: string): boolean {
  return line.length < 200 && PAGE.test(line);
}

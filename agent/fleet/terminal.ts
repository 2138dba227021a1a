// One interactive shell of a simulated device: echo, lines, prompts, the enable question and the pager.
// Input typed ahead waits for the prompt, as on a real line. What a line means is the Cli's business,
// when and how bytes leave is the Wire's.
import type { Answer, Cli, CliState } from './cli.js';
import type { Manner, Piece } from './manner.js';

/** Where a terminal's output goes; text is one character per byte. */
export interface Wire {
  write(text: string): void;
  /** Runs `then` once everything written so far is on its way. */
  whenSent(then: () => void): void;
  after(milliseconds: number, then: () => void): void;
  /** Ends the shell politely. */
  leave(status: number): void;
}

export interface TerminalOptions {
  cli: Cli;
  manner: Manner;
  state: CliState;
  promptMs: number;
  commandMs: number;
  /** Told of every line that is not empty, before it is answered. */
  onCommand(line: string): void;
  /** `unanswered`: the device says nothing any more. */
  checkSecret(secret: string): 'right' | 'wrong' | 'unanswered';
  /** May take an answer over (half an output, then silence); true: nothing more comes from this terminal. */
  spoil(answer: Answer): boolean;
}

type Waiting = 'nothing' | 'line' | 'secret' | 'pager' | 'exit';

export class Terminal {
  #wire: Wire;
  #options: TerminalOptions;
  #waiting: Waiting = 'nothing';
  #input = '';
  #line = '';
  #afterReturn = false;
  #reading = false;
  #secretTries = 0;
  #pages: string[] = [];
  #pageCount = 0;
  #pagersHere = 0;

  constructor(wire: Wire, options: TerminalOptions) {
    this.#wire = wire;
    this.#options = options;
    wire.after(options.promptMs, () => this.#greet());
  }

  /** Takes what was typed. */
  feed(text: string): void {
    if (this.#input.length < MOST_TYPED_AHEAD) this.#input += text;
    this.#read();
  }

  resize(rows: number): void {
    const { cli, state } = this.#options;
    if (rows > 0 && state.rows > 0 && cli.rows === undefined) state.rows = rows;
  }

  #greet(): void {
    this.#wire.write(this.#options.cli.greeting);
    this.#ready();
  }

  #ready(): void {
    const { cli, manner, state } = this.#options;
    this.#show(manner.prompt(cli.prompt(state)), () => {
      this.#waiting = 'line';
      this.#read();
    });
  }

  /** Writes one piece after the other. */
  #show([piece, ...rest]: Piece[], then: () => void): void {
    if (piece === undefined) return then();
    this.#wire.after(piece.afterMs, () => {
      this.#wire.write(piece.text);
      this.#show(rest, then);
    });
  }

  /** Consumes typed input for as long as the device waits for some. */
  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    let echo = '';
    while (this.#input !== '' && this.#waiting !== 'nothing') {
      const key = this.#input[0] ?? '';
      this.#input = this.#input.slice(1);
      if (this.#afterReturn && key === '\n') {
        this.#afterReturn = false;
        continue;
      }
      this.#afterReturn = key === '\r';
      if (this.#waiting === 'pager') this.#turnPage(key);
      else if (key === '\r' || key === '\n') {
        this.#wire.write(this.#echoed(echo));
        echo = '';
        this.#enter();
      } else echo += this.#type(key);
    }
    if (echo !== '') this.#wire.write(echo);
    this.#reading = false;
  }

  #echoed(line: string): string {
    return this.#waiting === 'line' ? this.#options.manner.echo(line) : `${line}\r\n`;
  }

  /** Edits the line; gives what is echoed. */
  #type(key: string): string {
    if (key === '\b' || key === '\x7f') {
      if (this.#line === '') return '';
      this.#line = this.#line.slice(0, -1);
      return this.#waiting === 'secret' ? '' : '\b \b';
    }
    if (key < ' ') return this.#control(key);
    this.#line += key;
    return this.#waiting === 'secret' ? '' : key;
  }

  #control(key: string): string {
    const erased = this.#waiting === 'secret' ? '' : '\b \b'.repeat(this.#line.length);
    if (key === CTRL_U) {
      this.#line = '';
      return erased;
    }
    if (key === CTRL_C || key === CTRL_Z) {
      this.#line = '';
      this.#options.state.configuring = false;
      this.#input = `\r${this.#input}`;
    }
    return '';
  }

  #enter(): void {
    const line = this.#line;
    const asked = this.#waiting;
    this.#line = '';
    this.#waiting = 'nothing';
    if (asked === 'secret') this.#check(line);
    else if (asked === 'exit') this.#leave(/^[yn]/i.test(line));
    else this.#command(line);
  }

  #command(line: string): void {
    if (line.trim() !== '') this.#options.onCommand(line.trim());
    const answer = this.#options.cli.answer(line, this.#options.state);
    const waits = answer.do === 'print' && answer.show;
    this.#wire.after(waits ? this.#options.commandMs : 0, () => this.#perform(answer));
  }

  #perform(answer: Answer): void {
    if (this.#options.spoil(answer)) return;
    switch (answer.do) {
      case 'leave':
        this.#leave(this.#options.manner.beforeExit === '');
        break;
      case 'ask-secret':
        this.#secretTries = 0;
        this.#askSecret();
        break;
      case 'print':
        this.#pages = this.#paginate(answer.stderr + answer.text());
        this.#pageCount = this.#pages.length;
        this.#nextPage();
        break;
      default:
        answer satisfies never;
    }
  }

  #leave(decided: boolean): void {
    const { manner } = this.#options;
    if (decided && manner.exits) this.#wire.leave(0);
    else if (decided) this.#ready();
    else {
      this.#wire.write(manner.beforeExit);
      this.#waiting = 'exit';
    }
  }

  #askSecret(): void {
    this.#wire.write('Password: ');
    this.#waiting = 'secret';
  }

  #check(secret: string): void {
    const { cli, state, checkSecret } = this.#options;
    const judged = checkSecret(secret);
    if (judged === 'unanswered') return;
    state.privileged = judged === 'right';
    if (!state.privileged && ++this.#secretTries < cli.refusal.tries) {
      this.#askSecret();
      return;
    }
    if (!state.privileged) this.#wire.write(cli.refusal.text);
    this.#ready();
  }

  #paginate(text: string): string[] {
    const height = this.#options.state.rows - 1;
    if (height < 1) return [text];
    const lines = text.split(/(?<=\n)/);
    if (lines.length <= height) return [text];
    const pages: string[] = [];
    for (let at = 0; at < lines.length; at += height) pages.push(lines.slice(at, at + height).join(''));
    return pages;
  }

  #nextPage(): void {
    const { cli, manner, state } = this.#options;
    const page = this.#pages.shift() ?? '';
    this.#show(manner.output(page, cli.prompt(state)), () => {
      this.#pagersHere = manner.pagers;
      if (this.#pages.length === 0) this.#ready();
      else this.#stop();
    });
  }

  #stop(): void {
    this.#pagersHere--;
    this.#wire.write(this.#options.cli.pager.text(1 - this.#pages.length / this.#pageCount));
    this.#waiting = 'pager';
    this.#read();
  }

  #turnPage(key: string): void {
    this.#wire.write(this.#options.cli.pager.erase);
    this.#waiting = 'nothing';
    if (key === 'q' || key === 'Q' || key === CTRL_C) this.#pages = [''];
    if (key === '\r' || key === '\n') this.#splitLine();
    if (this.#pagersHere > 0) this.#stop();
    else this.#nextPage();
  }

  /** Return at the pager shows one more line only. */
  #splitLine(): void {
    const page = this.#pages.shift() ?? '';
    const end = page.indexOf('\n') + 1;
    if (end < page.length) this.#pages.unshift(page.slice(end));
    this.#pages.unshift(page.slice(0, end));
  }
}

const MOST_TYPED_AHEAD = 1 << 20;
const CTRL_C = '\x03';
const CTRL_U = '\x15';
const CTRL_Z = '\x1a';

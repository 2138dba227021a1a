// The device of a recorded session, in the place of a connection: it sends what the recording says and compares
// every byte typed with what the recording hears. Nothing of SSH or TCP is there.
import type { Secret } from '../../agent/credentials.js';
import type { Line } from '../../agent/line/terminal.js';
import type { ChannelEvents } from '../../agent/ssh/shell.js';
import { bytesOf, type Recording, type Step } from './recording.js';

/** How the device sends: each `says` at once, a byte at a time, or up to this byte, where it closes after a while. */
export type Way = 'whole' | 'bytes' | { cut: number; lingerMs: number };

/** Longer than a session looks at an answer before it goes on. */
const SILENCE_MS = 2_500;

/** Blanks and movements of the cursor. */
const UNSEEN = /(?: |\r|\x1b(?:\[[0-?]*[@-~]|[=>78]))*$/;

/** What the login of every recording knows. */
export const SECRETS = { password: 'the password', enable: 'the enable secret' } as const;

/** The device of a recording, in the place of a connection. */
export class RecordedDevice implements Line {
  readonly wire = { allow: () => {}, destroy: () => this.#end() };
  sent = 0;
  /** The same without what nobody sees at the end: a prompt may do without it. */
  sentVisibly = 0;
  problem: Error | null = null;
  onGone: (() => void) | null = null;
  /** Netsweep itself ends the session here, with this kind of failure. */
  onBreakOff: ((kind: string) => void) | null = null;
  readonly #recording: Recording;
  readonly #way: Way;
  #events: ChannelEvents | null = null;
  #step = 0;
  /** Typed and not yet compared. */
  #typed: (Buffer | { secret: 'password' | 'enable' })[] = [];
  /** Bytes of the present `hears` that have been typed. */
  #heard = 0;
  #busy = false;
  #leftAlone = false;
  #patience: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(recording: Recording, way: Way) {
    this.#recording = recording;
    this.#way = way;
  }

  openTerminal(events: ChannelEvents, opened: () => void): void {
    this.#events = events;
    opened();
    this.#goOn();
  }

  run(command: string, events: ChannelEvents): void {
    this.#events = events;
    const step = this.#recording.session[this.#step];
    if (step === undefined || !('runs' in step) || step.runs !== command)
      return void this.#differs(Buffer.from(command));
    this.#step++;
    if ('refuses' in (this.#recording.session[this.#step] ?? {})) {
      this.#step++;
      this.#events = null;
      setImmediate(() => events.refused?.());
    } else this.#goOn();
  }

  write(text: string): void {
    this.#typed.push(Buffer.from(text, 'utf8'));
    this.#goOn();
  }

  writeSecret(secret: Secret): void {
    const which = secret.bytes.toString() === SECRETS.enable ? 'enable' : 'password';
    this.#typed.push({ secret: which });
    this.#goOn();
  }

  forgetSecrets(): void {}

  /** The session is over: nothing of the recording may be left. */
  expectThrough(failure: string): void {
    const step = this.#recording.session[this.#step];
    if (step === undefined || this.isThrough) return;
    const why = failure === '' ? '' : ` (${failure})`;
    throw new Error(`${this.#place(this.#step)}: it was over${why} before the device ${inWords(step)}`);
  }

  /** It neither says nor waits for anything any more. */
  get isThrough(): boolean {
    const step = this.#recording.session[this.#step];
    return step === undefined || this.#isSilent(step);
  }

  /** Netsweep ends the session here by itself. */
  get breaksOff(): boolean {
    return 'breaks_off' in (this.#recording.session[this.#step] ?? {});
  }

  /** The next thing that the recording hears is a secret. */
  get expectsSecret(): boolean {
    return 'secret' in (this.#recording.session[this.#step] ?? {});
  }

  #isSilent(step: Step): boolean {
    if (this.#leftAlone) return true;
    return 'closes' in step || (bytesOf(step) !== null && this.#step === this.#recording.session.length - 1);
  }

  /** Goes through the steps until one has to wait; every `says` leaves after what was typed has been dealt with. */
  #goOn(): void {
    if (this.#busy || this.#ended) return;
    const step = this.#recording.session[this.#step];
    if (step === undefined || 'hears' in step || 'secret' in step || 'runs' in step) {
      if (this.#typed.length > 0 && this.#hears(step)) this.#goOn();
      return;
    }
    if ('breaks_off' in step) return this.#breakOff(step.breaks_off);
    this.#busy = true;
    setImmediate(() => this.#act(step, 0));
  }

  /** Whatever the session makes of the silence comes first. */
  #breakOff(kind: string): void {
    this.#leftAlone = true;
    this.#patience ??= setTimeout(() => this.onBreakOff?.(kind), SILENCE_MS);
    if (this.#typed.splice(0).length > 0) this.onBreakOff?.(kind);
  }

  /** One `says` from its byte `from` on, or an end. */
  #act(step: Step, from: number): void {
    if (this.#ended) return;
    const bytes = bytesOf(step);
    if (bytes !== null && from < bytes.length) {
      const size = this.#way === 'bytes' ? 1 : bytes.length;
      if (!this.#send(step, bytes.subarray(from, from + size))) return;
      if (from + size < bytes.length) return void setImmediate(() => this.#act(step, from + size));
    }
    this.#step++;
    this.#busy = false;
    if ('closes' in step) this.#close(null);
    else if ('exits' in step) this.#close(step.exits);
    else if ('dies' in step) this.#close(null, step.dies);
    else this.#goOn();
  }

  /** False when the device is cut off within these bytes. */
  #send(step: Step, bytes: Buffer): boolean {
    const room = typeof this.#way === 'object' ? this.#way.cut - this.sent : Infinity;
    const part = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.sent += part.length;
    const complains = 'complains' in step || 'complains_latin1' in step;
    if (part.length > 0) {
      this.sentVisibly = this.sent - (UNSEEN.exec(part.toString('latin1'))?.[0].length ?? 0);
      if (complains) this.#events?.errorData?.(Buffer.from(part));
      else this.#events?.data(Buffer.from(part));
    }
    if (bytes.length <= room) return true;
    // Every other device takes the whole connection with it.
    const close = () => (room % 2 === 0 ? this.#close(null) : this.#end());
    const { lingerMs } = this.#way as Exclude<Way, string>; // only a cut leaves no room
    if (lingerMs > 0) setTimeout(close, lingerMs);
    else close();
    return false;
  }

  /** Compares what was typed with what the step hears; whether the step is through. */
  #hears(step: Step | undefined): boolean {
    const typed = this.#typed[0] as Buffer | { secret: string }; // the caller has looked
    if (!Buffer.isBuffer(typed)) {
      if (!step || !('secret' in step) || step.secret !== typed.secret) return this.#differs(typed);
      this.#typed.shift();
      this.#step++;
      return true;
    }
    if (!step || !('hears' in step)) return this.#differs(typed);
    const wanted = Buffer.from(step.hears, 'utf8').subarray(this.#heard);
    const length = Math.min(wanted.length, typed.length);
    if (!wanted.subarray(0, length).equals(typed.subarray(0, length))) return this.#differs(typed);
    this.#heard += length;
    if (length === typed.length) this.#typed.shift();
    else this.#typed[0] = typed.subarray(length);
    if (length < wanted.length) return this.#typed.length > 0;
    this.#heard = 0;
    this.#step++;
    return true;
  }

  #differs(typed: Buffer | { secret: string }): false {
    const step = this.#recording.session[this.#step];
    const wanted = step === undefined ? 'expects nothing more' : inWords(step);
    this.problem ??= new Error(
      `${this.#place(this.#step)}: the device ${wanted}; netsweep types ${show(typed)}`,
    );
    this.#end();
    return false;
  }

  #place(step: number): string {
    return `${this.#recording.file}:${this.#recording.lines[step] ?? 'end'}`;
  }

  #close(status: number | null, signal: string | null = null): void {
    const events = this.#events;
    this.#events = null;
    events?.closed(status, signal);
    if (status !== null || signal !== null) this.#goOn();
    else this.#ended = true;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#patience);
    this.onGone?.();
  }
}

function inWords(step: Step): string {
  if ('hears' in step) return `expects ${JSON.stringify(step.hears)}`;
  if ('secret' in step) return `expects the secret ${step.secret}`;
  if ('runs' in step) return `expects to run ${JSON.stringify(step.runs)}`;
  if ('refuses' in step) return 'refuses to run it';
  if ('breaks_off' in step) return `is left (${step.breaks_off})`;
  if ('dies' in step) return `ends the command with ${step.dies}`;
  if ('exits' in step) return `ends the command with ${step.exits}`;
  if ('closes' in step) return 'closes';
  return `says ${show(bytesOf(step) as Buffer)}`;
}

function show(typed: Buffer | { secret: string }): string {
  if (!Buffer.isBuffer(typed)) return `the secret ${typed.secret}`;
  const text = typed.toString('utf8');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

// An interactive command line, driven in a straight line: the way in, setup, enable, commands, the way out.
// The dialogue types and listens; here is what is said, and what the answers prove.
import { Kind, type Output, Proof, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { setupFor } from '../../proto/platform.js';
import type { Course } from '../course.js';
import type { Permission, Secret } from '../credentials.js';
import { clean } from '../text.js';
import type { Watch } from '../watch.js';
import { Dialogue, type Line, type TerminalTask } from './dialogue.js';
import { endsWhole, parserError, recordOutput } from './output.js';
import type { Entry, Rules } from './platform.js';
import { type Asked, type Believed, type Ending, SETTLE_MS, SETUP_SETTLE_MS } from './reader.js';
import { beginningOf } from './settled.js';

export { LEAVE_MS, type Line, type TerminalTask } from './dialogue.js';

/** Modes left one by one, at most. */
const EXITS = 4;

export class Terminal {
  readonly #task: TerminalTask;
  readonly #course: Course;
  readonly #dialogue: Dialogue;
  /** Setup lines that the present mode does not know. */
  #refused: string[] = [];
  #running: { command: string; since: number } | null = null;
  /** The last output: if more of it comes before the next echo, its end was none. */
  #previous: { output: Output; proved: boolean } | null = null;

  constructor(task: TerminalTask, line: Line, course: Course, watch: Watch) {
    this.#task = task;
    this.#course = course;
    this.#dialogue = new Dialogue(task, line, course, watch);
  }

  /** The device waits for a command. */
  get atPrompt(): boolean {
    return this.#dialogue.atPrompt;
  }

  /** The prompt as it stood last; empty before the first. */
  get prompt(): string {
    return this.#dialogue.prompt;
  }

  /** The last line that the device has sent, as shown. */
  get lastLine(): string {
    return this.#dialogue.reader.lastLine;
  }

  /** Bytes that the device has sent on the terminal. */
  get received(): number {
    return this.#dialogue.received;
  }

  /** The device has closed the command line. */
  get ended(): boolean {
    return this.#dialogue.ended;
  }

  get #rules(): Rules {
    return this.#dialogue.rules;
  }

  /** Opens the command line and walks in, answering what is asked, up to the first prompt; the login limit rules. */
  async open(): Promise<void> {
    const dialogue = this.#dialogue;
    const { permission } = this.#task.login;
    const entry = [...this.#rules.entry];
    const answered = new Set<Entry>();
    await dialogue.open(entry.map(({ asks }) => asks));
    for (;;) {
      const sighting = await dialogue.sight();
      if (sighting.kind === 'prompt') break;
      const asked = entry[sighting.index] as Entry; // the indexes are those of `entry`
      if (asked.what === 'keys') entry.splice(sighting.index, 1);
      else if (answered.has(asked)) throw this.#refusedInside(permission);
      answered.add(asked);
      await this.#answerEntry(
        asked,
        entry.map(({ asks }) => asks),
      );
    }
    dialogue.forgetSecrets();
    permission.accepted();
    dialogue.phase = 'talking';
    dialogue.atPrompt = true;
  }

  /** Goes on by another platform's rules, at the prompt that is there. */
  adopt(rules: Rules): void {
    this.#dialogue.adopt(rules);
  }

  /** Asks something on the way, without a record: the device's answer as text. */
  async probe(line: string): Promise<string> {
    await this.#ask(line);
    return this.#answer();
  }

  /** Sends the platform's setup: paging off, width. What is refused now is tried again in privileged mode. */
  async prepare(commands: readonly string[]): Promise<void> {
    const longest = Math.max(0, ...commands.map((command) => command.length));
    this.#refused = await this.#setUp(setupFor(this.#rules.platform, this.prompt.length + longest));
  }

  /** Enters privileged mode unless the prompt says that it is there already. */
  async enable(command: string, secret: Secret | null, permission: Permission): Promise<void> {
    const { enable } = this.#rules;
    if (!enable?.unprivileged.test(this.prompt)) return;
    this.#course.stage = Stage.ENABLE;
    const asks = [enable.password, ...(enable.username ? [enable.username] : [])];
    let answer = await this.#ask(command || enable.command, asks, 'kin');
    if (answer.kind === 'question' && answer.index === 1)
      answer = await this.#ask(this.#task.login.username, [enable.password]);
    if (answer.kind === 'question') await this.#giveSecret(secret, permission, enable.password);
    if (enable.unprivileged.test(this.prompt)) {
      permission.refused();
      throw this.#course.failure(Kind.ENABLE, 'the device refused privileged mode');
    }
    permission.accepted();
    await this.#setUp(this.#refused);
  }

  /** Runs one command; its output, and the parser's complaint if there was one. */
  async run(command: string): Promise<{ output: Output; complaint: string | null }> {
    if (!this.#task.ports.mayStart())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the command');
    this.#dialogue.mayWrite();
    const since = performance.now();
    this.#running = { command, since };
    const ending = await this.#ask(command);
    const durationMs = performance.now() - since;
    let complaint: string | null = null;
    const proved = ending.kind === 'prompt' && ending.proved;
    const output = await recordOutput(
      { command, durationMs },
      this.#dialogue.reader.output(),
      (beginning, end) => {
        complaint = parserError(this.#rules, beginning);
        const whole = complaint !== null || endsWhole(this.#rules, command, end);
        return proved && whole ? Proof.COMPLETE : Proof.SUSPECT;
      },
    );
    this.#running = null;
    this.#previous = { output, proved };
    output.refused = complaint !== null;
    return { output, complaint };
  }

  /** What the command that was running had given when the session failed. */
  async remains(): Promise<Output | null> {
    if (!this.#running) return null;
    const { command, since } = this.#running;
    const { reader } = this.#dialogue;
    reader.abandon();
    if (this.#previous) await this.#reviewPrevious(this.#previous);
    const durationMs = performance.now() - since;
    const raw =
      this.#course.cause?.kind === Kind.OUTPUT_LIMIT ? beginningOf(reader.output()) : reader.output();
    return recordOutput({ command, durationMs }, raw, () => Proof.TRUNCATED);
  }

  /** Types the way out until the device has closed; the watch's `leave` limit ends the wait through `gone`. */
  async leave(): Promise<void> {
    const dialogue = this.#dialogue;
    const { platform, leaving } = this.#rules;
    const asks = leaving.map((question) => question.asks);
    let keys = platform.exit + platform.return;
    dialogue.phase = 'leaving';
    for (let exits = 0; !dialogue.ended && exits < EXITS; exits++) {
      if (this.#previous) dialogue.swap();
      dialogue.begin(platform.exit, [], asks, 'any');
      dialogue.type(keys);
      const sighting = await dialogue.sightOrGone();
      if (this.#previous) await this.#reviewPrevious(this.#previous);
      if (sighting === null) return;
      const asked = sighting.kind === 'question' ? leaving[sighting.index] : undefined;
      keys = asked ? asked.keys : platform.exit + platform.return;
    }
  }

  /** Nobody waits any longer for the device to close. */
  gone(): void {
    this.#dialogue.onGone?.();
  }

  /** The watch's quiet limit has struck. */
  onQuiet(): void {
    this.#dialogue.onQuiet();
  }

  /** The device is read again after a while in which it was not. */
  readAgain(): void {
    this.#dialogue.readAgain();
  }

  /** The watch's wake limit has struck. */
  onSilence(): void {
    this.#dialogue.onSilence();
  }

  async #answerEntry(entry: Entry, asks: readonly RegExp[]): Promise<void> {
    const { username, password, permission } = this.#task.login;
    switch (entry.what) {
      case 'fails':
        throw this.#course.failure(Kind.AUTH, entry.fails);
      case 'password':
        if (!password) throw this.#course.failure(Kind.AUTH, 'the device asks for a password, none is given');
        return this.#dialogue.typeSecret(password, permission, asks);
      case 'username':
      case 'keys':
        this.#dialogue.listen(asks);
        return this.#dialogue.type(
          entry.what === 'keys' ? entry.keys : username + this.#rules.platform.return,
        );
      default:
        entry satisfies never;
    }
  }

  /** A login that is asked for a second time. */
  #refusedInside(permission: Permission): Error {
    if (permission.wasSent) permission.refused();
    return this.#course.failure(Kind.AUTH, 'the device refused the login inside the session');
  }

  async #giveSecret(secret: Secret | null, permission: Permission, asks: RegExp): Promise<void> {
    this.#dialogue.atPrompt = false;
    if (!secret)
      throw this.#course.failure(Kind.ENABLE, 'the device asks for an enable secret, none is given');
    await this.#dialogue.typeSecret(secret, permission, [asks]);
    const answer = await this.#dialogue.sight();
    this.#dialogue.forgetSecrets();
    if (answer.kind === 'question') {
      permission.refused();
      throw this.#course.failure(Kind.ENABLE, 'the device refused the enable secret');
    }
    this.#dialogue.atPrompt = true;
  }

  async #setUp(lines: readonly string[]): Promise<string[]> {
    const refused: string[] = [];
    this.#dialogue.settleMs = SETUP_SETTLE_MS;
    for (const line of lines) {
      await this.#ask(line);
      if (parserError(this.#rules, this.#answer()) !== null) refused.push(line);
    }
    this.#dialogue.settleMs = SETTLE_MS;
    return refused;
  }

  async #ask(line: string, asks: readonly RegExp[] = [], believed?: Believed): Promise<Ending | Asked> {
    if (this.#previous) this.#dialogue.swap();
    const sighting = await this.#dialogue.ask(line, asks, believed);
    this.#dialogue.atPrompt = sighting.kind === 'prompt';
    if (this.#previous) await this.#reviewPrevious(this.#previous);
    return sighting;
  }

  /** What the device has answered, as text. */
  #answer(): string {
    return clean(this.#dialogue.reader.output().rest.toString('latin1'));
  }

  /** Once the next echo is there: had the last output really ended? If not, it gets what came late. */
  async #reviewPrevious(previous: { output: Output; proved: boolean }): Promise<void> {
    this.#previous = null;
    const { reader, readerBefore } = this.#dialogue;
    const { stray } = reader;
    if (reader.isUnechoed) previous.output.proof = Proof.SUSPECT;
    if (!stray) return;
    const { command, durationMs } = previous.output;
    const proved = readerBefore.extend(stray) && previous.proved;
    const later = await recordOutput({ command, durationMs }, readerBefore.output(), (_, end) =>
      proved && endsWhole(this.#rules, command, end) ? Proof.COMPLETE : Proof.SUSPECT,
    );
    Object.assign(previous.output, later);
  }
}

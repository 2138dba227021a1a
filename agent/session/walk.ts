// What is done on a device once it has let us in: its platform found where nobody knows it, the command line
// entered and settled, privileged mode, the commands, the way out. It knows channels and limits, but nothing of how
// the connection came about; a recorded session walks the same way.
import {
  Kind,
  type Output,
  type PlatformCommands,
  type PlatformFile,
  Stage,
} from '../../proto/gen/netsweep/v1/model.js';
import { SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { AUTO } from '../../proto/platform.js';
import type { Course } from '../course.js';
import { Permission, type Secret } from '../credentials.js';
import type { DeviceFailure } from '../failure.js';
import { Exec } from '../line/exec.js';
import type { Rules } from '../line/platform.js';
import { LEAVE_MS, Terminal, type TerminalTask } from '../line/terminal.js';
import type { Channels } from '../ssh/shell.js';
import { quote } from '../text.js';
import type { Watch } from '../watch.js';
import { findPlatform } from './detect.js';
import { admit } from './gate.js';

export interface WalkTask {
  /** Canonical, or `auto`: then `rules` are those of a device of any kind. */
  platform: string;
  rules: Rules;
  commands: readonly string[];
  foundCommands: readonly PlatformCommands[];
  enable: boolean;
  /** Empty: the platform's. */
  enableCommand: string;
  allowWrites: boolean;
  limits: { loginMs: number; idleMs: number; commandMs: number };
  outputLimit: number;
  /** The user's own platform data. */
  platforms: readonly PlatformFile[];
  username: string;
}

/** Secrets that may be needed on the way; the walk wipes them as soon as they no longer are. */
export interface WalkSecrets {
  password: Secret | null;
  enable: Secret | null;
}

/** What a walk asks of the world outside its device. */
export type WalkPorts = TerminalTask['ports'] & { start(): Promise<boolean> };

/** What a walk goes by. */
export interface WalkMeans {
  course: Course;
  watch: Watch;
  channels: Channels;
  /** Resolves when there is room for what the next command may print; null: there is. */
  readable?: () => Promise<void> | null;
}

export class Walk {
  /** Of every command that was begun, in order. */
  readonly outputs: Output[] = [];
  readonly notes: string[] = [];
  /** What detection found; empty where nothing had to be found. */
  platform = '';
  /** Called with the rules that detection goes on by, and after each command. */
  onRules: (rules: Rules) => void = () => {};
  onOutput: (output: Output) => void = () => {};
  readonly #task: WalkTask;
  readonly #secrets: WalkSecrets;
  readonly #ports: WalkPorts;
  readonly #course: Course;
  readonly #watch: Watch;
  readonly #channels: Channels;
  readonly #readable: () => Promise<void> | null;
  readonly #channelLogin: Permission;
  readonly #enabling: Permission;
  #commands: readonly string[];
  #complaint: DeviceFailure | null = null;
  #terminal: Terminal | null = null;
  #exec: Exec | null = null;
  #started = false;

  constructor(
    task: WalkTask,
    secrets: WalkSecrets,
    ports: WalkPorts,
    { course, watch, channels, readable = () => null }: WalkMeans,
  ) {
    this.#task = task;
    this.#secrets = secrets;
    this.#ports = ports;
    this.#course = course;
    this.#watch = watch;
    this.#channels = channels;
    this.#readable = readable;
    this.#commands = task.commands;
    this.#channelLogin = new Permission(SecretUse.CHANNEL, ports);
    this.#enabling = new Permission(SecretUse.ENABLE, ports);
  }

  /** What was to be run, once it is known. */
  get commands(): readonly string[] {
    return this.#commands;
  }

  /** The first command that the device's parser refused. */
  get complaint(): DeviceFailure | null {
    return this.#complaint;
  }

  /** A password or enable secret has left on the command line. */
  get secretSent(): boolean {
    return this.#channelLogin.wasSent || this.#enabling.wasSent;
  }

  /** The device has closed its command line. */
  get ended(): boolean {
    return this.#terminal?.ended === true;
  }

  /** All the way to the last command; throws the course's first failure. */
  async run(): Promise<void> {
    const { rules, platform, enable } = this.#task;
    if (rules.platform.mode === 'exec') {
      if (await this.#runEach(rules)) return;
      this.#watch.set('login', this.#task.limits.loginMs);
    }
    this.#course.stage = Stage.SHELL;
    const terminal = new Terminal(this.#terminalTask(rules), this.#channels, this.#course, this.#watch);
    this.#terminal = terminal;
    await terminal.open();
    this.#secrets.password?.[Symbol.dispose]();
    this.#watch.clear('login');
    if (platform === AUTO && (await this.#findPlatform(terminal))) return;
    await terminal.prepare(this.#commands);
    if (enable) await terminal.enable(this.#task.enableCommand, this.#secrets.enable, this.#enabling);
    this.#secrets.enable?.[Symbol.dispose]();
    this.#course.stage = Stage.COMMAND;
    if (this.#task.allowWrites) await this.#start();
    for (const command of this.#commands) {
      await this.#room();
      const { output, complaint } = await terminal.run(command);
      this.#keep(output);
      if (complaint !== null)
        this.#complaint ??= this.#course.failure(Kind.CLI_ERROR, `${JSON.stringify(command)}: ${complaint}`);
    }
  }

  /** Keeps what the command that was running had given when the walk failed. */
  async abandon(): Promise<void> {
    const remains = await (this.#exec ?? this.#terminal)?.remains();
    if (remains) this.outputs.push(remains);
  }

  /** The way out, if the device waits for a command; ends with the watch's `leave` limit. */
  async leave(): Promise<void> {
    if (!this.#terminal?.atPrompt) return;
    this.#watch.set('leave', LEAVE_MS);
    await this.#terminal.leave();
  }

  onQuiet(): void {
    this.#terminal?.onQuiet();
  }

  readAgain(): void {
    this.#terminal?.readAgain();
  }

  onSilence(): void {
    this.#terminal?.onSilence();
  }

  /** Nobody waits any longer for the device to close. */
  gone(): void {
    this.#terminal?.gone();
  }

  /** Text came, but no prompt; null when nothing came. */
  noPrompt(withinMs: number): DeviceFailure | null {
    if (!this.#terminal || this.#terminal.received === 0) return null;
    // Not once a secret was typed, which the device may have echoed.
    const last = this.#channelLogin.wasSent ? '' : `; the last line is "${quote(this.#terminal.lastLine)}"`;
    const words = `text came, but no prompt that is known within ${withinMs} ms${last}`;
    return this.#course.failure(Kind.PROMPT, words);
  }

  [Symbol.dispose](): void {
    this.#secrets.password?.[Symbol.dispose]();
    this.#secrets.enable?.[Symbol.dispose]();
    for (const permission of [this.#channelLogin, this.#enabling]) {
      if (this.ended) permission.hungUp();
      permission.close();
    }
  }

  /** Goes on by the rules of the platform that it finds; true: that is a shell, and has run the commands. */
  async #findPlatform(terminal: Terminal): Promise<boolean> {
    const { platforms, enable, enableCommand, allowWrites } = this.#task;
    const { rules, note } = await findPlatform(terminal, this.#channels.wire.identification, platforms);
    this.platform = rules.platform.name;
    this.notes.push(note);
    if (this.#commands.length === 0) this.#commands = commandsOf(this.#task, rules);
    admit(rules, { commands: this.#commands, enable, enableCommand }, allowWrites);
    terminal.adopt(rules);
    this.onRules(rules);
    return rules.platform.mode === 'exec' && (await this.#runEach(rules));
  }

  /** Each command on a channel of its own; false when the device gives none, and a command line is all there is. */
  async #runEach(rules: Rules): Promise<boolean> {
    this.#course.stage = Stage.COMMAND;
    this.#watch.clear('login');
    if (this.#task.allowWrites) await this.#start();
    this.#exec = new Exec(this.#terminalTask(rules), this.#channels, this.#course, this.#watch);
    for (const command of this.#commands) {
      await this.#room();
      const output = await this.#exec.run(command);
      if (output !== null) this.#keep(output);
      else if (this.outputs.length > 0)
        throw this.#course.failure(Kind.PROTOCOL, 'the device refused to run the command');
      else {
        this.#exec = null;
        return false;
      }
    }
    return true;
  }

  /** Once, before the first command of a sweep that may write: from then on it is never begun again. */
  async #start(): Promise<void> {
    if (this.#started) return;
    this.#watch.hold();
    try {
      this.#started = await this.#course.during(this.#ports.start());
    } finally {
      this.#watch.release();
    }
    if (!this.#started)
      throw this.#course.failure(Kind.DISCONNECTED, 'no leave to begin: the lease or the sweep is over');
  }

  /** Null: there is room for what the next command may print. */
  #room(): Promise<void> | null {
    const readable = this.#readable();
    return readable && this.#course.during(readable);
  }

  #keep(output: Output): void {
    this.outputs.push(output);
    this.onOutput(output);
  }

  #terminalTask(rules: Rules): TerminalTask {
    const { limits, outputLimit, username } = this.#task;
    const login = { username, password: this.#secrets.password, permission: this.#channelLogin };
    return { rules, limits, outputLimit, ports: this.#ports, login };
  }
}

/** What a device runs whose platform has been found out. */
function commandsOf({ foundCommands }: WalkTask, { platform }: Rules): readonly string[] {
  const named = foundCommands.find((one) => one.platform === platform.name);
  const others = foundCommands.find((one) => one.platform === '');
  return foundCommands.length === 0 ? platform.default_commands : ((named ?? others)?.commands ?? []);
}

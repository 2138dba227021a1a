// One connection to one simulated device, from TCP to close: its faults, its delays and its line in the event
// log. It joins what the parts beside it do alone: SSH (sshd), the shell (terminal), the command line (cli).
import type { Socket } from 'node:net';
import type { Answer, Cli, CliState } from './cli.js';
import { actEntry, hasPrompt } from './entry.js';
import type { EventBody } from './events.js';
import type { HostKey } from './hostkey.js';
import type { Manner } from './manner.js';
import type { Under } from './noise.js';
import { bannerMessage, disconnectMessage, makeNoise } from './noise.js';
import type { Oddity } from './oddity.js';
import type { Pace } from './pace.js';
import type { FleetDevice } from './plan.js';
import { actWithoutSsh } from './raw.js';
import { type Means, spoil } from './spoil.js';
import { type Channel, type LoginTry, serveSsh, type Verdict } from './sshd.js';
import { Terminal } from './terminal.js';
import { ChannelWire } from './wire.js';

/** What a connection needs to know of its device and its fleet. */
export interface SessionSettings {
  device: FleetDevice;
  cli: Cli;
  manner: Manner;
  oddity: Oddity;
  hostKey: HostKey;
  user: string;
  password: string;
  enableSecret: string;
  authorizedKey: string | null;
  promptMs: number;
  commandMs: number;
  /** How output leaves; null: at once. */
  pace: Pace | null;
  /** A connection on which nothing moves for so long is closed. */
  idleMs: number;
  /** The device is gone for a while. */
  onReboot(): void;
  log(event: EventBody): void;
}

export function serveSession(socket: Socket, settings: SessionSettings): { close(reason: string): void } {
  const session = new DeviceSession(socket, settings);
  return { close: (reason) => session.close(reason) };
}

class DeviceSession {
  #socket: Socket;
  #settings: SessionSettings;
  #under: Under | null = null;
  #reason: string | null = null;

  constructor(socket: Socket, settings: SessionSettings) {
    this.#socket = socket;
    this.#settings = settings;
    socket.setNoDelay(true);
    socket.setTimeout(settings.idleMs, () => this.close('idle'));
    socket.on('error', (error) => this.#because(error.message));
    socket.on('close', () => this.#closed());
    settings.log({ event: 'connect', from: `${socket.remoteAddress}:${socket.remotePort}` });
    if (!actWithoutSsh(settings.device.fault, socket, settings.cli.software)) this.#serve();
  }

  /** Ends the connection at once; the first reason given is the one logged. */
  close(reason: string): void {
    this.#because(reason);
    this.#socket.destroy();
  }

  #because(reason: string): void {
    this.#reason ??= reason;
  }

  #closed(): void {
    const { bytesWritten: sent, bytesRead: received } = this.#socket;
    this.#settings.log({ event: 'close', reason: this.#reason ?? 'client', sent, received });
  }

  /** Sends what was written, then closes as a device does that loses its mind. */
  #drop(): void {
    this.#because(this.#settings.device.fault ?? 'dropped');
    this.#uncork();
    this.#socket.destroySoon();
  }

  #uncork(): void {
    while (this.#socket.writableCorked > 0) this.#socket.uncork();
  }

  #serve(): void {
    const { cli, device, hostKey, authorizedKey, oddity, log } = this.#settings;
    serveSsh(this.#socket, {
      hostKey,
      oddity,
      software: cli.software,
      banner: device.fault === 'wild-banner' ? WILD_BANNER : cli.banner,
      authorizedKey,
      methods: this.#methods(),
      onClient: (client) => log({ event: 'banner', client }),
      onSecured: (under) => this.#secured(under),
      onLogin: (login) => this.#login(login),
      onReady: (under) => this.#ready(under),
      onShell: (channel, rows) => this.#shell(channel, rows),
      onExec: (channel, command) => this.#exec(channel, command),
      onError: (error) => this.#because(error.message),
    });
  }

  #methods(): LoginTry['method'][] {
    const { device, authorizedKey } = this.#settings;
    if (device.fault === 'no-methods') return [];
    return authorizedKey === null ? [device.passwordMethod] : [device.passwordMethod, 'publickey'];
  }

  #secured(under: Under): void {
    if (this.#settings.device.fault !== 'endless-banner') return;
    const banner = bannerMessage(`${'All sessions are logged. '.repeat(3)}\r\n`.repeat(200));
    for (let sent = 0; sent < BANNER_BYTES; sent += banner.length) under.send(banner);
  }

  #ready(under: Under): void {
    const { fault } = this.#settings.device;
    this.#under = under;
    if (fault === 'drop-login') this.#drop();
    else if (fault === 'leave-login') {
      under.send(disconnectMessage(11, 'System maintenance, no sessions are allowed'));
      this.#drop();
    } else this.#socket.once('close', makeNoise(fault, under));
  }

  #login({ method, user, proof }: LoginTry): Verdict {
    const { device, log } = this.#settings;
    const fault = device.fault ?? '';
    if (fault === 'close-login') this.#drop();
    if (fault === 'hang-login' || fault === 'close-login') {
      log({ event: 'unanswered', method, user });
      return 'unanswered';
    }
    const right = user === this.#settings.user && (proof === true || proof === this.#settings.password);
    const accepted = right && this.#methods().includes(method) && !NOBODY_ENTERS.has(fault);
    log({ event: accepted ? 'login' : 'denied', method, user });
    if (accepted) return 'accepted';
    return right ? (REFUSALS[fault] ?? 'denied') : 'denied';
  }

  #shell(channel: Channel, rows: number): { resize(rows: number): void } {
    const { cli, device, manner, promptMs, commandMs } = this.#settings;
    const wire = this.#wire(channel);
    if (actEntry(device.fault, channel, wire)) return { resize: () => {} };
    const terminal = new Terminal(wire, {
      cli,
      manner,
      state: this.#state(cli.rows ?? (rows > 0 ? rows : USUAL_ROWS)),
      promptMs,
      commandMs,
      onCommand: (line) => this.#logCommand(line, 'shell'),
      checkSecret: (secret) => this.#checkSecret(secret),
      spoil: (answer) => this.#spoil(answer, wire, channel),
    });
    channel.on('data', (bytes: Buffer) => terminal.feed(bytes.toString('latin1')));
    return terminal;
  }

  #exec(channel: Channel, command: string): void {
    const { cli, device, manner, promptMs, commandMs } = this.#settings;
    channel.resume();
    this.#logCommand(command, 'exec');
    if (!hasPrompt(device.fault)) return;
    const wire = this.#wire(channel);
    wire.after(promptMs + commandMs, () => {
      const answer = cli.answer(command, this.#state(0));
      if (this.#spoil(answer, wire, channel)) return;
      if (answer.do !== 'print') return wire.leave(0);
      wire.writeError(plainLines(answer.stderr, device.platform));
      let waited = 0;
      for (const { text, afterMs } of manner.output(answer.text(), cli.prompt(this.#state(0)))) {
        waited += afterMs;
        wire.after(waited, () => wire.write(plainLines(text, device.platform)));
      }
      wire.after(waited, () => wire.leave(answer.status));
    });
  }

  #wire(channel: Channel): ChannelWire {
    const closesConnection = this.#settings.device.platform !== 'linux';
    return new ChannelWire(channel, this.#pace(), () => {
      if (!closesConnection) return;
      this.#because('exit');
      this.#socket.end();
    });
  }

  #pace(): Pace | null {
    const { device, pace } = this.#settings;
    if (device.fault !== 'rekey') return pace;
    return { bytes: () => REKEY_BYTES, wait: (then) => this.#under?.rekey(then) };
  }

  #state(rows: number): CliState {
    return { privileged: !this.#settings.device.unprivileged, configuring: false, rows };
  }

  /** A secret typed where a command belongs must not reach the log. */
  #logCommand(line: string, channel: 'shell' | 'exec'): void {
    const { password, enableSecret, log } = this.#settings;
    const secret = line === password || line === enableSecret;
    log({ event: 'command', command: secret ? '(a secret)' : line, channel });
  }

  #checkSecret(secret: string): 'right' | 'wrong' | 'unanswered' {
    const { device, enableSecret, log } = this.#settings;
    const right = secret === enableSecret && device.fault !== 'enable' && device.fault !== 'hang-enable';
    log({ event: 'enable', accepted: right });
    if (device.fault === 'hang-enable') return 'unanswered';
    return right ? 'right' : 'wrong';
  }

  /** True: the session stops here. */
  #spoil(answer: Answer, wire: ChannelWire, channel: Channel): boolean {
    const { device, onReboot } = this.#settings;
    if (answer.do !== 'print' || !answer.show || this.#under === null) return false;
    const means: Means = {
      wire,
      channel,
      under: this.#under,
      drop: () => this.#drop(),
      reset: () => {
        this.#because('reset');
        this.#uncork();
        this.#socket.resetAndDestroy();
      },
      corrupt: () => {
        this.#uncork();
        this.#socket.write(Buffer.alloc(GARBAGE_BYTES, 0x5a));
      },
      reboot: onReboot,
      onClose: (then) => this.#socket.once('close', then),
    };
    return spoil(device.fault, means, () => plainLines(answer.text(), device.platform));
  }
}

const USUAL_ROWS = 24;
const WILD_BANNER = '\x1b[2J\x1b]0;another title\x07\x1b[31mNo entry\x1b[0m\x00\x08\x7f \x9b1A\r\n';
const BANNER_BYTES = 10 << 20;
const REKEY_BYTES = 1024;
const GARBAGE_BYTES = 256;
const REFUSALS: Record<string, Verdict> = {
  'second-factor': 'partial',
  'two-questions': 'denied',
  'asks-new-password': 'denied',
  'partial-login': 'partial',
  'expired-password': 'expired',
  'ban-login': 'banned',
};
const NOBODY_ENTERS: ReadonlySet<string> = new Set(['auth', ...Object.keys(REFUSALS)]);

/** Without a terminal a Linux host's lines end in LF alone. */
function plainLines(text: string, platform: string): string {
  return platform === 'linux' ? text.replaceAll('\r\n', '\n') : text;
}

// One connection to one simulated device, from TCP to close: its faults, its delays and its line in the event
// log. It joins what the parts beside it do alone: SSH (sshd), the shell (terminal), the command line (cli).
import type { Socket } from 'node:net';
import type { Answer, Cli, CliState } from './cli.js';
import type { EventBody } from './events.js';
import type { HostKey } from './hostkey.js';
import type { FleetDevice } from './plan.js';
import { type Channel, type LoginTry, serveSsh } from './sshd.js';
import { Terminal, type Wire } from './terminal.js';
import { ChannelWire } from './wire.js';

/** What a connection needs to know of its device and its fleet. */
export interface SessionSettings {
  device: FleetDevice;
  cli: Cli;
  hostKey: HostKey;
  user: string;
  password: string;
  enableSecret: string;
  authorizedKey: string | null;
  promptMs: number;
  commandMs: number;
  /** Pause between single bytes of output; null: output leaves at once. */
  dripMs: number | null;
  /** A connection on which nothing moves for so long is closed. */
  idleMs: number;
  log(event: EventBody): void;
}

export function serveSession(socket: Socket, settings: SessionSettings): { close(reason: string): void } {
  const session = new DeviceSession(socket, settings);
  return { close: (reason) => session.close(reason) };
}

class DeviceSession {
  #socket: Socket;
  #settings: SessionSettings;
  #reason: string | null = null;

  constructor(socket: Socket, settings: SessionSettings) {
    this.#socket = socket;
    this.#settings = settings;
    socket.setNoDelay(true);
    socket.setTimeout(settings.idleMs, () => this.close('idle'));
    socket.on('error', (error) => this.#because(error.message));
    socket.on('close', () => this.#closed());
    settings.log({ event: 'connect', from: `${socket.remoteAddress}:${socket.remotePort}` });
    if (settings.device.fault === 'hang-banner') socket.resume();
    else this.#serve();
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
  #drop(fault: string): void {
    this.#because(fault);
    this.#socket.uncork();
    this.#socket.destroySoon();
  }

  #serve(): void {
    const { cli, device, hostKey, authorizedKey, log } = this.#settings;
    serveSsh(this.#socket, {
      hostKey,
      software: cli.software,
      banner: cli.banner,
      authorizedKey,
      methods: this.#methods(),
      onClient: (client) => log({ event: 'banner', client }),
      onLogin: (login) => this.#login(login),
      onReady: () => {
        if (device.fault === 'drop-login') this.#drop('drop-login');
      },
      onShell: (channel, rows) => this.#shell(channel, rows),
      onExec: (channel, command) => this.#exec(channel, command),
      onError: (error) => this.#because(error.message),
    });
  }

  #methods(): LoginTry['method'][] {
    const { device, authorizedKey } = this.#settings;
    return authorizedKey === null ? [device.passwordMethod] : [device.passwordMethod, 'publickey'];
  }

  #login({ method, user, proof }: LoginTry): 'accepted' | 'denied' | 'unanswered' {
    const { device, log } = this.#settings;
    if (device.fault === 'hang-login') {
      log({ event: 'unanswered', method, user });
      return 'unanswered';
    }
    const right = user === this.#settings.user && (proof === true || proof === this.#settings.password);
    const accepted = right && this.#methods().includes(method) && device.fault !== 'auth';
    log({ event: accepted ? 'login' : 'denied', method, user });
    return accepted ? 'accepted' : 'denied';
  }

  #shell(channel: Channel, rows: number): { resize(rows: number): void } {
    const { cli, device, promptMs, commandMs } = this.#settings;
    if (device.fault === 'hang-prompt') {
      channel.resume();
      return { resize: () => {} };
    }
    const wire = this.#wire(channel);
    const terminal = new Terminal(wire, {
      cli,
      state: this.#state(rows > 0 ? rows : USUAL_ROWS),
      promptMs,
      commandMs,
      onCommand: (line) => this.#logCommand(line, 'shell'),
      checkSecret: (secret) => this.#checkSecret(secret),
      spoil: (answer) => this.#spoil(answer, wire),
    });
    channel.on('data', (bytes: Buffer) => terminal.feed(bytes.toString('latin1')));
    return terminal;
  }

  #exec(channel: Channel, command: string): void {
    const { cli, device, promptMs, commandMs } = this.#settings;
    channel.resume();
    this.#logCommand(command, 'exec');
    if (device.fault === 'hang-prompt') return;
    const wire = this.#wire(channel);
    wire.after(promptMs + commandMs, () => {
      const answer = cli.answer(command, this.#state(0));
      if (this.#spoil(answer, wire)) return;
      if (answer.do === 'print') {
        wire.write(plainLines(answer.text(), device.platform));
        wire.writeError(plainLines(answer.stderr, device.platform));
      }
      wire.leave(answer.do === 'print' ? answer.status : 0);
    });
  }

  #wire(channel: Channel): ChannelWire {
    const closesConnection = this.#settings.device.platform !== 'linux';
    return new ChannelWire(channel, this.#settings.dripMs, () => {
      if (!closesConnection) return;
      this.#because('exit');
      this.#socket.end();
    });
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

  #checkSecret(secret: string): boolean {
    const { device, enableSecret, log } = this.#settings;
    const accepted = secret === enableSecret && device.fault !== 'enable';
    log({ event: 'enable', accepted });
    return accepted;
  }

  /** Half an output, then silence or the end; true: the session stops here. */
  #spoil(answer: Answer, wire: Wire): boolean {
    const { fault } = this.#settings.device;
    if (fault !== 'hang-output' && fault !== 'drop-output') return false;
    if (answer.do !== 'print' || !answer.show) return false;
    const text = answer.text();
    wire.write(text.slice(0, Math.floor(text.length / 2)));
    if (fault === 'drop-output') wire.whenSent(() => this.#drop('drop-output'));
    return true;
  }
}

const USUAL_ROWS = 24;

/** Without a terminal a Linux host's lines end in LF alone. */
function plainLines(text: string, platform: string): string {
  return platform === 'linux' ? text.replaceAll('\r\n', '\n') : text;
}

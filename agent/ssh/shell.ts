// One connection to one device, from TCP to close, told to the session as events. It brings its own socket, always
// verifies the host key, never compresses, and keeps what it types of a secret in buffers that are zeroed. How a
// login looks is in authentication.ts, what SSH itself asks for in connection.ts.
import type { Duplex } from 'node:stream';
import type { NegotiatedAlgorithms } from 'ssh2';
import { Kind, type Stage } from '../../proto/gen/netsweep/v1/model.js';
import type { HostKey } from '../../proto/gen/netsweep/v1/session.js';
import { type Secret, secretBuffer } from '../credentials.js';
import { connectFailure, connectionFailure, DeviceFailure } from '../failure.js';
import { place, quote } from '../text.js';
import { algorithms, mismatch, weakOnes } from './algorithms.js';
import { Authentication, type AuthenticationEvents } from './authentication.js';
import type { Channel, ChannelEvents } from './channel.js';
import { Connection, type ConnectionEvents } from './connection.js';
import { hostKey } from './hostkeys.js';
import type { Answer, Step, Turn } from './login.js';
import type { Question } from './questions.js';
import { SecretPackets } from './secretpackets.js';
import { tunnel } from './tunnel.js';
import { Wire, type WireEvents } from './wire.js';

export type { ChannelEvents } from './channel.js';

/** Wide and long, so that a device neither wraps nor pages by itself. */
export const TERMINAL = { term: 'vt100', cols: 511, rows: 1000, width: 0, height: 0 };

export interface Endpoint {
  host: string;
  port: number;
  username: string;
  /** Keys known for it, which are asked for before others. */
  hostKeys: readonly HostKey[];
  /** Somebody may certify its key: certificates are asked for before anything else. */
  certified: boolean;
  /** Algorithms that are no longer held safe may be used. */
  legacy: boolean;
}

export interface ShellEvents
  extends Pick<AuthenticationEvents, 'method' | 'answer'>,
    Pick<WireEvents, 'mayConnect' | 'mayWrite' | 'refused'> {
  connected(): void;
  /** Whether to go on with this key, seen but not yet proved. */
  hostKey(key: HostKey): boolean;
  /**
   * The key exchange is done, the host key is proved; nothing has been said about users. `weak`: the algorithms
   * settled on that are no longer held safe. What is given back is waited for before anything more leaves; null:
   * nothing.
   */
  secured(weak: readonly string[]): Promise<void> | null;
  passwordExpired(): void;
  ready(): void;
  /** What went wrong, in the stage that the session is in; may come more than once. */
  failed(toFailure: (stage: Stage) => DeviceFailure): void;
  /** The socket has closed; nothing comes after it. */
  closed(): void;
}

/** What a session says through once it is logged in. */
export type Channels = Pick<
  Shell,
  'wire' | 'openTerminal' | 'run' | 'write' | 'writeSecret' | 'forgetSecrets'
>;

export class Shell implements WireEvents, ConnectionEvents, AuthenticationEvents {
  readonly #events: ShellEvents;
  readonly #endpoint: Endpoint;
  /** The socket underneath. */
  readonly wire: Wire;
  /** The algorithms that the connection uses; empty before the key exchange. */
  settled: Record<string, string> = {};
  readonly #connection: Connection;
  #channel: Channel | null = null;
  #knownKey: Buffer | null = null;
  #secured = false;
  #closed = false;
  readonly #packets: SecretPackets;

  /** `way`: a stream that reaches the endpoint already; null: TCP. */
  constructor(endpoint: Endpoint, events: ShellEvents, way: Duplex | null = null) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.wire = new Wire(endpoint.host, endpoint.port, this, way);
    this.#connection = new Connection(
      this.wire,
      algorithms(endpoint.hostKeys, endpoint.legacy, endpoint.certified),
      this,
    );
    this.#packets = new SecretPackets(() => this.#connection.protocol._packetRW.write);
  }

  /** Opens a terminal and a command line on it; a device that gives no terminal is asked for the bare line. */
  openTerminal(events: ChannelEvents, opened: () => void, terminal = TERMINAL): void {
    let bare = false;
    const refused = (error: Error) => this.#refusedChannel(error, 'a command line');
    const askShell = (channel: Channel) =>
      channel.shell((yes) => {
        if (yes) {
          this.#channel = channel;
          opened();
          channel.follow({
            data: (chunk) => events.data(chunk),
            closed: (status, signal) => {
              if (this.#channel === channel) this.#channel = null;
              events.closed(status, signal);
            },
          });
        } else if (!bare || this.#closed) refused(new Error('Unable to open shell'));
        else {
          // There may be a line where nobody has asked for a terminal.
          bare = false;
          channel.close();
          this.#guard(() => this.#connection.openSession({ opened: askShell, refused }));
        }
      });
    // Both are asked for at once, as OpenSSH does.
    const ask = (channel: Channel) => {
      channel.terminal(terminal, (yes) => {
        bare = !yes;
      });
      askShell(channel);
    };
    this.#guard(() => this.#connection.openSession({ opened: ask, refused }));
  }

  /** Runs one command on a channel of its own. */
  run(command: string, events: ChannelEvents): void {
    const refused = (error: Error) => {
      if (events.refused && !this.#closed) events.refused();
      else this.#refusedChannel(error, 'to run the command');
    };
    const opened = (channel: Channel) =>
      channel.exec(command, (yes) => {
        if (yes) {
          channel.follow(events);
          channel.end();
        } else {
          channel.close();
          refused(new Error('Unable to exec'));
        }
      });
    this.#guard(() => this.#connection.openSession({ opened, refused }));
  }

  /** A stream to a place that the other side reaches; rejects with an Error, `reason` as in RFC 4254. */
  forward(host: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const opened = (channel: Channel) => resolve(tunnel(channel));
      this.#connection.openWay(host, port, { opened, refused: reject });
    });
  }

  write(text: string): void {
    this.#type(Buffer.from(text, 'utf8'));
  }

  /** Types a secret and a line end; the bytes are zeroed when `forgetSecrets` is called. */
  writeSecret(secret: Secret, lineEnd: string): void {
    const line = secretBuffer(secret.bytes.length + Buffer.byteLength(lineEnd));
    line.set(secret.bytes);
    line.write(lineEnd, secret.bytes.length);
    this.#packets.keep(line);
    this.#packets.capture(() => this.#type(line));
  }

  forgetSecrets(): void {
    this.#packets.forget();
  }

  /** Leaves what comes where it is, until `goOn`; nobody is asked for a sign of life meanwhile. */
  hold(): void {
    if (this.#closed) return;
    this.#connection.held = true;
    this.wire.hold();
  }

  goOn(): void {
    if (!this.#connection.held) return;
    this.#connection.keepAlive();
    this.#connection.held = false;
    this.wire.goOn();
  }

  /** Leaves as SSH has it: a disconnect message, then the end of the stream. */
  end(): void {
    this.#guard(() => this.#connection.end());
  }

  // What the wire asks and tells.

  mayConnect(): boolean {
    return this.#events.mayConnect();
  }

  refused(address: string, port: number): DeviceFailure | null {
    return this.#events.refused(address, port);
  }

  mayWrite(): boolean {
    return this.#events.mayWrite();
  }

  connected(): void {
    this.#events.connected();
    if (this.wire.writable) this.#connection.protocol.start();
  }

  came(chunk: Buffer): void {
    this.#connection.came(chunk);
  }

  ended(): void {
    if (!this.wire.connected || this.wire.identification !== '' || this.#closed) return;
    this.failed(new Error('Connection lost before handshake'));
  }

  broke(error: Error): void {
    this.failed(Object.assign(error, { level: 'client-socket' }));
  }

  cutOff(toFailure: (stage: Stage) => DeviceFailure): void {
    this.#events.failed(toFailure);
  }

  closed(): void {
    this.ended();
    this.#closed = true;
    this.forgetSecrets();
    this.#events.closed();
    this.#connection.closed();
  }

  // What the connection asks and tells.

  /** Asked again at each new key exchange of the connection: the key must stay what it was. */
  verify(blob: Buffer): boolean {
    if (this.#knownKey) return this.#knownKey.equals(blob);
    const own = Buffer.from(blob);
    if (!this.#events.hostKey(hostKey(own))) return false;
    this.#knownKey = own;
    return true;
  }

  exchanged({ kex, serverHostKey, cs, sc }: NegotiatedAlgorithms): void {
    if (this.#secured) return; // a later key exchange of the same connection
    this.#secured = true;
    this.wire.secured();
    this.settled = { kex, host_key_algorithm: serverHostKey, cipher: cs.cipher, mac: cs.mac };
    const [cipher, mac] = [
      [cs.cipher, sc.cipher],
      [cs.mac, sc.mac],
    ];
    const first = this.#events.secured(weakOnes({ kex, hostKey: serverHostKey, cipher, mac }));
    if (first !== null) this.wire.gatherUntil(first);
    if (!this.wire.writable) return; // the key was all that was wanted
    const { protocol } = this.#connection;
    const authentication = new Authentication(this.#endpoint.username, protocol, this.#packets, this);
    this.#connection.login = authentication;
    authentication.begin();
  }

  silent(): void {
    this.failed(Object.assign(new Error('Keepalive timeout'), { level: 'client-timeout' }));
    this.wire.socket.destroy();
  }

  // What the login asks and tells.

  method(turn: Turn): Promise<Step> {
    return this.#events.method(turn);
  }

  answer(questions: readonly Question[]): Promise<Answer[]> {
    return this.#events.answer(questions);
  }

  passwordExpired(): void {
    this.#events.passwordExpired();
  }

  admitted(): void {
    this.#connection.keepAlive();
    this.#connection.login = null;
    this.forgetSecrets();
    this.#events.ready();
  }

  isClosed(): boolean {
    return this.#closed;
  }

  hostKeyAlgorithms(): readonly string[] {
    return this.wire.offer?.hostKey ?? [];
  }

  #type(bytes: Buffer): void {
    this.#guard(() => this.#channel?.write(bytes));
  }

  #refusedChannel(error: Error, what: string): void {
    if (this.#closed) return;
    this.#events.failed(
      (stage) =>
        new DeviceFailure(Kind.PROTOCOL, stage, `the device refused ${what} (${quote(error.message)})`, {
          cause: error,
        }),
    );
  }

  /** It throws where the connection has gone meanwhile. */
  #guard(act: () => unknown): void {
    try {
      act();
    } catch (error) {
      this.failed(error);
    }
  }

  /** What went wrong, in words that people understand. */
  failed(thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { host, port, hostKeys, legacy } = this.#endpoint;
    if (error instanceof DeviceFailure) this.#events.failed(() => error);
    else if (!this.wire.connected) this.#events.failed(() => connectFailure(error, place(host, port)));
    else if (this.wire.greeting !== '')
      this.#events.failed(
        (stage) =>
          new DeviceFailure(Kind.PROTOCOL, stage, `not SSH; it says: ${this.wire.greeting}`, {
            cause: error,
          }),
      );
    else if ((error as { level?: unknown }).level === 'handshake' && /no matching/i.test(error.message)) {
      const words = mismatch(this.wire.offer, hostKeys, legacy);
      this.#events.failed((stage) => new DeviceFailure(Kind.ALGORITHMS, stage, words, { cause: error }));
    } else this.#events.failed((stage) => connectionFailure(error, stage));
  }
}

// The file that knows ssh2: one connection to one device, from TCP to close, told to the session as events. It
// brings its own socket, always verifies the host key, never compresses, and keeps what it types of a secret in
// buffers that are zeroed. How a login looks is in authentication.ts.
import type { Duplex } from 'node:stream';
import ssh2, {
  type Algorithms,
  type ClientChannel,
  type NegotiatedAlgorithms,
  type NextAuthHandler,
} from 'ssh2';
import { Kind, type Stage } from '../../proto/gen/netsweep/v1/model.js';
import type { HostKey } from '../../proto/gen/netsweep/v1/session.js';
import { type Secret, secretBuffer } from '../credentials.js';
import { connectFailure, connectionFailure, DeviceFailure } from '../failure.js';
import { place, quote } from '../text.js';
import { algorithms, mismatch, weakOnes } from './algorithms.js';
import { Authentication, type AuthenticationEvents, type AuthenticationProtocol } from './authentication.js';
import { type Cipher, endOnce, padPlain, padSettled, terminalShell } from './economy.js';
import { hostKey } from './hostkeys.js';
import { type PacketWriter, SecretPackets } from './secretpackets.js';
import { tunnel } from './tunnel.js';
import { Wire, type WireEvents } from './wire.js';

const KEEPALIVE_MS = 10_000;
const KEEPALIVES = 3;
/** Traffic counts as a sign of life at most this often. */
const SIGN_OF_LIFE_MS = 5_000;
/** Wide and long, so that a device neither wraps nor pages by itself. */
export const TERMINAL = { term: 'vt100', cols: 511, rows: 1000, width: 0, height: 0 };

export interface Endpoint {
  host: string;
  port: number;
  username: string;
  /** Keys known for it, which are asked for before others. */
  hostKeys: readonly HostKey[];
  /** Algorithms that are no longer held safe may be used. */
  legacy: boolean;
}

export interface ShellEvents
  extends Pick<AuthenticationEvents, 'method' | 'answer'>,
    Pick<WireEvents, 'mayConnect' | 'mayWrite'> {
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

export interface ChannelEvents {
  data(chunk: Buffer): void;
  errorData?(chunk: Buffer): void;
  /** `status` null: the device said none; `signal`: what ended the command. */
  closed(status: number | null, signal: string | null): void;
  /** The device gives no such channel, though it is still there; without this it is a failure. */
  refused?(): void;
}

/** The parts of ssh2's Client that have no public face; ssh2's version is pinned and a test looks at each. */
interface Inside {
  _protocol: AuthenticationProtocol & { _packetRW: { write: PacketWriter }; _cipher: Cipher };
  _remoteVer: string | undefined;
  _resetKA?: () => void;
}

/** What a session says through once it is logged in. */
export type Channels = Pick<
  Shell,
  'wire' | 'openTerminal' | 'run' | 'write' | 'writeSecret' | 'forgetSecrets'
>;

export class Shell {
  readonly #events: ShellEvents;
  readonly #endpoint: Endpoint;
  /** The socket underneath. */
  readonly wire: Wire;
  /** The algorithms that the connection uses; empty before the key exchange. */
  settled: Record<string, string> = {};
  readonly #client = new ssh2.Client();
  #channel: ClientChannel | null = null;
  #authentication: Authentication | null = null;
  #knownKey: Buffer | null = null;
  #secured = false;
  #ready = false;
  #closed = false;
  #lastLife = 0;
  #holding: NodeJS.Timeout | null = null;
  readonly #packets = new SecretPackets(() => this.#inside._protocol._packetRW.write);

  /** `way`: a stream that reaches the endpoint already; null: TCP. */
  constructor(endpoint: Endpoint, events: ShellEvents, way: Duplex | null = null) {
    this.#endpoint = endpoint;
    this.#events = events;
    const wireEvents: WireEvents = {
      mayConnect: () => events.mayConnect(),
      mayWrite: () => events.mayWrite(),
      bytes: () => this.#signOfLife(),
      failed: (toFailure) => events.failed(toFailure),
    };
    this.wire = new Wire(endpoint.host, endpoint.port, wireEvents, way);
    if (way === null) this.wire.socket.once('connect', () => events.connected());
    else process.nextTick(() => events.connected());
    this.#client.on('error', (error) => this.#failed(error));
    this.#client.on('close', () => this.#onClose());
    this.#startProtocol();
  }

  /** Opens a terminal and a command line on it; a device that gives no terminal is asked for the bare line. */
  openTerminal(events: ChannelEvents, opened: () => void, terminal = TERMINAL): void {
    let bare: ClientChannel | null = null;
    const answered = (error: Error | undefined, channel: ClientChannel) => {
      if (error === undefined) {
        this.#channel = channel;
        this.#follow(channel, events);
        opened();
      } else if (bare === null || this.#closed) this.#refusedChannel(error, 'a command line');
      else {
        // There may be a line where nobody has asked for a terminal.
        bare.close();
        bare = null;
        this.#guard(() => this.#client.shell(false, answered));
      }
    };
    const refused = (channel: ClientChannel) => {
      bare = channel;
    };
    this.#guard(() => terminalShell(this.#client, terminal, refused, answered));
  }

  /** Runs one command on a channel of its own. */
  run(command: string, events: ChannelEvents): void {
    this.#guard(() =>
      this.#client.exec(command, (error, channel) => {
        if (error && events.refused && !this.#closed) events.refused();
        else if (error) this.#refusedChannel(error, 'to run the command');
        else {
          this.#follow(channel, events);
          channel.end();
        }
      }),
    );
  }

  /** A stream to a place that the other side reaches; rejects with an Error, `reason` as in RFC 4254. */
  forward(host: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.#client.forwardOut('127.0.0.1', 0, host, port, (error, channel) =>
        error ? reject(error) : resolve(tunnel(channel)),
      );
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
    this.wire.socket.pause();
    this.#holding ??= setInterval(() => this.#inside._resetKA?.(), KEEPALIVE_MS / 2);
  }

  goOn(): void {
    if (this.#holding === null) return;
    clearInterval(this.#holding);
    this.#holding = null;
    this.#inside._resetKA?.();
    this.wire.socket.resume();
  }

  /** Leaves as SSH has it: a disconnect message, then the end of the stream. */
  end(): void {
    this.#guard(() => this.#client.end());
  }

  #type(bytes: Buffer): void {
    this.#guard(() => this.#channel?.write(bytes));
  }

  #startProtocol(): void {
    this.#client.on('handshake', (settled) => this.#onHandshake(settled));
    this.#client.on('ready', () => {
      this.#ready = true;
      this.forgetSecrets();
      this.#events.ready();
    });
    this.#client.on('change password', () => this.#events.passwordExpired());
    this.#guard(() => this.#connect());
  }

  #connect(): void {
    const { username, hostKeys, legacy } = this.#endpoint;
    const { kex, cipher, mac, hostKey: serverHostKey } = algorithms(hostKeys, legacy);
    this.#client.connect({
      sock: this.wire.socket,
      username,
      // Names that ssh2 checks itself.
      algorithms: { kex, cipher, hmac: mac, serverHostKey, compress: ['none'] } as Algorithms,
      readyTimeout: 0,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVES,
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => verify(this.#verify(key)),
      authHandler: (left: readonly string[] | null, partial: boolean, next: NextAuthHandler) =>
        this.#authentication?.proceed(left, partial === true, next),
    });
    padPlain(this.#inside._protocol._cipher);
    this.#authentication = new Authentication(username, this.#inside._protocol, this.#packets, {
      method: (turn) => this.#events.method(turn),
      answer: (questions) => this.#events.answer(questions),
      isClosed: () => this.#closed,
      failed: (error) => this.#failed(error),
      hostKeyAlgorithms: () => this.wire.offer?.hostKey ?? [],
    });
  }

  /** Asked again at each new key exchange of the connection: the key must stay what it was. */
  #verify(blob: Buffer): boolean {
    if (this.#knownKey) return this.#knownKey.equals(blob);
    const own = Buffer.from(blob);
    if (!this.#events.hostKey(hostKey(own))) return false;
    this.#knownKey = own;
    return true;
  }

  #onHandshake({ kex, serverHostKey, cs, sc }: NegotiatedAlgorithms): void {
    padSettled(this.#inside._protocol._cipher, cs.cipher);
    if (this.#secured) return; // a later key exchange of the same connection
    this.#secured = true;
    this.wire.secured();
    this.settled = { kex, host_key_algorithm: serverHostKey, cipher: cs.cipher, mac: cs.mac };
    // OpenSSH then offers all its keys, which ssh2 would have signed and would verify one by one for nobody.
    this.#inside._remoteVer = '';
    const [cipher, mac] = [
      [cs.cipher, sc.cipher],
      [cs.mac, sc.mac],
    ];
    const first = this.#events.secured(weakOnes({ kex, hostKey: serverHostKey, cipher, mac }));
    if (first !== null) this.wire.gatherUntil(first);
    process.nextTick(() => this.#guard(() => this.#authentication?.begin()));
  }

  get #inside(): Inside {
    return this.#client as unknown as Inside; // see Inside
  }

  #follow(channel: ClientChannel, events: ChannelEvents): void {
    let status: number | null = null;
    let signal: string | null = null;
    endOnce(channel);
    channel.on('data', (chunk: Buffer) => events.data(chunk));
    if (events.errorData) channel.stderr.on('data', (chunk: Buffer) => events.errorData?.(chunk));
    else channel.stderr.resume();
    channel.on('exit', (code: number | null, name?: string) => {
      status = code;
      signal = name ?? null;
    });
    channel.on('error', (error: Error) => this.#failed(error));
    channel.on('close', () => {
      if (this.#channel === channel) this.#channel = null;
      events.closed(status, signal);
    });
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

  /** ssh2 throws where the connection has gone meanwhile. */
  #guard(act: () => unknown): void {
    try {
      act();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(thrown: unknown): void {
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

  #onClose(): void {
    this.#closed = true;
    this.goOn();
    this.forgetSecrets();
    this.#events.closed();
  }

  /** A device that sends is alive, whether or not it answers keepalives. */
  #signOfLife(): void {
    if (!this.#ready) return;
    const now = performance.now();
    if (now - this.#lastLife < SIGN_OF_LIFE_MS) return;
    this.#lastLife = now;
    this.#inside._resetKA?.();
  }
}

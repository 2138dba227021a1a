// The only file that knows ssh2: one connection to one device, from TCP to close, told to the session as
// events. It brings its own socket, always verifies the host key, never compresses, and keeps passwords in
// buffers that are zeroed as soon as they are answered.
import ssh2, { type AnyAuthMethod, type ClientChannel, type NextAuthHandler, type ParsedKey } from 'ssh2';
import { Kind, Stage } from '../proto/gen/netsweep/v1/model.js';
import type { HostKey } from '../proto/gen/netsweep/v1/session.js';
import { type Secret, secretBuffer } from './credentials.js';
import { connectFailure, connectionFailure, DeviceFailure } from './failure.js';
import { hostKey } from './hostkeys.js';
import type { Method, Question } from './login.js';
import { quote } from './text.js';
import { Wire } from './wire.js';

const ALGORITHMS = {
  // The cheapest for both sides first.
  kex: [
    'ecdh-sha2-nistp256',
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group-exchange-sha256',
  ],
  // Without ChaCha20: its place in the Terrapin attack is not worth what it saves.
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} as const;

const KEEPALIVE_MS = 10_000;
const KEEPALIVES = 3;
/** Traffic counts as a sign of life at most this often. */
const SIGN_OF_LIFE_MS = 5_000;
/** Wide and long, so that a device neither wraps nor pages by itself. */
const TERMINAL = { term: 'vt100', cols: 511, rows: 1000, width: 0, height: 0 };

export interface Endpoint {
  host: string;
  port: number;
  username: string;
  key: PrivateKey | null;
  /** Host key algorithms, the preferred first. */
  hostKeyAlgorithms: string[];
}

export interface ShellEvents {
  connected(): void;
  /** Whether to go on with this key, seen but not yet proved. */
  hostKey(key: HostKey): boolean;
  /** The key exchange is done, the host key is proved; nothing has been said about users. */
  secured(): void;
  /** Which login method comes next; rejects with a DeviceFailure to give up. */
  method(left: readonly string[] | null, partial: boolean): Promise<Method>;
  password(): Secret;
  answer(questions: readonly Question[]): Promise<Secret>;
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
}

/** A private key, ready for use; its holder can't look inside. */
export interface PrivateKey {
  readonly parsed: unknown;
}

/** The parts of ssh2's Client that have no public face; ssh2's version is pinned and a test looks at each. */
interface Inside {
  _protocol: {
    _packetRW: { write: { allocStart: number; finalize(packet: Buffer, force?: boolean): Buffer } };
  };
  _remoteVer: string | undefined;
  _resetKA?: () => void;
}

const keys = new WeakMap<Uint8Array, PrivateKey>();

/** Reads a key; throws a DeviceFailure when it can't be used. */
export function readPrivateKey(bytes: Buffer): PrivateKey {
  const known = keys.get(bytes);
  if (known) return known;
  const parsed = ssh2.utils.parseKey(bytes);
  if (parsed instanceof Error || !parsed.isPrivateKey())
    throw new DeviceFailure(Kind.AUTH, Stage.AUTH, 'the private key is not one, or is encrypted');
  const key = { parsed };
  keys.set(bytes, key);
  return key;
}

export class Shell {
  readonly #events: ShellEvents;
  readonly #endpoint: Endpoint;
  /** The socket underneath. */
  readonly wire: Wire;
  readonly #client = new ssh2.Client();
  #channel: ClientChannel | null = null;
  #knownKey: Buffer | null = null;
  #secured = false;
  #ready = false;
  #closed = false;
  #lastLife = 0;
  /** Packets with a secret in them, to be zeroed once answered. */
  #secretPackets: Buffer[] = [];

  constructor(endpoint: Endpoint, events: ShellEvents) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.wire = new Wire(endpoint.host, endpoint.port, {
      bytes: () => this.#signOfLife(),
      failed: (toFailure) => events.failed(toFailure),
    });
    this.wire.socket.once('connect', () => events.connected());
    this.#client.on('error', (error) => this.#failed(error));
    this.#client.on('close', () => this.#onClose());
    this.#startProtocol();
  }

  /** Opens a terminal and a command line on it. */
  openTerminal(events: ChannelEvents, opened: () => void): void {
    this.#guard(() =>
      this.#client.shell(TERMINAL, (error, channel) => {
        if (error) this.#refusedChannel(error, 'a command line');
        else {
          this.#follow(channel, events);
          opened();
        }
      }),
    );
  }

  /** Runs one command on a channel of its own. */
  run(command: string, events: ChannelEvents): void {
    this.#guard(() =>
      this.#client.exec(command, (error, channel) => {
        if (error) this.#refusedChannel(error, 'to run the command');
        else {
          this.#follow(channel, events);
          channel.end();
        }
      }),
    );
  }

  write(text: string): void {
    this.#type(Buffer.from(text, 'utf8'));
  }

  /** Types a secret and a line end; the bytes are zeroed when `forgetSecrets` is called. */
  writeSecret(secret: Secret, lineEnd: string): void {
    const line = secretBuffer(secret.bytes.length + Buffer.byteLength(lineEnd));
    line.set(secret.bytes);
    line.write(lineEnd, secret.bytes.length);
    this.#secretPackets.push(line);
    this.#capture(() => this.#type(line));
  }

  forgetSecrets(): void {
    for (const packet of this.#secretPackets) packet.fill(0);
    this.#secretPackets = [];
  }

  /** Leaves as SSH has it: a disconnect message, then the end of the stream. */
  end(): void {
    this.#guard(() => this.#client.end());
  }

  #type(bytes: Buffer): void {
    this.#guard(() => this.#channel?.write(bytes));
  }

  #startProtocol(): void {
    this.#client.on('handshake', () => this.#onHandshake());
    this.#client.on('ready', () => {
      this.#ready = true;
      this.forgetSecrets();
      this.#events.ready();
    });
    this.#client.on('change password', () => this.#events.passwordExpired());
    this.#guard(() =>
      this.#client.connect({
        sock: this.wire.socket,
        username: this.#endpoint.username,
        algorithms: {
          kex: [...ALGORITHMS.kex],
          cipher: [...ALGORITHMS.cipher],
          hmac: [...ALGORITHMS.hmac],
          compress: [...ALGORITHMS.compress],
          serverHostKey: this.#endpoint.hostKeyAlgorithms as never, // names that ssh2 checks itself
        },
        readyTimeout: 0,
        keepaliveInterval: KEEPALIVE_MS,
        keepaliveCountMax: KEEPALIVES,
        hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => verify(this.#verify(key)),
        authHandler: (left: readonly string[] | null, partial: boolean, next: NextAuthHandler) => {
          void this.#login(left, partial, next);
        },
      }),
    );
  }

  /** Asked again at each new key exchange of the connection: the key must stay what it was. */
  #verify(blob: Buffer): boolean {
    if (this.#knownKey) return this.#knownKey.equals(blob);
    const own = Buffer.from(blob);
    if (!this.#events.hostKey(hostKey(own))) return false;
    this.#knownKey = own;
    return true;
  }

  #onHandshake(): void {
    if (this.#secured) return; // a later key exchange of the same connection
    this.#secured = true;
    // OpenSSH then offers all its keys, which ssh2 would have signed and would verify one by one for nobody.
    this.#inside._remoteVer = '';
    this.#events.secured();
  }

  async #login(left: readonly string[] | null, partial: boolean, next: NextAuthHandler): Promise<void> {
    this.forgetSecrets();
    try {
      const type = await this.#events.method(left, partial === true);
      if (this.#closed) return;
      const { username } = this.#endpoint;
      if (type === 'password') {
        // ssh2 takes a Buffer, its types know only text.
        const password = this.#events.password().bytes as unknown as string;
        this.#capture(() => next({ type, username, password }));
      } else if (type === 'publickey') {
        next({ type, username, key: this.#endpoint.key?.parsed as ParsedKey });
      } else if (type === 'keyboard-interactive') {
        next({
          type,
          username,
          prompt: (_name: string, _instructions: string, _language: string, prompts, finish) => {
            void this.#answer(prompts, finish);
          },
        } as AnyAuthMethod);
      } else next({ type, username });
    } catch (error) {
      this.#failed(error);
    }
  }

  async #answer(questions: Question[], finish: (answers: string[]) => void): Promise<void> {
    try {
      const { bytes } = await this.#events.answer(questions);
      if (this.#closed) return;
      // ssh2 takes only text here, which would stay on the heap: a stand-in of the same length is replaced
      // in the packet, behind its type, count and length.
      this.#capture(
        () => finish(['\0'.repeat(bytes.length)]),
        (packet, start) => packet.set(bytes, start + 1 + 4 + 4),
      );
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Remembers the packets that `send` makes, so that they can be zeroed; `edit` may change them first. */
  #capture(send: () => void, edit?: (packet: Buffer, start: number) => void): void {
    const writer = this.#inside._protocol._packetRW.write;
    const finalize = writer.finalize;
    writer.finalize = (packet, force) => {
      edit?.(packet, writer.allocStart);
      this.#secretPackets.push(packet);
      return finalize.call(writer, packet, force);
    };
    try {
      send();
    } finally {
      writer.finalize = finalize;
    }
  }

  get #inside(): Inside {
    return this.#client as unknown as Inside; // see Inside
  }

  #follow(channel: ClientChannel, events: ChannelEvents): void {
    let status: number | null = null;
    let signal: string | null = null;
    this.#channel = channel;
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
    const { host, port } = this.#endpoint;
    if (error instanceof DeviceFailure) this.#events.failed(() => error);
    else if (!this.wire.connected) this.#events.failed(() => connectFailure(error, `${host}:${port}`));
    else if (this.wire.greeting !== '')
      this.#events.failed(
        (stage) =>
          new DeviceFailure(Kind.PROTOCOL, stage, `not SSH; it says: ${this.wire.greeting}`, {
            cause: error,
          }),
      );
    else this.#events.failed((stage) => connectionFailure(error, stage));
  }

  #onClose(): void {
    this.#closed = true;
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

// The SSH connection above the transport: ssh2's protocol classes with a client of our own around them. ssh2's own
// one makes streams and emitters of everything, which costs as much as a key exchange. What comes goes straight to
// who waits for it; nothing here knows a device, a login or a failure.
import type { NegotiatedAlgorithms } from 'ssh2';
import kex from 'ssh2/lib/protocol/kex.js';
import Protocol from 'ssh2/lib/protocol/Protocol.js';
import type { Algorithms } from './algorithms.js';
import { proveCertified } from './certified.js';
import { Channel, type ChannelOpening, PACKET, WINDOW } from './channel.js';
import { cheapenExchange, padPlain, padSettled } from './economy.js';

/** RFC 4253, section 11.1. */
const BY_APPLICATION = 11;
/** RFC 4254, section 5.1. */
const PROHIBITED = 1;
const STDERR = 1;

/** How often a connection is looked at, and after how many looks without a byte a keepalive is sent. */
const LOOK_MS = 2_500;
const LOOKS = 4;
const KEEPALIVES = 3;

/** Where bytes go. */
interface Way {
  /** Whether anything more can be said. */
  readonly writable: boolean;
  write(bytes: Buffer): void;
  end(): void;
}

/** Who hears of the connection itself. */
export interface ConnectionEvents {
  /** Asked in each key exchange. */
  verify(hostKey: Buffer): boolean;
  exchanged(settled: NegotiatedAlgorithms): void;
  /** The way is ended with it. */
  failed(error: Error): void;
  /** No answer to keepalives, for as long as several of them take. */
  silent(): void;
}

/** Who hears of the login. */
export interface LoginEvents {
  served(service: string): void;
  extended(extensions: { name: string; algs: string[] }[]): void;
  refused(left: string[], partial: boolean): void;
  accepted(): void;
  expired(): void;
  keyTaken(): void;
  asked(questions: { prompt: string; echo: boolean }[]): void;
}

/** An error with what ssh2 puts on its own. */
function errorOf(message: string, more: { level?: string; code?: number; reason?: number }): Error {
  return Object.assign(new Error(message), more);
}

export class Connection {
  readonly protocol: Protocol;
  readonly events: ConnectionEvents;
  login: LoginEvents | null = null;
  readonly #way: Way;
  readonly #channels = new Map<number, Channel>();
  #opened = 0;
  /** Nothing that comes is read any more. */
  #deaf = false;
  /** Bytes have come since the last look. */
  #alive = false;
  #silentLooks = 0;
  /** Nobody reads, so nobody can tell whether there is silence. */
  held = false;

  constructor(way: Way, algorithms: Algorithms, events: ConnectionEvents) {
    this.#way = way;
    this.events = events;
    this.protocol = new Protocol({
      offer: offerOf(algorithms),
      onWrite: (bytes) => way.write(bytes),
      onError: (error) => this.#broken(error),
      onHandshakeComplete: (settled) => {
        padSettled(this.protocol._cipher, settled.cs.cipher);
        events.exchanged(settled);
      },
      hostVerifier: (blob) => {
        cheapenExchange(this.protocol._kex);
        if (!events.verify(blob)) return false;
        proveCertified(this.protocol._kex, blob);
        return true;
      },
      messageHandlers: new Messages(this),
    });
    padPlain(this.protocol._cipher);
  }

  /** What has come on the way. */
  came(chunk: Buffer): void {
    this.#alive = true;
    if (this.#deaf) return;
    try {
      this.protocol.parse(chunk, 0, chunk.length);
    } catch (error) {
      this.#broken(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** From now on a silent peer is asked for a sign of life. */
  keepAlive(): void {
    this.#alive = true;
    lookAfter(this);
  }

  /** Opens a session; throws when the connection has ended. */
  openSession(opening: ChannelOpening): void {
    const channel = this.#open(opening);
    this.protocol.session(channel.id, WINDOW, PACKET);
  }

  /** Opens a way to a place that the other side reaches; throws when the connection has ended. */
  openWay(host: string, port: number, opening: ChannelOpening): void {
    const channel = this.#open(opening);
    const way = { srcIP: '127.0.0.1', srcPort: 0, dstIP: host, dstPort: port };
    this.protocol.directTcpip(channel.id, WINDOW, PACKET, way);
  }

  /** Leaves as SSH has it: a disconnect message, then the end of the way. */
  end(): void {
    if (!this.#way.writable) return;
    this.protocol.disconnect(BY_APPLICATION);
    this.#way.end();
  }

  /** The way has closed: so has every channel. */
  closed(): void {
    this.#deaf = true;
    watched.delete(this);
    this.protocol.cleanup();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) channel.closed(false);
  }

  look(): void {
    if (this.#alive || this.held) {
      this.#alive = false;
      this.#silentLooks = 0;
    } else if (++this.#silentLooks % LOOKS === 0 && this.#way.writable) {
      if (this.#silentLooks <= LOOKS * KEEPALIVES) return this.protocol.ping();
      watched.delete(this);
      this.events.silent();
    }
  }

  // What messages say.

  left(reason: number, words: string): void {
    if (reason !== BY_APPLICATION)
      this.events.failed(
        errorOf(words || REASONS[reason] || `Unexpected disconnection reason: ${reason}`, { code: reason }),
      );
    this.#way.end();
  }

  channel(id: number): Channel | undefined {
    return this.#channels.get(id);
  }

  forget(channel: Channel): void {
    this.#channels.delete(channel.id);
  }

  #open(opening: ChannelOpening): Channel {
    if (!this.#way.writable) throw new Error('Not connected');
    const channel = new Channel(this.#opened++, this.protocol, opening);
    this.#channels.set(channel.id, channel);
    return channel;
  }

  #broken(error: Error): void {
    if (this.#deaf) return;
    this.#deaf = true;
    this.events.failed(error);
    this.#way.end();
  }
}

/** Handlers of messages, as ssh2 calls them: without a receiver, and with the protocol, which keeps them, first. */
class Messages {
  constructor(readonly connection: Connection) {}

  DISCONNECT(protocol: Protocol, reason: number, words: string): void {
    of(protocol).left(reason, words);
  }

  SERVICE_ACCEPT(protocol: Protocol, service: string): void {
    of(protocol).login?.served(service);
  }

  EXT_INFO(protocol: Protocol, extensions: { name: string; algs: string[] }[]): void {
    of(protocol).login?.extended(extensions);
  }

  USERAUTH_FAILURE(protocol: Protocol, left: string[], partial: boolean): void {
    of(protocol).login?.refused(left, partial === true);
  }

  USERAUTH_SUCCESS(protocol: Protocol): void {
    of(protocol).login?.accepted();
  }

  USERAUTH_PASSWD_CHANGEREQ(protocol: Protocol): void {
    of(protocol).login?.expired();
  }

  USERAUTH_PK_OK(protocol: Protocol): void {
    of(protocol).login?.keyTaken();
  }

  USERAUTH_INFO_REQUEST(
    protocol: Protocol,
    _: string,
    __: string,
    questions: { prompt: string; echo: boolean }[],
  ): void {
    of(protocol).login?.asked(questions);
  }

  GLOBAL_REQUEST(protocol: Protocol, _: string, wantReply: boolean): void {
    if (wantReply) protocol.requestFailure();
  }

  CHANNEL_OPEN(protocol: Protocol, { sender }: { sender: number }): void {
    protocol.channelOpenFail(sender, PROHIBITED);
  }

  CHANNEL_OPEN_CONFIRMATION(
    protocol: Protocol,
    {
      recipient,
      sender,
      window,
      packetSize,
    }: Record<'recipient' | 'sender' | 'window' | 'packetSize', number>,
  ): void {
    of(protocol).channel(recipient)?.opened(sender, window, packetSize);
  }

  CHANNEL_OPEN_FAILURE(protocol: Protocol, id: number, reason: number, words: string): void {
    const connection = of(protocol);
    const channel = connection.channel(id);
    if (channel === undefined || channel.isOpen) return;
    connection.forget(channel);
    channel.notOpened(errorOf(`(SSH) Channel open failure: ${words}`, { reason }));
  }

  CHANNEL_DATA(protocol: Protocol, id: number, data: Buffer): void {
    of(protocol).channel(id)?.data(data, false);
  }

  CHANNEL_EXTENDED_DATA(protocol: Protocol, id: number, data: Buffer, type: number): void {
    if (type === STDERR) of(protocol).channel(id)?.data(data, true);
  }

  CHANNEL_WINDOW_ADJUST(protocol: Protocol, id: number, bytes: number): void {
    of(protocol).channel(id)?.widen(bytes);
  }

  CHANNEL_SUCCESS(protocol: Protocol, id: number): void {
    of(protocol).channel(id)?.answered(true);
  }

  CHANNEL_FAILURE(protocol: Protocol, id: number): void {
    of(protocol).channel(id)?.answered(false);
  }

  CHANNEL_REQUEST(protocol: Protocol, id: number, type: string, wantReply: boolean, what: unknown): void {
    of(protocol).channel(id)?.request(type, wantReply, what);
  }

  CHANNEL_EOF(protocol: Protocol, id: number): void {
    of(protocol).channel(id)?.ended();
  }

  CHANNEL_CLOSE(protocol: Protocol, id: number): void {
    const connection = of(protocol);
    const channel = connection.channel(id);
    if (channel === undefined) return;
    connection.forget(channel);
    channel.closed(true);
  }
}

function of(protocol: Protocol): Connection {
  return (protocol._handlers as Messages).connection; // its own
}

/** What ssh2 says of a reason without words. */
const REASONS: Record<number, string> = {
  1: 'HOST_NOT_ALLOWED_TO_CONNECT',
  2: 'PROTOCOL_ERROR',
  3: 'KEY_EXCHANGE_FAILED',
  4: 'RESERVED',
  5: 'MAC_ERROR',
  6: 'COMPRESSION_ERROR',
  7: 'SERVICE_NOT_AVAILABLE',
  8: 'PROTOCOL_VERSION_NOT_SUPPORTED',
  9: 'HOST_KEY_NOT_VERIFIABLE',
  10: 'CONNECTION_LOST',
  12: 'TOO_MANY_CONNECTIONS',
  13: 'AUTH_CANCELED_BY_USER',
  14: 'NO_MORE_AUTH_METHODS_AVAILABLE',
  15: 'ILLEGAL_USER_NAME',
};

/** Encoded once; lists are made once too, and never change. */
const offers = new WeakMap<Algorithms, InstanceType<typeof kex.KexInit>>();

function offerOf(algorithms: Algorithms): InstanceType<typeof kex.KexInit> {
  const known = offers.get(algorithms);
  if (known) return known;
  const { kex: exchanges, hostKey, cipher, mac } = algorithms;
  const each = { cipher, mac, compress: ['none'], lang: [] };
  const offer = new kex.KexInit({
    kex: [...exchanges, 'ext-info-c', 'kex-strict-c-v00@openssh.com'],
    serverHostKey: hostKey,
    cs: each,
    sc: each,
  });
  offers.set(algorithms, offer);
  return offer;
}

/** Connections of this process that are to be kept alive: one timer looks after all of them. */
const watched = new Set<Connection>();
let looking: NodeJS.Timeout | null = null;

function lookAfter(connection: Connection): void {
  watched.add(connection);
  looking ??= setInterval(() => {
    for (const each of watched) each.look();
    if (watched.size > 0 || looking === null) return;
    clearInterval(looking);
    looking = null;
  }, LOOK_MS);
}

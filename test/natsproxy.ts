// A proxy between one client (an agent or a coordinator) and nats-server which knows the messages that pass: offers
// on their way to an agent, the agent's acknowledgements, the coordinator's publications and their receipts. Each
// fault is a share of them, may be changed at any time, and is counted, because a fault that never fired
// has tested nothing.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { dice, fraction } from '../agent/fleet/dice.ts';
import { bytesOf, type Frame, Frames, headerOf, payloadOf, replyOf, withPayload } from './natsframes.ts';

/** Shares from 0 to 1. */
export interface NatsFaults {
  /** Deliveries that come once more, up to 3 s later. */
  duplicate: number;
  /** Deliveries that let later ones go first. */
  reorder: number;
  /** Deliveries that are up to 300 ms late. */
  delay: number;
  /** Messages that are never delivered, however often the server tries. */
  hide: number;
  /** Acknowledgements that do not arrive. */
  loseAcks: number;
  /** Acknowledgements that arrive twice. */
  repeatAcks: number;
  /** Publications that do not arrive. */
  losePublishes: number;
  /** Publications that arrive, and whose receipts do not. */
  loseReceipts: number;
  /** Publications that the server gets once more as another message. */
  repeatPublishes: number;
}

const NONE: NatsFaults = {
  duplicate: 0,
  reorder: 0,
  delay: 0,
  hide: 0,
  loseAcks: 0,
  repeatAcks: 0,
  losePublishes: 0,
  loseReceipts: 0,
  repeatPublishes: 0,
};

/** A delivery kept back for a later pull on the same consumer. */
interface Kept {
  consumer: string;
  frame: Frame;
  due: number;
}

export class NatsProxy implements AsyncDisposable {
  faults: NatsFaults = { ...NONE };
  /** What becomes of an offer on its way to an agent; null: it stays as it is. */
  alter: ((offer: Buffer) => Uint8Array) | null = null;
  /** How often each has fired. */
  readonly fired: NatsFaults = { ...NONE };
  /** How many messages each pull asked for. */
  readonly pulled: number[] = [];
  /** Ids of the publications that passed, repeats included. */
  readonly published: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #hidden = new Map<string, boolean>();
  readonly #kept: Kept[] = [];
  readonly #occasions = { ...NONE };
  #draws = 0;
  #reachable = true;

  private constructor(
    private readonly server: Server,
    /** The server's port. */
    private readonly to: number,
    private readonly seed: number,
  ) {}

  /** Before nats-server at this URL. */
  static async open(url: string, seed: number): Promise<NatsProxy> {
    const server = createServer();
    const proxy = new NatsProxy(server, Number(new URL(url).port), seed);
    server.on('connection', (client) => proxy.#carry(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    const { port } = this.server.address() as AddressInfo; // listening on TCP, so it is not a path
    return `nats://127.0.0.1:${port}`;
  }

  /** False cuts every connection and refuses new ones. */
  set reachable(reachable: boolean) {
    this.#reachable = reachable;
    if (!reachable) for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reachable = false;
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  #carry(client: Socket): void {
    client.on('error', () => undefined); // whoever is cut off says so
    if (!this.#reachable) return void client.destroy();
    const server = connect(this.to, '127.0.0.1').on('error', () => undefined);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true).on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    new Conversation(this, client, server).begin();
  }

  /** Whether this fault strikes now: once in so many, at a random one of them, so that it does strike. */
  strikes(fault: keyof NatsFaults): boolean {
    const share = this.faults[fault];
    if (share === 0) return false;
    const every = Math.round(1 / share);
    const round = Math.floor(this.#occasions[fault] / every);
    if (this.#occasions[fault]++ % every !== dice(this.seed, round, fault) % every) return false;
    this.fired[fault] += 1;
    return true;
  }

  chance(use: string): number {
    return fraction(this.seed, ++this.#draws, use);
  }

  /** The same for a message, however often it is delivered. */
  hides(id: string): boolean {
    const known = this.#hidden.get(id);
    if (known !== undefined) return known && this.faults.hide > 0;
    const hidden = this.strikes('hide');
    this.#hidden.set(id, hidden);
    return hidden;
  }

  keep(consumer: string, frame: Frame, forMs: number): void {
    this.#kept.push({ consumer, frame, due: Date.now() + forMs });
  }

  /** What was kept back for this consumer and is due. */
  release(consumer: string): Frame | null {
    const at = this.#kept.findIndex((kept) => kept.consumer === consumer && kept.due <= Date.now());
    return at < 0 ? null : (this.#kept.splice(at, 1)[0]?.frame ?? null);
  }
}

/** One connection. */
class Conversation {
  /** Subscriptions by subject. */
  readonly #sids = new Map<string, string>();
  /** The pull that a subscription waits for. */
  readonly #pulls = new Map<string, Frame>();
  /** Inboxes whose next message gets lost. */
  readonly #deaf = new Set<string>();

  constructor(
    private readonly proxy: NatsProxy,
    private readonly client: Socket,
    private readonly server: Socket,
  ) {}

  begin(): void {
    const [up, down] = [new Frames(), new Frames()];
    this.client.on('data', (piece: Buffer) => {
      for (const frame of up.feed(piece)) this.#fromClient(frame);
    });
    this.server.on('data', (piece: Buffer) => {
      for (const frame of down.feed(piece)) this.#fromServer(frame);
    });
  }

  #fromClient(frame: Frame): void {
    const [subject = ''] = frame.words;
    if (frame.verb === 'SUB') this.#sids.set(subject, frame.words.at(-1) ?? '');
    else if (frame.verb === 'UNSUB') this.#pulls.delete(subject);
    else if (subject.startsWith('$JS.API.CONSUMER.MSG.NEXT.')) return this.#pull(frame);
    else if (subject.startsWith('$JS.ACK.')) return this.#ack(frame);
    else if (/^netsweep\.[^.]+\.shard\./.test(subject)) return this.#publish(frame);
    this.#up(frame);
  }

  #pull(frame: Frame): void {
    const { batch } = JSON.parse(payloadOf(frame).toString()) as { batch: number };
    this.proxy.pulled.push(batch);
    const sid = this.#sids.get(replyOf(frame)) ?? '';
    const kept = this.proxy.release(consumerOf(frame));
    if (kept !== null) return this.#down({ ...kept, words: kept.words.with(1, sid) });
    this.#pulls.set(sid, frame);
    this.#up(frame);
  }

  #ack(frame: Frame): void {
    // Work in progress is no acknowledgement.
    if (!/^(\+ACK|-NAK)/.test(payloadOf(frame).toString())) return this.#up(frame);
    if (this.proxy.strikes('loseAcks')) return;
    if (this.proxy.strikes('repeatAcks')) this.#up(frame);
    this.#up(frame);
  }

  #publish(frame: Frame): void {
    if (this.proxy.strikes('losePublishes')) return;
    if (this.proxy.strikes('loseReceipts')) this.#deaf.add(replyOf(frame));
    this.proxy.published.push(headerOf(frame, 'Nats-Msg-Id'));
    this.#up(frame);
    if (!this.proxy.strikes('repeatPublishes')) return;
    const body = payloadOf(frame);
    const words = [frame.words[0] ?? '', String(body.length)];
    this.#up({ verb: 'PUB', words, body, headerBytes: 0 });
  }

  #fromServer(frame: Frame): void {
    const [subject = '', sid = ''] = frame.words;
    if (frame.verb === 'INFO') return this.#info(frame);
    if (this.#deaf.delete(subject)) return;
    const pull = this.#pulls.get(sid);
    if (!replyOf(frame).startsWith('$JS.ACK.') || pull === undefined) return this.#down(frame);
    const { alter } = this.proxy;
    if (alter !== null) return this.#down(withPayload(frame, alter(payloadOf(frame))));
    const consumer = consumerOf(pull);
    if (this.proxy.hides(headerOf(frame, 'Nats-Msg-Id') || replyOf(frame))) return this.#up(pull);
    if (this.proxy.strikes('reorder')) {
      this.proxy.keep(consumer, frame, this.proxy.chance('late') * 500);
      return this.#up(pull);
    }
    if (this.proxy.strikes('duplicate')) this.proxy.keep(consumer, frame, this.proxy.chance('again') * 3_000);
    if (!this.proxy.strikes('delay')) return this.#down(frame);
    setTimeout(() => this.#down(frame), this.proxy.chance('delayed') * 300);
  }

  /** The client must not learn of ways around this proxy. */
  #info(frame: Frame): void {
    const { connect_urls: _, ...about } = JSON.parse(frame.words.join(' ')) as Record<string, unknown>;
    this.#down({ ...frame, words: [JSON.stringify(about)] });
  }

  #up(frame: Frame): void {
    if (!this.server.destroyed) this.server.write(bytesOf(frame));
  }

  #down(frame: Frame): void {
    if (!this.client.destroyed) this.client.write(bytesOf(frame));
  }
}

/** Stream and consumer that a pull asks. */
function consumerOf({ words: [subject = ''] }: Frame): string {
  return subject.split('.').slice(-2).join('.');
}

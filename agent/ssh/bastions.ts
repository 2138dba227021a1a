// The bastions of one worker: each is connected to when it is first needed, shared by all sessions that go the same
// way with the same login, and forgotten when it breaks. A login that a bastion refused is not tried again in its
// sweep: whoever comes next fails with the same words, without a connection.
import type { Duplex } from 'node:stream';
import { type HostKeyPolicy, Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import type { CalledOff } from '../calloff.js';
import { asFailure, atJumpHost, DeviceFailure, targetRefused } from '../failure.js';
import { Targets } from '../targets.js';
import { place } from '../text.js';
import type { AdmissionPorts } from './admission.js';
import { type Approach, Bastion, type Hop } from './bastion.js';

/** Refusals that are remembered; sweeps end without a worker being told. */
const REFUSALS_MOST = 1_000;

/** A way to a device, or to the next bastion. */
export interface Way {
  sweep: string;
  /** The one nearest to the agent first; at least one. */
  hops: Hop[];
  host: string;
  port: number;
  policy: HostKeyPolicy;
  limits: { connectMs: number; loginMs: number };
}

/** Who goes it: the first one's leave is what a bastion logs in with. */
export interface Traveller {
  /** What the nth bastion, from 1, may ask for. */
  ports(hop: number): AdmissionPorts;
  /** Whether a new connection may be begun now. */
  mayStart(): boolean;
  /** Aborted when the lease is over or the sweep is cancelled. */
  calledOff: Pick<CalledOff, 'aborted'>;
}

export class Bastions {
  readonly #connections = new Map<string, Promise<Bastion>>();
  readonly #refusals = new Map<string, DeviceFailure>();
  /** Connections whose login has once succeeded. */
  readonly #proved = new Set<string>();
  /** Failures that only say that the one who opened the connection went away: who waits for it may try. */
  readonly #desertions = new WeakSet<DeviceFailure>();

  constructor(
    /** Whom this agent may connect to, with and without a bastion. */
    private readonly targets: Targets = Targets.any,
    private readonly idleMs?: number,
  ) {}

  refused(address: string, port: number): DeviceFailure | null {
    const words = this.targets.refusal(address, port);
    return words === null ? null : targetRefused(words);
  }

  /** Of a place that a bastion is to connect to. */
  refusedBeyond(host: string, port: number): DeviceFailure | null {
    const words = this.targets.refusalBeyond(host, port);
    return words === null ? null : targetRefused(words);
  }

  passage(way: Way, traveller: Traveller): Passage {
    return new Passage(this, way, traveller);
  }

  /** The last bastion of a way, connected; throws a DeviceFailure. */
  async reach(way: Way, traveller: Traveller, over: AbortSignal): Promise<Bastion> {
    const key = keyOf(way);
    for (;;) {
      const refusal = this.#refusals.get(`${way.sweep} ${key}`);
      if (refusal !== undefined) throw refusal;
      const others = this.#connections.get(key);
      if (others === undefined) {
        if (traveller.mayStart()) return this.#connect(key, way, traveller, over);
        throw new DeviceFailure(Kind.DISCONNECTED, Stage.CONNECT, 'the lease ended before the connect');
      }
      try {
        return await others;
      } catch (thrown) {
        if (over.aborted || !this.#desertions.has(asFailure(thrown, Stage.CONNECT))) throw thrown;
      }
    }
  }

  #connect(key: string, way: Way, traveller: Traveller, over: AbortSignal): Promise<Bastion> {
    const drop = () => {
      if (this.#connections.get(key) === up) this.#connections.delete(key);
    };
    const up = this.#open(key, way, traveller, over, drop);
    this.#connections.set(key, up);
    up.catch(drop);
    return up;
  }

  async #open(
    key: string,
    way: Way,
    traveller: Traveller,
    over: AbortSignal,
    gone: () => void,
  ): Promise<Bastion> {
    const hop = way.hops.at(-1) as Hop; // a way has at least one
    const before = { ...way, hops: way.hops.slice(0, -1), host: hop.host, port: hop.port };
    const approach = before.hops.length === 0 ? null : this.passage(before, traveller);
    const { ports, lost } = watched(traveller.ports(way.hops.length));
    const refused = (address: string, port: number) => this.refused(address, port);
    const bastion = new Bastion({ ...way, hop, refused }, ports, approach, this.idleMs);
    const abandon = () => bastion.abandon();
    over.addEventListener('abort', abandon, { once: true });
    try {
      await bastion.connect(gone);
      this.#proved.add(key);
      return bastion;
    } catch (thrown) {
      const failure = asFailure(thrown, Stage.CONNECT);
      if (failure.kind === Kind.AUTH) this.#remember(way.sweep, key, failure);
      else if (over.aborted || lost() || !traveller.mayStart()) this.#desertions.add(failure);
      if (bastion.loginUnknown && !this.#proved.has(key) && !traveller.calledOff.aborted)
        this.#remember(way.sweep, key, unknownLogin(hop));
      throw failure;
    } finally {
      over.removeEventListener('abort', abandon);
    }
  }

  #remember(sweep: string, key: string, failure: DeviceFailure): void {
    const [oldest] = this.#refusals.keys();
    if (this.#refusals.size >= REFUSALS_MOST && oldest !== undefined) this.#refusals.delete(oldest);
    this.#refusals.set(`${sweep} ${key}`, failure);
  }
}

/** One session's way through its bastions, from the line before the last of them to the end of its channel. */
export class Passage implements Approach {
  readonly #over = new AbortController();
  #bastion: Bastion | null = null;
  #stream: Duplex | null = null;

  constructor(
    private readonly bastions: Bastions,
    private readonly way: Way,
    private readonly traveller: Traveller,
  ) {}

  /** Waits until the bastions are connected and the last has a channel to give; throws a DeviceFailure. */
  async reserve(): Promise<void> {
    const { signal } = this.#over;
    const refusal = this.bastions.refusedBeyond(this.way.host, this.way.port);
    if (refusal !== null) throw refusal;
    while (!signal.aborted) {
      const bastion = await this.bastions.reach(this.way, this.traveller, signal);
      if (await bastion.slot(signal)) {
        this.#bastion = bastion;
        if (signal.aborted) this.#release();
        return;
      }
    }
  }

  /** A stream to the end of the way; throws a DeviceFailure. After `reserve`. */
  async connect(): Promise<Duplex> {
    const { host, port } = this.way;
    try {
      if (this.#bastion === null) throw new DeviceFailure(Kind.DISCONNECTED, Stage.CONNECT, 'called off');
      const way = await this.#bastion.forward(host, port);
      way.once('close', () => this.#release());
      this.#stream = way;
      if (this.#over.signal.aborted) this.close();
      return way;
    } catch (thrown) {
      this.#release();
      throw thrown;
    }
  }

  /** The connect limit has struck. */
  unreached(limitMs: number): DeviceFailure | null {
    return this.#bastion?.unreached(this.way.host, this.way.port, limitMs) ?? null;
  }

  /** Gives up waiting, or breaks off. */
  close(): void {
    this.#over.abort();
    this.#stream?.destroy();
    this.#release();
  }

  #release(): void {
    this.#bastion?.release();
    this.#bastion = null;
  }
}

/** The same ports; `lost`: the lease behind them has been found to be over. */
function watched(ports: AdmissionPorts): { ports: AdmissionPorts; lost: () => boolean } {
  let rejected = false;
  const told = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      rejected = true;
      throw error;
    });
  return {
    ports: {
      permit: (use) => told(ports.permit(use)),
      loggedIn: (use, result) => ports.loggedIn(use, result),
      acceptHostKey: (key) => told(ports.acceptHostKey(key)),
      mayWrite: () => ports.mayWrite(),
      paced: ports.paced,
    },
    lost: () => rejected,
  };
}

/** Sessions with one key share a connection. */
function keyOf({ hops, policy }: Way): string {
  const names = hops.map((hop) => [hop.host, hop.port, hop.username, hop.credential?.id, hop.legacy]);
  return JSON.stringify([policy, names]);
}

function unknownLogin({ host, port }: Hop): DeviceFailure {
  const words = 'outcome unknown: its login was already tried in this sweep';
  return atJumpHost(new DeviceFailure(Kind.AUTH, Stage.AUTH, words), place(host, port));
}

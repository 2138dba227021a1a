// Looks at the processes of a cluster again and again: which worker holds which connection to a device, which have
// died, how much memory each kind ever had. It asks the kernel alone, and so knows what no log of ours can tell.
import type { AgentProgram } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { childrenOf, connectionsTo, isAlive, peakOf, socketsOf, wordsOf } from './procfs.ts';
import type { Visit } from './visits.ts';

export interface Holder {
  agent: string;
  agentPid: number;
  worker: number;
}

export interface Death extends Holder {
  /** When it was last seen, and when it was missed; monotonic ms. */
  from: number;
  to: number;
}

interface Sighting extends Holder {
  first: number;
  last: number;
}

/** Times of the fleet's log and of a look may differ by this, in ms. */
const APART_MS = 1_000;

export class Watch implements Disposable {
  readonly deaths: Death[] = [];
  /** The most memory that a process of each kind ever had, in bytes. */
  readonly peaks = new Map<string, number>();
  /** Connections to devices that each worker had at the last look. */
  readonly held = new Map<number, number>();
  /** Every command line and environment that was seen. */
  readonly words = new Set<string>();
  readonly #workers = new Map<number, Holder>();
  readonly #sightings = new Map<string, Sighting[]>();
  readonly #timer: NodeJS.Timeout;
  #lookedAt = monotonicMs();

  constructor(
    private readonly fleetPort: number,
    private readonly agents: () => Iterable<[string, AgentProgram]>,
    private readonly others: () => [string, number][],
    everyMs: number,
  ) {
    this.#timer = setInterval(() => this.look(), everyMs);
  }

  look(): void {
    const at = monotonicMs();
    for (const [agent, program] of this.agents()) {
      this.#peak('agent', program.pid);
      for (const worker of childrenOf(program.pid))
        this.#workers.set(worker, { agent, agentPid: program.pid, worker });
    }
    for (const [kind, pid] of this.others()) this.#peak(kind, pid);
    this.#lookAtWorkers(at);
  }

  /** Who held it; null: it came and went between two looks. */
  readonly holder = ({ port, address, from, to }: Visit): Holder | null => {
    const there = this.#sightings.get(`${port}>${address}`) ?? [];
    return there.find(({ first, last }) => from <= last + APART_MS && to >= first - APART_MS) ?? null;
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #lookAtWorkers(at: number): void {
    const byInode = new Map(
      connectionsTo(this.fleetPort).map((connection) => [connection.inode, connection]),
    );
    this.held.clear();
    for (const [pid, holder] of this.#workers) {
      if (!isAlive(pid)) {
        this.#workers.delete(pid);
        this.deaths.push({ ...holder, from: this.#lookedAt, to: at });
        continue;
      }
      this.#peak('worker', pid);
      const mine = socketsOf(pid).flatMap((inode) => byInode.get(inode) ?? []);
      this.held.set(pid, mine.length);
      for (const { port, address } of mine) this.#sight(`${port}>${address}`, holder, at);
    }
    this.#lookedAt = at;
  }

  #sight(key: string, holder: Holder, at: number): void {
    const before = this.#sightings.get(key) ?? [];
    const last = before.at(-1);
    // A port serves again only after a long time.
    if (last !== undefined && last.worker === holder.worker && at - last.last < 10_000) last.last = at;
    else this.#sightings.set(key, [...before, { ...holder, first: at, last: at }]);
  }

  #peak(kind: string, pid: number): void {
    for (const word of wordsOf(pid)) this.words.add(word);
    this.peaks.set(kind, Math.max(this.peaks.get(kind) ?? 0, peakOf(pid)));
  }
}

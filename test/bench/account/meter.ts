// CPU of a program and all that it starts, by role. Two ways: control groups, which are exact and need leave to make
// some, and looking at /proc, which misses what a process does between the last look and its end.

import { Group } from './cgroup.ts';
import { childrenOf, threadsMs, used, words } from './proc.ts';

/** A process's role by its words; null: that of the process that started it. */
export type RoleOf = (words: string) => string | null;

export interface Meter {
  readonly exact: boolean;
  /** The words that start a program so that it is counted from its first instruction. */
  start(command: string[], role: string): string[];
  /** The program's process is there. */
  started(pid: number, role: string): void;
  /** Every process alive, by role; to be called often. */
  look(): Map<number, string>;
  /** Whether every process has ended and is accounted for. */
  over(): boolean;
  cpuMs(): Map<string, number>;
  close(): void;
}

let made = 0;

export function openMeter(roleOf: RoleOf, way = process.env.NETSWEEP_BENCH_CPU): Meter {
  const group = way === 'proc' ? null : Group.make(String(++made));
  return group === null ? new Looks(roleOf) : new Groups(group, roleOf);
}

/** How CPU is counted here, in words. */
export function wayOfCounting(): string {
  const meter = openMeter(() => null);
  meter.close();
  return meter.exact ? 'by control groups' : 'by looking at /proc every 20 ms';
}

/** A group for each role; a process is moved when its words say so, and what it has used till then goes with it. */
class Groups implements Meter {
  readonly exact = true;
  readonly #roles = new Map<string, { group: Group; creditMs: number }>();

  constructor(
    private readonly top: Group,
    private readonly roleOf: RoleOf,
  ) {}

  start(command: string[], role: string): string[] {
    return ['sh', '-c', 'echo $$ > "$0" && exec "$@"', this.#role(role).group.file, ...command];
  }

  started(): void {}

  look(): Map<number, string> {
    const alive = new Map<number, string>();
    for (const [role, { group }] of [...this.#roles])
      for (const pid of group.pids()) alive.set(pid, this.#place(pid, role));
    return alive;
  }

  #place(pid: number, role: string): string {
    const wanted = this.roleOf(words(pid) ?? '') ?? role;
    if (wanted === role) return role;
    const before = threadsMs(pid);
    const to = this.#role(wanted);
    if (!to.group.add(pid)) return role;
    to.creditMs += before;
    this.#role(role).creditMs -= before;
    return wanted;
  }

  over(): boolean {
    return [...this.#roles.values()].every(({ group }) => group.empty);
  }

  cpuMs(): Map<string, number> {
    return new Map([...this.#roles].map(([role, { group, creditMs }]) => [role, group.cpuMs() + creditMs]));
  }

  close(): void {
    for (const { group } of this.#roles.values()) group.remove();
    this.top.remove();
  }

  #role(name: string): { group: Group; creditMs: number } {
    const role = this.#roles.get(name) ?? { group: this.top.inside(name.replaceAll(' ', '-')), creditMs: 0 };
    this.#roles.set(name, role);
    return role;
  }
}

/** The last word of /proc on each process. */
class Looks implements Meter {
  readonly exact = false;
  readonly #seen = new Map<number, { role: string; started: string; ms: number; alive: boolean }>();

  constructor(private readonly roleOf: RoleOf) {}

  start(command: string[]): string[] {
    return command;
  }

  started(pid: number, role: string): void {
    this.#meet(pid, role);
  }

  look(): Map<number, string> {
    for (const [pid, process] of this.#seen) {
      if (!process.alive) continue;
      const now = used(pid);
      process.alive = now !== null && now.started === process.started && !now.ended;
      if (now === null || now.started !== process.started) continue;
      process.ms = Math.max(process.ms, now.ms, threadsMs(pid));
      process.role = this.roleOf(words(pid) ?? '') ?? process.role;
      for (const child of childrenOf(pid)) if (!this.#seen.get(child)?.alive) this.#meet(child, process.role);
    }
    return new Map([...this.#seen].flatMap(([pid, { role, alive }]) => (alive ? [[pid, role]] : [])));
  }

  #meet(pid: number, parent: string): void {
    const now = used(pid);
    if (now === null) return;
    const { ms, started } = now;
    // One that has ended stays its parent's child until that asks how.
    if (this.#seen.get(pid)?.started === started) return;
    this.#seen.set(pid, { ms, started, role: this.roleOf(words(pid) ?? '') ?? parent, alive: true });
  }

  over(): boolean {
    return this.look().size === 0;
  }

  cpuMs(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { role, ms } of this.#seen.values()) sums.set(role, (sums.get(role) ?? 0) + ms);
    return sums;
  }

  close(): void {}
}

// Times one station at a time in a process of its own: rounds of many items, the first of them to warm up; what is
// prepared for a round is not timed. CPU is that of the whole process, threads and garbage collection too.
const WARM_MS = 300;
const LEAST_ROUNDS = 3;
const TIMED_MS = 1_500;

export interface Micro {
  title: string;
  /** In each round. */
  items: number;
  /** Of them all; 0: bytes say nothing here. */
  bytes: number;
  prepare?(): Promise<void> | void;
  round(): Promise<void> | void;
}

/** A station's measurements one after the other; what they stand on is closed when they are through. */
export type Station = () => AsyncGenerator<Micro>;

export interface Timed {
  title: string;
  rounds: number;
  items: number;
  bytes: number;
  /** For each item in microseconds: the least of the rounds, and the median. */
  cpu: number[];
  wall: number[];
}

export async function time({ title, items, bytes, prepare, round }: Micro): Promise<Timed> {
  const cpu: number[] = [];
  const wall: number[] = [];
  for (let warm = 0; warm < WARM_MS; ) warm += (await once()).wallUs / 1e3;
  for (let timed = 0; cpu.length < LEAST_ROUNDS || timed < TIMED_MS * 1e3; ) {
    const { cpuUs, wallUs } = await once();
    cpu.push(cpuUs / items);
    wall.push(wallUs / items);
    timed += wallUs;
  }
  return { title, rounds: cpu.length, items, bytes, cpu, wall };

  async function once(): Promise<{ cpuUs: number; wallUs: number }> {
    await prepare?.();
    const [began, before] = [performance.now(), process.cpuUsage()];
    await round();
    const [wallUs, { user, system }] = [(performance.now() - began) * 1e3, process.cpuUsage(before)];
    return { cpuUs: user + system, wallUs };
  }
}

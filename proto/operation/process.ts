// What a program tells of itself as a process, under the names that every exporter uses.
import { readdirSync, readFileSync } from 'node:fs';
import { Histogram, type Readings, SECONDS } from './metric.js';

/** How often it is looked how late the event loop is, in ms. */
const LOOK_EVERY_MS = 250;

export const PROCESS_FAMILIES = {
  netsweep_build_info: { type: 'gauge', labels: ['version', 'node'], help: 'Always 1; what runs here.' },
  process_start_time_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the process was started, in Unix time.',
  },
  process_cpu_user_seconds_total: {
    type: 'counter',
    labels: [],
    help: 'CPU time in user mode, all threads.',
  },
  process_cpu_system_seconds_total: {
    type: 'counter',
    labels: [],
    help: 'CPU time in the kernel, all threads.',
  },
  process_resident_memory_bytes: { type: 'gauge', labels: [], help: 'Resident memory.' },
  process_open_fds: { type: 'gauge', labels: [], help: 'Open file descriptors.' },
  process_max_fds: { type: 'gauge', labels: [], help: 'Most file descriptors that it may have open.' },
  nodejs_heap_size_used_bytes: { type: 'gauge', labels: [], help: 'Used heap of the main thread.' },
  nodejs_heap_size_total_bytes: { type: 'gauge', labels: [], help: 'Heap of the main thread.' },
  nodejs_external_memory_bytes: {
    type: 'gauge',
    labels: [],
    help: 'Buffers and what else V8 does not manage.',
  },
  netsweep_event_loop_delay_seconds: {
    type: 'histogram',
    labels: [],
    help: 'How late the main thread came to a timer, four looks a second.',
  },
} as const;

/** Looks at the event loop for as long as it is held. */
export class ProcessMetrics implements Disposable {
  readonly #delays = new Histogram(SECONDS);
  readonly #timer: NodeJS.Timeout;
  #due = performance.now() + LOOK_EVERY_MS;

  constructor(private readonly version: string) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#delays.observe(Math.max(0, now - this.#due) / 1_000);
      this.#due = now + LOOK_EVERY_MS;
    }, LOOK_EVERY_MS).unref();
  }

  read(): Readings<typeof PROCESS_FAMILIES> {
    const { user, system } = process.cpuUsage();
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    const { open, most } = descriptors();
    return {
      netsweep_build_info: [[`${this.version}\n${process.version}`, 1]],
      process_start_time_seconds: Math.round(performance.timeOrigin) / 1_000,
      process_cpu_user_seconds_total: user / 1e6,
      process_cpu_system_seconds_total: system / 1e6,
      process_resident_memory_bytes: rss,
      process_open_fds: open,
      process_max_fds: most,
      nodejs_heap_size_used_bytes: heapUsed,
      nodejs_heap_size_total_bytes: heapTotal,
      nodejs_external_memory_bytes: external,
      netsweep_event_loop_delay_seconds: this.#delays,
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Infinity: no limit; NaN where it can't be told, for want of /proc or of a descriptor to read it with. */
export function descriptors(): { open: number; most: number } {
  try {
    const [, soft] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    const most = soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
    return { open: readdirSync('/proc/self/fd').length, most };
  } catch {
    return { open: Number.NaN, most: Number.NaN };
  }
}

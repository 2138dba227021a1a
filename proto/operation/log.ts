// How both programs write their log: JSON on stderr, a line each, with words for levels and times that people read. What
// a line is about stands in fields of its own, under the same names in both: sweep, shard, device (its index in the
// sweep), name, segment, agent, worker.

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line is about. */
export interface About {
  sweep?: string;
  shard?: number;
  /** Index in the sweep. */
  device?: number;
  /** Of the device. */
  name?: string;
  segment?: string;
  agent?: string;
  /** Its process id. */
  worker?: number;
}

/** For the library that writes it. */
export function logOptions(name: string, level: LogLevel) {
  return {
    name,
    level,
    formatters: { level: (word: string) => ({ level: word }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
}

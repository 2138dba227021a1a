// What the private coordinator and whoever starts it say to each other, besides the service that both know.

import { join } from 'node:path';
import type { Keep } from './store/versions.js';

/** Where a private coordinator says how it is reached. */
export function addressFile(state: string): string {
  return join(state, 'coordinator.json');
}

/** The command by which it is started. */
export const PRIVATE_COORDINATOR = 'private-coordinator';

/** How a sweep's sessions have workers: shared, or one for each device. */
export type Workers = 'pool' | 'device';

/** Told in its arguments: a sweep is on its way. */
export function comingWord(workers: Workers): string {
  return `sweep-comes=${workers}`;
}

/** Null where none is on its way. */
export function comingIn(words: readonly string[]): Workers | null {
  return (['pool', 'device'] as const).find((workers) => words.includes(comingWord(workers))) ?? null;
}

/** The same for which versions are kept. */
export function wordOf({ versions, days, auditDays = 0 }: Keep): string {
  return `keep=${versions},${days},${auditDays}`;
}

/** Null where it is not told. */
export function keepIn(words: readonly string[]): Keep | null {
  const told = words.flatMap((word) => /^keep=(\d+),(\d+),(\d+)$/.exec(word) ?? []);
  return told.length === 0
    ? null
    : { versions: Number(told[1]), days: Number(told[2]), auditDays: Number(told[3]) };
}

/** What the process tells its starter over IPC. */
export type PrivateNews = { address: string } | { inUse: true } | { error: string };

/** Tells it, from within the process. */
export function tell(news: PrivateNews): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(news, undefined, {}, () => resolve());
  });
}

// When V8 compiles with optimizations what a worker uses. Only Node 20's V8 counts by such a budget; a later one has no
// such flag, and no Node starts with a flag that it does not know.
import { setFlagsFromString } from 'node:v8';

const BUDGET = '--interrupt-budget=';
/** The first V8 that counts otherwise. */
const OTHERWISE = 12;

/**
 * What a worker is started with: a function is compiled after four times as much use as by default. In a sweep of 1,000
 * devices the compiler took a fifth of a worker's CPU.
 */
export function lateCompiler(v8 = process.versions.v8): string[] {
  return Number.parseInt(v8, 10) < OTHERWISE ? [`${BUDGET}300000`] : [];
}

/** From now on as soon as by default, in a process that was started with a late one. */
export function usualCompiler(): void {
  if (process.execArgv.some((flag) => flag.startsWith(BUDGET))) setFlagsFromString(`${BUDGET}67584`);
}

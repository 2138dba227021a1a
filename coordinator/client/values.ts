// The options of a script, read by the readers of the command line: over NETSWEEP_* and netsweep.yaml, and refused in the
// same words.
import { UsageError } from '../cli/exit.js';
import { CONFIG_KEYS, RUN } from '../cli/settings.js';
import { findConfigFile, type Given, nearest, readConfigFile, settle, type Values } from '../config.js';
import type { Options } from './options.js';

export type RunValues = Values<typeof RUN>;

/** Throws InputError or UsageError with what is wrong. */
export function valuesOf({ devices: _, ...options }: Options): RunValues {
  const given: Given = {};
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === false) continue;
    if (!Object.hasOwn(RUN, key))
      throw new UsageError(`unknown option "${key}"${nearest(key, Object.keys(RUN))}`);
    given[key] = Array.isArray(value) ? value.map(String) : [String(value)];
  }
  const path = findConfigFile(process.env);
  const file = path === null ? new Map() : readConfigFile(path, CONFIG_KEYS);
  return settle(RUN, { given, environment: process.env, file }).values;
}

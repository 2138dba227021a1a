// The destinations that a command, or a schedule's runs, may name: those of the netsweep.yaml that is read there.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findConfigFile } from '../config.js';
import { type Destination, readDestinations } from './destination.js';

/** `path`: of the file; null: there is none. Throws InputError. */
export function destinationsIn(directory: string): { known: Destination[]; path: string | null } {
  const path = findConfigFile(process.env, directory);
  const known = path === null ? [] : readDestinations(path, readFileSync(path, 'utf8'), dirname(path));
  return { known, path };
}

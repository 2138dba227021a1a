// The directory that a coordinator keeps its state in, made where it is missing. Whoever names it hears what is wrong
// with it before a process is started.

import { access, constants } from 'node:fs/promises';
import { makeDirectory } from '../proto/directory.js';
import { InputError } from './inventory/inventory.js';
import { quote, reasonOf } from './inventory/wording.js';

/** Throws InputError where nothing can be kept there. */
export async function makeStateDirectory(path: string): Promise<void> {
  try {
    makeDirectory(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const why = code === 'EEXIST' ? 'this is no directory' : reasonOf(error);
    const message = `--state: nothing can be kept there (found ${quote(path)}: ${why}; expected a directory that you may write to, by --state DIR or NETSWEEP_STATE)`;
    throw new InputError([{ at: null, message }]);
  }
}

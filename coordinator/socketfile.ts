// Where the socket of a `netsweep serve` is, for commands of the same user on the same host: a file in its state directory
// names it, because a long path can't be a socket's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const SOCKET_FILE = 'socket';

/** unix:PATH; null: nothing has been served on this state directory. */
export function socketOf(state: string): string | null {
  try {
    return readFileSync(join(state, 'serve', SOCKET_FILE), 'utf8').trim();
  } catch {
    return null;
  }
}

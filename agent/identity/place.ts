// Where an agent's identity is kept when nobody says otherwise: where systemd keeps a service's state, the system's own
// place for root, the user's for everybody else.
import { homedir } from 'node:os';
import { join } from 'node:path';

export function standardPlace(environment: NodeJS.ProcessEnv = process.env): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME } = environment;
  if (STATE_DIRECTORY) return STATE_DIRECTORY.split(':')[0] ?? STATE_DIRECTORY;
  if (process.getuid?.() === 0) return '/var/lib/netsweep-agent';
  return join(XDG_STATE_HOME || join(homedir(), '.local/state'), 'netsweep-agent');
}

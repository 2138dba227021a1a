// Where a NATS of our own is kept in a state directory: keys, claims, users, and the configurations of the servers.
//
//   operator.nk  system.nk  account.nk  agents.nk     seeds; the last one signs the users of agents
//   system.creds coordinator.creds                    what we ourselves show
//   accounts/NAME                                     each agent's account: its claims, which are no secret
//   servers/NAME/nats-server.conf                     and the files of TLS beside it
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export function natsFolder(stateDirectory: string): string {
  return join(stateDirectory, 'nats');
}

/** Whether `initNats` has been here. */
export function hasNats(stateDirectory: string): boolean {
  return existsSync(coordinatorCreds(natsFolder(stateDirectory)));
}

export function coordinatorCreds(folder: string): string {
  return join(folder, 'coordinator.creds');
}

export function systemCreds(folder: string): string {
  return join(folder, 'system.creds');
}

export function accountsFolder(folder: string): string {
  return join(folder, 'accounts');
}

/** A folder for each server, to be copied to its host. */
export function serversFolder(stateDirectory: string): string {
  return join(natsFolder(stateDirectory), 'servers');
}

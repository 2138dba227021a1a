// How a session gets to its device, and by which name it comes.
import type { CalledOff } from '../calloff.js';
import { rulesOf } from '../line/platform.js';
import type { Traveller, Way } from '../ssh/bastions.js';
import type { SessionPorts, SessionTask } from './seam.js';

/** From here to the device, through its bastions. */
export function wayOf({ sweep, jump, device, options, limits }: SessionTask): Way {
  return { sweep, hops: jump, host: device.host, port: device.port, policy: options.hostKeys, limits };
}

/** A session whose leave its bastions log in with, if it is the first that goes their way. */
export function traveller(ports: SessionPorts, calledOff: CalledOff): Traveller {
  return {
    calledOff,
    mayStart: () => ports.mayStart(),
    ports: (hop) => ({
      permit: (use) => ports.permit(use, hop),
      loggedIn: (use, result) => ports.loggedIn(use, result, hop),
      acceptHostKey: (key) => ports.acceptHostKey(key, hop),
      mayWrite: () => ports.mayWrite(),
      paced: ports.paced,
    }),
  };
}

/** What SSH is told: some platforms have a name of their own there, or take words about the terminal behind it. */
export function sshName({ device, options }: SessionTask, username: string): string {
  const platform = rulesOf(device.platform, options.platforms)?.platform;
  return username === '' ? '' : (platform?.ssh_username ?? username) + (platform?.username_suffix ?? '');
}

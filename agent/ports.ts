// What a session asks for while it runs, as the coordinator answers it: leave for each secret, new host keys, leave to
// begin with its commands.
import type { Lease, Work } from '../proto/gen/netsweep/v1/agent.js';
import { Permit } from '../proto/gen/netsweep/v1/session.js';
import type { JobPorts } from './pool.js';
import type { Delivery } from './results.js';
import type { Uplink } from './uplink.js';

/** `lacked`: told of what the machine had no room for. */
export function jobPorts(
  uplink: Uplink,
  lease: Lease,
  { index, jump, credential: own }: Work,
  delivery: Delivery,
  lacked: (reason: string) => void,
): JobPorts {
  const credentialOf = (hop: number) => (hop === 0 ? own : jump[hop - 1]?.credential) ?? '';
  /** On the coordinator's clock: when the last login was to leave. */
  let atMs = 0;
  return {
    permit: async (use, hop) => {
      const credential = credentialOf(hop);
      const leave = await uplink.permit({ ...lease, index, credential, use, hop });
      if (leave.permit === Permit.LOST) throw new Error('the lease is over');
      atMs = leave.atMs;
      return { permit: leave.permit, at: leave.at };
    },
    late: (lateMs) => {
      const value = { sweep: lease.sweep, index, atMs, lateMs };
      if (atMs > 0) uplink.say({ $case: 'loginLate', value });
    },
    loggedIn: (use, result, hop) => {
      const { sweep, epoch } = lease;
      const value = { sweep, epoch, index, credential: credentialOf(hop), use, result, hop };
      uplink.say({ $case: 'loginOutcome', value });
    },
    acceptHostKey: async (key, hop) => {
      const answer = await uplink.acceptHostKey({ ...lease, index, hop }, key);
      // Refused for no other key: the stream broke or the lease is lost. No reason to cry about a changed key.
      if (!answer.accepted && answer.known.length === 0) throw new Error('the lease is over');
      return { accepted: answer.accepted, known: answer.known, mayLogIn: answer.mayLogIn };
    },
    start: () => uplink.start({ ...lease, index }),
    chunk: (chunk) => delivery.add(chunk),
    lacked,
  };
}

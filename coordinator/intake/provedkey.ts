// Which key a device has proved, for the audit log: of one that is known here an agent says no more than how its digest
// begins, because that travels with every result.
import { createHash } from 'node:crypto';
import type { Result } from '../../proto/gen/netsweep/v1/agent.js';
import type { HostKey } from '../../proto/gen/netsweep/v1/session.js';

const SHA256_BYTES = 32;

/** `known`: the keys known for the device now. One that has been removed meanwhile stays abridged. */
export function withProvedKey(result: Result, known: () => readonly HostKey[]): Result {
  const { end } = result;
  const secured = end?.$case === 'attempt' ? end.value.secured : undefined;
  if (end?.$case !== 'attempt' || secured === undefined) return result;
  const { hostKey: begin } = secured;
  if (begin.length === 0 || begin.length >= SHA256_BYTES) return result;
  const hostKey = known()
    .map(({ blob }) => createHash('sha256').update(blob).digest())
    .find((digest) => digest.subarray(0, begin.length).equals(begin));
  if (hostKey === undefined) return result;
  return { ...result, end: { $case: 'attempt', value: { ...end.value, secured: { ...secured, hostKey } } } };
}

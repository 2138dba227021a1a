// Signs a grant for the agent that asked for it: everything that it is to carry out, down to the bytes of its offer.
import { type ClaimRequest, type Grant, LeaseTerms } from '../../proto/gen/netsweep/v1/agent.js';
import { Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { carriedDigest, signedBytes } from '../../proto/terms.js';
import type { Signer } from '../signing.js';
import type { ClaimAnswer } from '../sweep/claims.js';

/** The options of a sweep are the same in each of its leases, and may hold whole platforms. */
const encoded = new WeakMap<SweepOptions, Uint8Array>();

/** `grant.work` is that of the answer's devices, in their order. */
export function sign(
  grant: Grant,
  storeId: string,
  { shard: { sweep, row }, devices }: Extract<ClaimAnswer, { answer: 'grant' }>,
  { claimId, instance }: ClaimRequest,
  signer: Signer,
): Grant {
  const { epoch, termMs, work } = grant;
  const carried = devices.map(({ device }) => Device.encode(device).finish());
  const terms = LeaseTerms.encode({
    storeId,
    sweep: sweep.id,
    shard: row.shard,
    offer: row.offer,
    segment: row.segment,
    claimId,
    instance,
    epoch,
    termMs,
    carried: carriedDigest(encodedOptions(sweep.row.options), carried),
    work,
  }).finish();
  return { ...grant, work: [], terms: Buffer.from(terms), signature: signer.sign(signedBytes(terms)) };
}

function encodedOptions(options: SweepOptions): Uint8Array {
  const known = encoded.get(options) ?? SweepOptions.encode(options).finish();
  encoded.set(options, known);
  return known;
}

// What an agent carries out: only what its coordinator has signed for this agent, this claim and these very bytes.
// Looked at once for each lease, before a device is touched or a secret is used. NATS may say what it likes.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { type Grant, LeaseTerms, type Welcome, type Work } from '../proto/gen/netsweep/v1/agent.js';
import type { Device } from '../proto/gen/netsweep/v1/model.js';
import { carriedDigest, signedBytes } from '../proto/terms.js';
import type { Offer } from './lease.js';

/** What is to be done, and the devices by their index. */
export interface Lot {
  work: Work[];
  devices: Map<number, Device>;
}

/** Why a grant is not carried out. */
export class Unsigned {
  constructor(
    readonly message: string,
    /** Devices that the coordinator may take to be this agent's now. */
    readonly indexes: number[],
  ) {}
}

/** An Ed25519 key in SubjectPublicKeyInfo: what precedes its 32 bytes. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
/** Fields of Shard. */
const [OPTIONS, DEVICES] = [6, 7];
const KEY_BYTES = 32;
const NOTHING = new Uint8Array();

export class Trust {
  /** By store: of its coordinator; null: it signs nothing. */
  readonly #keys = new Map<string, KeyObject | null>();
  readonly #pinned: KeyObject | null;

  constructor(
    /** From the enrolment, or from whoever forked us; null: the first welcome's. */
    pinned: Uint8Array | null,
    private readonly segments: readonly string[],
    private readonly instance: string,
    private readonly warn: (what: string) => void,
  ) {
    this.#pinned = pinned === null ? null : keyOf(pinned);
  }

  /** Why this coordinator is none of ours; null: it is. */
  welcomed({ storeId, signingKey }: Pick<Welcome, 'storeId' | 'signingKey'>): string | null {
    const known = this.#pinned ?? this.#keys.get(storeId) ?? null;
    if (signingKey.length === 0) {
      if (this.#pinned !== null) return 'it signs nothing, and this agent knows a key of its coordinator';
      if (this.#keys.get(storeId) !== null)
        this.warn('the coordinator is older than this agent: what it grants is not signed, and not verified');
      this.#keys.set(storeId, null);
      return null;
    }
    if (signingKey.length !== KEY_BYTES) return 'its signing key is none';
    const key = keyOf(signingKey);
    if (known?.equals(key) === false)
      return 'it signs with another key than the one that this agent knows it by (where its state was made anew, enrol the agent again)';
    this.#keys.set(storeId, key);
    return null;
  }

  /** What a grant allows to be carried out. */
  lotOf(grant: Grant, offer: Offer, claimId: string): Lot | Unsigned {
    const { shard } = offer;
    const key = this.#keys.get(shard.storeId);
    // An older coordinator, whose welcome came over the same link.
    if (key === null)
      return { work: grant.work, devices: new Map(shard.devices.map((device) => [device.index, device])) };
    const terms = readTerms(grant);
    const refuse = (why: string) =>
      new Unsigned(
        why,
        terms.work.map(({ index }) => index),
      );
    if (key === undefined || grant.signature.length === 0) return refuse('its grant is not signed');
    if (!verify(null, signedBytes(grant.terms), key, grant.signature))
      return refuse("the signature of its grant is not the coordinator's");
    if (terms.instance !== this.instance) return refuse('its grant was signed for another agent');
    if (terms.claimId !== claimId) return refuse('its grant was signed for another claim');
    if (terms.epoch !== grant.epoch || terms.termMs !== grant.termMs)
      return refuse('its grant was signed for another lease');
    const isOffer =
      terms.storeId === shard.storeId &&
      terms.sweep === shard.sweep &&
      terms.shard === shard.shard &&
      terms.offer === shard.offer;
    if (!isOffer) return refuse('its grant was signed for another offer');
    if (!this.segments.includes(terms.segment)) return refuse(`segment ${terms.segment} is not this agent's`);
    const devices = carried(offer, terms);
    return devices === null
      ? refuse('its offer is not the one that was signed')
      : { work: terms.work, devices };
  }
}

/** The devices of the work as they came, if they and the options are what was signed; else null. */
function carried({ shard, bytes }: Offer, terms: LeaseTerms): Map<number, Device> | null {
  if (bytes === null) return null;
  const { options, devices } = partsOf(bytes);
  // The decoder has read the same fields in the same order.
  if (devices.length !== shard.devices.length) return null;
  const places = new Map(shard.devices.map(({ index }, at) => [index, at]));
  const signed: Uint8Array[] = [];
  const found = new Map<number, Device>();
  for (const { index } of terms.work) {
    const at = places.get(index) ?? -1;
    const [device, part] = [shard.devices[at], devices[at]];
    if (device === undefined || part === undefined) return null;
    found.set(index, device);
    signed.push(part);
  }
  return carriedDigest(options, signed).equals(terms.carried) ? found : null;
}

/** Of a shard that has been decoded: its fields as they lie there; of several options the last, as the decoder has it. */
function partsOf(shard: Uint8Array): { options: Uint8Array; devices: Uint8Array[] } {
  const reader = new BinaryReader(shard);
  const devices: Uint8Array[] = [];
  let options: Uint8Array = NOTHING;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === OPTIONS && type === WireType.LengthDelimited) options = reader.bytes();
    else if (field === DEVICES && type === WireType.LengthDelimited) devices.push(reader.bytes());
    else reader.skip(type, field);
  }
  return { options, devices };
}

/** Of a grant that nobody has verified yet. */
function readTerms({ terms }: Grant): LeaseTerms {
  try {
    return LeaseTerms.decode(terms);
  } catch {
    return LeaseTerms.create();
  }
}

/** Throws where it is no key. */
function keyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), type: 'spki', format: 'der' });
}

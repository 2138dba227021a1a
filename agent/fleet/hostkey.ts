// A device's ed25519 host key, drawn from the fleet's seed: the same on every run, without a file.
// Node reads a raw key quickly only as a JWK, where it ignores the public half it insists on.
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';

export class HostKey {
  /** `blob`: the public half as SSH sends it. */
  constructor(
    readonly key: KeyObject,
    readonly blob: Buffer,
  ) {}

  /** `ssh-ed25519 AAAA...`, as in a known_hosts file. */
  get public(): string {
    return `ssh-ed25519 ${this.blob.toString('base64')}`;
  }
}

const BEFORE_PUBLIC = Buffer.concat([field('ssh-ed25519'), Buffer.from([0, 0, 0, 32])]);

/** Generation 0 is a device's first key; a device that changed its key presents generation 1. */
export function deriveHostKey(seed: number, device: number, generation: number): HostKey {
  const secret = createHash('sha256').update(`host key ${seed} ${device} ${generation}`).digest();
  const d = secret.toString('base64url');
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x: d }, format: 'jwk' });
  const { x } = key.export({ format: 'jwk' });
  if (x === undefined) throw new Error('an ed25519 key without a public half');
  return new HostKey(key, Buffer.concat([BEFORE_PUBLIC, Buffer.from(x, 'base64url')]));
}

function field(content: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, Buffer.from(content)]);
}

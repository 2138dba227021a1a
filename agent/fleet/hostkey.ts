// A device's ed25519 host key, drawn from the fleet's seed: the same on every run, without a file.
// Node reads a raw key quickly only as a JWK, where it ignores the public half it insists on.
import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';

export interface HostKey {
  /** OpenSSH's private key format. */
  openssh: string;
  /** `ssh-ed25519 AAAA...`, as in a known_hosts file. */
  public: string;
  key: KeyObject;
}

/** Generation 0 is a device's first key; a device that changed its key presents generation 1. */
export function deriveHostKey(seed: number, device: number, generation: number): HostKey {
  const secret = createHash('sha256').update(`host key ${seed} ${device} ${generation}`).digest();
  const d = secret.toString('base64url');
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x: d }, format: 'jwk' });
  const { x } = key.export({ format: 'jwk' });
  if (x === undefined) throw new Error('an ed25519 key without a public half');
  const publicKey = Buffer.from(x, 'base64url');
  const blob = Buffer.concat([field('ssh-ed25519'), field(publicKey)]);
  return {
    openssh: writeOpenssh(secret, publicKey, blob),
    public: `ssh-ed25519 ${blob.toString('base64')}`,
    key,
  };
}

function writeOpenssh(secret: Buffer, publicKey: Buffer, blob: Buffer): string {
  const check = Buffer.alloc(8);
  const body = Buffer.concat([check, blob, field(Buffer.concat([secret, publicKey])), field('')]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (body.length % 8)) % 8));
  const all = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    Buffer.from([0, 0, 0, 1]),
    field(blob),
    field(Buffer.concat([body, padding])),
  ]);
  const lines = all.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}

function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

// Our own certificate authority: made once, in a directory of the coordinator's state. It vouches for the
// coordinator's own address and for members, and for nothing else: it may not make another authority.

import { randomBytes, type webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { makeDirectory } from '../../proto/directory.js';
import { ALGORITHM, keyPair, makeKey, x509 } from '../../proto/identity/certificaterequest.js';
import type { TlsFiles } from '../tls.js';
import { readPrivate, writeWhole } from './natskeys.js';

const DAY_MS = 86_400_000;
const AUTHORITY_MS = 3650 * DAY_MS;
const SERVER_MS = 90 * DAY_MS;
/** Clocks of other hosts may be behind. */
const BEHIND_MS = 5 * 60_000;

const SERVER = 'server.pem';

/** A certificate request that nobody can be given a certificate for; the message says why. */
export class RequestRefused extends Error {}

/** As PEM. */
export interface Pair {
  cert: string;
  key: string;
}

/** What a certificate says of its owner. */
export interface Leaf {
  /** Of the subject. */
  name: string;
  /** DNS names and addresses of a server. */
  hosts: string[];
  uri: string | null;
  uses: ('server' | 'client')[];
  serial: string;
  notAfterMs: number;
}

export class Authority {
  readonly #key: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint: Buffer;

  private constructor(private readonly directory: string) {
    this.certificate = readFileSync(join(directory, 'ca.pem'), 'utf8');
    this.#key = readPrivate(join(directory, 'ca-key.pem')).toString();
    const { fingerprint256 } = new X509Certificate(this.certificate);
    this.fingerprint = Buffer.from(fingerprint256.replaceAll(':', ''), 'hex');
  }

  /** Null: none was made there. */
  static open(directory: string): Authority | null {
    return existsSync(join(directory, 'ca.pem')) ? new Authority(directory) : null;
  }

  /** The first of a directory; `hosts`: names and addresses at which the coordinator is reached. */
  static async make(directory: string, name: string, hosts: string[]): Promise<Authority> {
    makeDirectory(directory);
    const key = makeKey();
    const keys = await keyPair(key);
    const { X509CertificateGenerator, BasicConstraintsExtension, KeyUsagesExtension, KeyUsageFlags, ...lib } =
      await x509();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: newSerial(),
      name: [{ CN: [name] }],
      notBefore: new Date(Date.now() - BEHIND_MS),
      notAfter: new Date(Date.now() + AUTHORITY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    writeWhole(join(directory, 'ca-key.pem'), key, 0o600);
    // Last: it says that the rest is there.
    writeWhole(join(directory, 'ca.pem'), `${certificate.toString('pem')}\n`, 0o600);
    const authority = new Authority(directory);
    await authority.renewServer(hosts);
    return authority;
  }

  /** What the coordinator shows and trusts where it is a client itself; key and certificate share a file. */
  get files(): TlsFiles {
    const own = join(this.directory, SERVER);
    return { ca: join(this.directory, 'ca.pem'), cert: own, key: own };
  }

  /** Where the coordinator is reached, as its certificate says. */
  get hosts(): string[] {
    return hostsOf(new X509Certificate(this.server().cert));
  }

  /** The coordinator's own; the certificate with the authority's behind it, for those who join. */
  server(): Pair & { renewFromMs: number } {
    const text = readFileSync(join(this.directory, SERVER), 'utf8');
    const cert = text.slice(text.indexOf('-----BEGIN CERTIFICATE-----'));
    return { cert, key: text.slice(0, -cert.length), renewFromMs: renewFromMs(new X509Certificate(cert)) };
  }

  /** One file, so that key and certificate always fit. */
  async renewServer(hosts = this.hosts): Promise<void> {
    const { cert, key } = await this.serverPair('netsweep coordinator', hosts, Date.now() + SERVER_MS);
    writeWhole(join(this.directory, SERVER), key + cert + this.certificate, 0o600);
  }

  /** A certificate for a server of ours, which is also a client of others, and its key: a new one, or the one it has. */
  async serverPair(name: string, hosts: string[], notAfterMs: number, key = makeKey()): Promise<Pair> {
    const { publicKey } = await keyPair(key);
    const leaf: Leaf = {
      name,
      hosts,
      uri: null,
      uses: ['server', 'client'],
      serial: newSerial(),
      notAfterMs,
    };
    return { cert: await this.#sign(publicKey, leaf), key };
  }

  /** Throws RequestRefused. */
  async certify(request: Uint8Array, leaf: Leaf): Promise<string> {
    return this.#sign(await keyOf(request), leaf);
  }

  async #sign(publicKey: webcrypto.CryptoKey, leaf: Leaf): Promise<string> {
    const { X509CertificateGenerator, KeyUsagesExtension, KeyUsageFlags, ...lib } = await x509();
    const { privateKey, publicKey: own } = await keyPair(this.#key);
    const names = [
      ...leaf.hosts.map((host) => ({
        type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
        value: host,
      })),
      ...(leaf.uri === null ? [] : [{ type: 'url' as const, value: leaf.uri }]),
    ];
    const certificate = await X509CertificateGenerator.create({
      serialNumber: leaf.serial,
      subject: [{ CN: [leaf.name] }],
      issuer: new lib.X509Certificate(this.certificate).subject,
      notBefore: new Date(Date.now() - BEHIND_MS),
      notAfter: new Date(leaf.notAfterMs),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: privateKey,
      extensions: [
        new lib.BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new lib.ExtendedKeyUsageExtension(
          leaf.uses.map((use) => lib.ExtendedKeyUsage[use === 'server' ? 'serverAuth' : 'clientAuth']),
        ),
        new lib.SubjectAlternativeNameExtension(names),
        await lib.SubjectKeyIdentifierExtension.create(publicKey),
        await lib.AuthorityKeyIdentifierExtension.create(own),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  }
}

/** Names and addresses that a certificate is for. */
export function hostsOf({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
}

/** Two thirds of its life. */
export function renewFromMs({ validFrom, validTo }: X509Certificate): number {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return from + ((to - from) * 2) / 3;
}

/** As Node shows those of a peer: hexadecimal, upper case, 16 bytes that are a positive number. */
export function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString('hex').toUpperCase();
}

/** Of a request that was signed by the key that it is for. */
async function keyOf(request: Uint8Array): Promise<webcrypto.CryptoKey> {
  const { Pkcs10CertificateRequest } = await x509();
  try {
    const read = new Pkcs10CertificateRequest(new Uint8Array(request));
    if (await read.verify()) return await read.publicKey.export(ALGORITHM, ['verify']);
  } catch (cause) {
    throw new RequestRefused('this is not a certificate request for a P-256 key', { cause });
  }
  throw new RequestRefused('this certificate request was not signed by the key that it is for');
}

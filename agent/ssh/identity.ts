// What a login can prove itself with besides a password: a certificate, the key it is for, and whatever an
// ssh-agent holds, in this order, each shown to the device before it signs anything. Nothing here goes to a
// device; it is gathered before the first connect, so that a key that can't be used touches no device.
import type { Credential } from '../../proto/gen/netsweep/v1/model.js';
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { DeviceFailure } from '../failure.js';
import { plainName } from './algorithms.js';
import { readPrivateKey } from './privatekey.js';
import { type Certificate, publicKeyOf, readCertificate, signWith, typeOf } from './publickey.js';
import { SshAgent } from './sshagent.js';

export interface Identity {
  /** For messages: the certificate, the key, the keys of the ssh-agent. */
  name: string;
  /** As its blob begins. */
  type: string;
  blob: Buffer;
  /** An SSH signature; null when it is not given. Rejects with a DeviceFailure to end the login. */
  sign(data: Buffer, algorithm: string): Promise<Buffer | null>;
}

export interface Identities extends Disposable {
  list: Identity[];
  /** What a reader of the report should know; empty as a rule. */
  notes: string[];
}

const NONE: Identities = { list: [], notes: [], [Symbol.dispose]: () => {} };

/** Throws a DeviceFailure for what can't be used. An ssh-agent may take `limitMs` for each of its answers. */
export async function identitiesOf(credential: Credential | null, limitMs: number): Promise<Identities> {
  if (credential === null) return NONE;
  const own = ownIdentities(credential);
  const agent = await agentIdentities(credential, limitMs);
  const certificate = certificateOf(credential);
  const all = [...own, ...agent.list];
  if (certificate !== null) {
    const key = all.find(({ blob }) => blob.equals(certificate.key));
    if (key) all.unshift(certified(key, certificate));
    else if (agent.notes.length === 0) throw unusable(mismatched(own.length > 0));
  }
  const list = all.filter(({ blob }, at) => all.findIndex((other) => other.blob.equals(blob)) === at);
  return { ...agent, list };
}

function ownIdentities({ privateKey, passphrase }: Credential): Identity[] {
  if (privateKey.length === 0) return [];
  const key = readPrivateKey(privateKey, passphrase);
  const blob = publicKeyOf(key);
  const sign = (data: Buffer, algorithm: string) => signWith(key, data, algorithm);
  return [{ name: 'the key', type: typeOf(blob), blob, sign }];
}

/** Without its ssh-agent a login goes on with what else there is, if there is anything. */
async function agentIdentities(credential: Credential, limitMs: number): Promise<Identities> {
  if (credential.sshAgent === '') return NONE;
  try {
    const agent = SshAgent.at(credential.sshAgent, limitMs);
    const blobs = await agent.identities();
    const name = 'the keys of the ssh-agent';
    const list = blobs.map((blob) => ({
      name,
      type: typeOf(blob),
      blob,
      sign: (data: Buffer, algorithm: string) => agent.sign(blob, data, plainName(algorithm)),
    }));
    return { list, notes: [], [Symbol.dispose]: () => agent.close() };
  } catch (thrown) {
    if (!(thrown instanceof DeviceFailure)) throw thrown;
    if (credential.privateKey.length === 0 && credential.password.length === 0) throw thrown;
    return { ...NONE, notes: [thrown.message] };
  }
}

function certificateOf({ certificate }: Credential): Certificate | null {
  if (certificate.length === 0) return null;
  const read = readCertificate(certificate.toString('latin1'));
  if (typeof read === 'string') throw unusable(read);
  return read;
}

/** The key's own signature under a certificate's name. */
function certified(key: Identity, { type, blob, validAfter, validBefore }: Certificate): Identity {
  const now = BigInt(Math.floor(Date.now() / 1000));
  let name = 'the certificate';
  if (now >= validBefore) name += ` (expired ${day(validBefore)})`;
  else if (now < validAfter) name += ` (not valid before ${day(validAfter)})`;
  return { ...key, name, type, blob };
}

function day(seconds: bigint): string {
  const last = 8_640_000_000_000n; // of JavaScript's calendar
  return new Date(Number(seconds < last ? seconds : last) * 1000).toISOString().slice(0, 10);
}

function mismatched(hasKey: boolean): string {
  return hasKey ? 'is for another key than the private key given' : 'comes without its private key';
}

function unusable(what: string): DeviceFailure {
  return new DeviceFailure(Kind.AUTH, Stage.AUTH, `the certificate ${what}`);
}

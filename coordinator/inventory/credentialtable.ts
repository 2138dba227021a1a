// The distinct credentials of a sweep: logins that are equal in everything are one, so that each is proved once.
import { createHash } from 'node:crypto';
import { Credential, type SecretReference } from '../../proto/gen/netsweep/v1/model.js';
import type { CredentialSource, SecretField } from './inventory.js';

const FIELDS = [
  ...(['password', 'privateKey', 'enableSecret', 'passphrase', 'certificate', 'sshAgent'] as const),
];

/** All of a login but its user name; empty: none. */
export type Secrets = Record<SecretField, Buffer> & { sshAgent: string; references: SecretReference[] };

/** With ids `c1`, `c2` ... in the order of first use. */
export class CredentialTable {
  readonly credentials: Credential[] = [];
  private readonly indexes = new Map<string, number>();
  private readonly names = new Map<string, number>();

  indexOf(source: CredentialSource, secrets: Secrets): number {
    const username = source.username ?? '';
    const hash = createHash('sha256');
    const left = secrets.references.map(({ field, reference }) => `${field} ${reference}`);
    for (const part of [username, ...FIELDS.map((field) => secrets[field]), ...left])
      hash.update(`${Buffer.byteLength(part)}:`).update(part);
    const digest = hash.digest('hex');
    const known = this.indexes.get(digest);
    if (known !== undefined) return known;
    const index = this.credentials.length;
    this.indexes.set(digest, index);
    const name = this.nameOf(source.credential ?? username);
    this.credentials.push(Credential.create({ id: `c${index + 1}`, name, username, ...secrets }));
    return index;
  }

  /** A second credential of a name is told apart by a number, so that each can be released by its name. */
  private nameOf(wanted: string): string {
    const times = (this.names.get(wanted) ?? 0) + 1;
    this.names.set(wanted, times);
    return times === 1 ? wanted : `${wanted}-${times}`;
  }
}

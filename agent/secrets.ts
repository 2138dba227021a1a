// Credentials that came as references: the agent finds the secrets itself, where its own configuration says how. One
// that can't be had ends the devices that need it and no others; nothing is connected to for it.
import { type Credential, SecretField, Status } from '../proto/gen/netsweep/v1/model.js';
import { Attempt } from '../proto/gen/netsweep/v1/session.js';
import type { Vault } from '../proto/vault.js';
import { readVaultReference, VaultError, type VaultSettings } from '../proto/vaultsettings.js';
import { secretRefused } from './failure.js';
import { handedBack, type JobEnd } from './pool.js';

const VAULT = 'vault:';
const [LF, CR] = [10, 13];
const FIELDS = {
  [SecretField.PASSWORD]: 'password',
  [SecretField.PRIVATE_KEY]: 'privateKey',
  [SecretField.ENABLE_SECRET]: 'enableSecret',
  [SecretField.PASSPHRASE]: 'passphrase',
  [SecretField.CERTIFICATE]: 'certificate',
} as const;

/** By the ids of credentials with references: how their devices end; null: they go on, the secrets are there. */
export type Opened = ReadonlyMap<string, Promise<JobEnd | null>>;

export class Secrets implements Disposable {
  #vault: Promise<Vault> | null = null;

  constructor(
    private readonly settings: VaultSettings | null,
    /** Socket of this agent's own ssh-agent; empty: none. */
    private readonly sshAgent = process.env.SSH_AUTH_SOCK ?? '',
    /** Told of each credential that was looked up. */
    private readonly told: (result: 'found' | 'failed') => void = () => undefined,
  ) {}

  /** Puts what references name into their credentials. */
  open(credentials: readonly Credential[]): Opened {
    // Workers have no environment to find it in.
    for (const credential of credentials)
      if (credential.sshAgent === 'own' && this.sshAgent !== '') credential.sshAgent = this.sshAgent;
    const referring = credentials.filter(({ references }) => references.length > 0);
    return new Map(referring.map((credential) => [credential.id, this.#fill(credential)]));
  }

  [Symbol.dispose](): void {
    this.#vault?.then(
      (vault) => vault[Symbol.dispose](),
      () => undefined,
    );
  }

  async #fill(credential: Credential): Promise<JobEnd | null> {
    // Another agent of the segment may have one.
    if (this.settings === null)
      return handedBack('this agent has no Vault of its own', { touched: false, local: true });
    try {
      for (const { field, reference } of credential.references) {
        const name = FIELDS[field as keyof typeof FIELDS]; // looked at below
        if (name === undefined) throw new VaultError('this agent does not know what it is for');
        credential[name] = await this.#secret(reference, field);
      }
      this.told('found');
      return null;
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      this.told('failed');
      const failure = secretRefused(`${credential.name}: ${error.message}`, error.mayPass);
      return { $case: 'attempt', value: Attempt.create({ status: Status.FAILED, failure, leftClean: true }) };
    }
  }

  async #secret(reference: string, field: SecretField): Promise<Buffer> {
    const known = reference.startsWith(VAULT) ? readVaultReference(reference.slice(VAULT.length)) : null;
    if (known === null) throw new VaultError(`${reference} is none that an agent resolves`);
    this.#vault ??= this.#open();
    const secret = await (await this.#vault).secret(known);
    if (field !== SecretField.PRIVATE_KEY && [0, LF, CR].some((byte) => secret.includes(byte)))
      throw new VaultError(`more than one line of text is in ${reference}`);
    if (secret.length === 0) throw new VaultError(`there is nothing in ${reference}`);
    return secret;
  }

  async #open(): Promise<Vault> {
    const { Vault } = await import('../proto/vault.js');
    return new Vault(this.settings as VaultSettings); // looked at before
  }
}

// Resolves what the references of a selection point to, once each, into the distinct credentials of a sweep.
// Called only when a sweep is submitted. Secrets are Buffers from here on, and never part of a message.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type Credential,
  SecretField as Field,
  type SecretReference as Reference,
} from '../../proto/gen/netsweep/v1/model.js';
import { VaultError, type VaultReference } from '../../proto/vaultsettings.js';
import { CredentialTable, type Secrets } from './credentialtable.js';
import type { CredentialSource, SealedBy, SecretField, SecretReference } from './inventory.js';
import { checkPrivateKey, isEncrypted, readCertificate } from './keys.js';
import { runProgram } from './program.js';
import { readSecretFile, SecretError, withoutLineEnd } from './secretfile.js';
import { Issues } from './wording.js';

export interface SecretsIo {
  env: Readonly<Record<string, string | undefined>>;
  /** Where programs run. */
  cwd: string;
  /** Asks a person, without echo. */
  ask(question: string): Promise<Buffer>;
  /** Whose ssh-agent is meant: of who calls, or of the agent that logs in. */
  sshAgent: 'caller' | 'agent';
  /** Who reads Vault: the agents that log in, or who calls, by this. */
  vault: 'agents' | ((reference: VaultReference) => Promise<Buffer>);
  signal?: AbortSignal;
}

export interface ResolvedSecrets {
  /** With ids `c1`, `c2` ...; equal ones are one. */
  credentials: Credential[];
  /** For each source the index of its credential. */
  of: number[];
}

const NOTHING = Buffer.alloc(0);
const FIELDS = [
  ['password', Field.PASSWORD],
  ['privateKey', Field.PRIVATE_KEY],
  ['enableSecret', Field.ENABLE_SECRET],
  ['passphrase', Field.PASSPHRASE],
  ['certificate', Field.CERTIFICATE],
] as const;

/** Throws an InputError with every reference that cannot be resolved. */
export async function resolveSecrets(
  sources: readonly CredentialSource[],
  io: SecretsIo,
): Promise<ResolvedSecrets> {
  const issues = new Issues();
  const resolver = new Resolver(io, issues);
  const table = new CredentialTable();
  const of: number[] = [];
  let before: { source: CredentialSource; index: number } | null = null;
  for (const source of sources) {
    if (source.username === null)
      issues.reportAt(source.at, `device ${source.name} has no user name (expected username, or -u)`);
    // In most inventories the next device has the login of the one before it.
    const index: number =
      before !== null && haveOneLogin(source, before.source)
        ? before.index
        : table.indexOf(source, await resolver.secretsOf(source));
    before = { source, index };
    of.push(index);
  }
  issues.throwIfAny();
  return { credentials: table.credentials, of };
}

/** False also where only what the references point to could tell. */
function haveOneLogin(one: CredentialSource, other: CredentialSource): boolean {
  return (
    one.username === other.username &&
    one.credential === other.credential &&
    one.sshAgent === other.sshAgent &&
    FIELDS.every(([name]) => areOne(one[name], other[name]))
  );
}

function areOne(one: SecretReference | null, other: SecretReference | null): boolean {
  if (one === null || other === null) return one === other;
  return one.from === 'text' && other.from === 'text' && one.text === other.text;
}

class Resolver {
  private readonly resolved = new Map<string, Buffer>();
  private socket: string | undefined;

  constructor(
    private readonly io: SecretsIo,
    private readonly issues: Issues,
  ) {}

  async secretsOf(source: CredentialSource): Promise<Secrets> {
    const password = await this.resolve(source, 'password');
    const enableSecret = await this.resolve(source, 'enableSecret');
    const sshAgent = source.sshAgent === true ? this.sshAgent() : '';
    const key = await this.resolve(source, 'privateKey');
    const hasOther = password.length > 0 || this.isLeft(source.password) || sshAgent !== '';
    const passphrase = await this.passphrase(source, key, hasOther);
    const privateKey = passphrase === null ? NOTHING : key;
    const isUsed = privateKey.length > 0 || this.isLeft(source.privateKey) || sshAgent !== '';
    const certificate = isUsed ? await this.resolve(source, 'certificate') : NOTHING;
    const references = this.left(source, isUsed);
    const own = {
      password,
      enableSecret,
      privateKey,
      passphrase: passphrase ?? NOTHING,
      certificate,
      sshAgent,
    };
    return { ...own, references };
  }

  /** What the agent is to resolve. */
  private left(source: CredentialSource, hasKey: boolean): Reference[] {
    return FIELDS.flatMap(([name, field]) => {
      const reference = source[name];
      if (reference?.from !== 'vault' || !this.isLeft(reference)) return [];
      if (name === 'certificate' && !hasKey) return [];
      return [{ field, reference: sourceOf(reference) }];
    });
  }

  private isLeft(reference: SecretReference | null): boolean {
    return this.io.vault === 'agents' && reference?.from === 'vault';
  }

  /** Of an encrypted key; asked for once per key. Null: a key that nobody named stays closed, there is another way. */
  private async passphrase(source: CredentialSource, key: Buffer, hasOther: boolean): Promise<Buffer | null> {
    const { privateKey, passphrase } = source;
    if (this.isLeft(privateKey)) return passphrase === null ? NOTHING : this.resolve(source, 'passphrase');
    const encrypted = key.length === 0 || privateKey === null ? false : isEncrypted(key);
    if (privateKey === null || encrypted === false) return NOTHING;
    if (passphrase !== null && passphrase.from !== 'ask') return this.resolve(source, 'passphrase');
    if (passphrase === null && encrypted === null) return NOTHING;
    if (passphrase === null && hasOther && privateKey.from === 'file' && privateKey.found) return null;
    const question = `Passphrase for ${keyName(privateKey)}`;
    return this.once(`ask ${question}`, () => this.io.ask(`${question}: `), passphrase ?? privateKey);
  }

  private sshAgent(): string {
    if (this.io.sshAgent === 'agent') return 'own';
    const given = this.io.env.SSH_AUTH_SOCK ?? '';
    this.socket ??= resolve(this.io.cwd, given);
    if (given === '' || !isSocket(this.socket))
      this.issues.reportAt(
        null,
        `there is no ssh-agent (${given === '' ? 'SSH_AUTH_SOCK is not set' : `SSH_AUTH_SOCK is ${given}, which is no socket`}; expected a running one, or neither --ssh-agent nor ssh_agent)`,
      );
    return this.socket;
  }

  private async resolve(source: CredentialSource, field: SecretField): Promise<Buffer> {
    const reference = source[field];
    if (reference === null || this.isLeft(reference)) return NOTHING;
    if (reference.from === 'text' && field !== 'certificate' && field !== 'privateKey')
      return Buffer.from(reference.text, 'utf8');
    const key = `${field === 'certificate' ? field : ''} ${keyOf(reference, source)}`;
    return this.once(key, () => this.read(reference, source, field), reference);
  }

  /** Everything is read, run or asked for once. */
  private async once(key: string, work: () => Promise<Buffer>, reference: SecretReference): Promise<Buffer> {
    const known = this.resolved.get(key);
    if (known !== undefined) return known;
    const secret = await this.checked(work, reference);
    this.resolved.set(key, secret);
    return secret;
  }

  private async checked(work: () => Promise<Buffer>, reference: SecretReference): Promise<Buffer> {
    try {
      this.io.signal?.throwIfAborted();
      const secret = await work();
      if (secret.length === 0) throw new SecretError('there is nothing in it');
      return secret;
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      this.issues.reportAt(reference.at, `${sourceOf(reference)}: ${error.message}`);
      return NOTHING;
    }
  }

  private async read(
    reference: SecretReference,
    source: CredentialSource,
    field: SecretField,
  ): Promise<Buffer> {
    const secret = await this.fetch(reference, source, field);
    if (secret.length > 0 && field === 'certificate') return readCertificate(secret);
    // One that nobody named may be anything.
    const isFound = reference.from === 'file' && reference.found;
    if (secret.length > 0 && field === 'privateKey' && !isFound) checkPrivateKey(secret);
    if (field !== 'privateKey' && (secret.includes(0x0a) || secret.includes(0x0d) || secret.includes(0)))
      throw new SecretError('more than one line of text is in it');
    return secret;
  }

  private async fetch(
    reference: SecretReference,
    source: CredentialSource,
    field: SecretField,
  ): Promise<Buffer> {
    const isWhole = field === 'privateKey' || field === 'certificate';
    switch (reference.from) {
      case 'text':
        return Buffer.from(reference.text, 'utf8');
      case 'env': {
        const value = this.io.env[reference.variable];
        if (value === undefined)
          throw new SecretError(
            `this environment variable is not set (expected it exported: read -rs ${reference.variable}; export ${reference.variable})`,
          );
        return Buffer.from(value, 'utf8');
      }
      case 'file': {
        const secret = await readSecretFile(reference.path, field === 'certificate');
        return isWhole ? secret : withoutLineEnd(secret);
      }
      case 'command': {
        const { output, failure } = await runProgram(reference.program, {
          cwd: this.io.cwd,
          signal: this.io.signal,
        });
        if (failure !== null) throw new SecretError(failure);
        return isWhole ? output : withoutLineEnd(output);
      }
      case 'vault':
        return this.fromVault(reference);
      case 'sealed':
        return this.open(reference.text, reference.seal);
      case 'ask':
        return this.io.ask(`${reference.question} for ${source.username ?? source.name}: `);
    }
    reference satisfies never;
    throw new SecretError('this kind of reference is not known');
  }

  private async open(text: string, seal: SealedBy): Promise<Buffer> {
    if (typeof seal !== 'string') return seal.open(text);
    const { openSealed, SealError } = await import('./netmikoseal.js');
    try {
      return Buffer.from(await openSealed(text, seal, this.io.env), 'utf8');
    } catch (error) {
      if (error instanceof SealError) throw new SecretError(error.message, { cause: error });
      throw error;
    }
  }

  private async fromVault(reference: VaultReference): Promise<Buffer> {
    const { vault } = this.io;
    if (vault === 'agents') return NOTHING;
    try {
      return await vault(reference);
    } catch (error) {
      if (error instanceof VaultError) throw new SecretError(error.message, { cause: error });
      throw error;
    }
  }
}

/** What a reference is called in plans and messages. */
export function sourceOf(reference: SecretReference): string {
  switch (reference.from) {
    case 'text':
      return reference.at === null ? '--set' : `inventory ${reference.at.file}`;
    case 'sealed':
      return `encrypted in ${reference.at?.file ?? 'the inventory'}`;
    case 'env':
      return `env:${reference.variable}`;
    case 'file':
      return `file:${reference.path}`;
    case 'command':
      return `cmd:${reference.program.split(/\s+/, 1)[0] ?? ''}`;
    case 'vault':
      return `vault:${reference.path}#${reference.key}`;
    case 'ask':
      return 'ask';
  }
  reference satisfies never;
  throw new TypeError('unknown reference');
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return false; // said as a socket that is not there
  }
}

/** What a person knows a private key by. */
function keyName(reference: SecretReference): string {
  if (reference.from === 'file') return reference.path;
  const { at } = reference;
  return reference.from === 'text' && at !== null
    ? `the key at ${at.file}:${at.line}:${at.column}`
    : `the key from ${sourceOf(reference)}`;
}

function keyOf(reference: SecretReference, { username, name }: CredentialSource): string {
  if (reference.from === 'ask') return `ask ${reference.question} ${username ?? name}`;
  if (reference.from === 'text' || reference.from === 'sealed') return `${reference.from} ${reference.text}`;
  return reference.from === 'command' ? `cmd ${reference.program}` : sourceOf(reference);
}

// Resolves what the references of a selection point to, once each, into the distinct credentials of a sweep.
// Called only when a sweep is submitted. Secrets are Buffers from here on, and never part of a message.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Credential } from '../../proto/gen/netsweep/v1/model.js';
import type { Entry, SecretReference } from './inventory.js';
import { runProgram } from './program.js';
import { Issues } from './wording.js';

export interface SecretsIo {
  env: Readonly<Record<string, string | undefined>>;
  /** Where programs run. */
  cwd: string;
  /** Asks a person, without echo. */
  ask(question: string): Promise<Buffer>;
  signal?: AbortSignal;
}

export interface ResolvedSecrets {
  /** With ids `c1`, `c2` ...; equal ones are one. */
  credentials: Credential[];
  /** For each entry the index of its credential. */
  of: number[];
}

const MOST_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

type Role = 'password' | 'enableSecret' | 'privateKey';

/** Throws an InputError with every reference that cannot be resolved. */
export async function resolveSecrets(entries: readonly Entry[], io: SecretsIo): Promise<ResolvedSecrets> {
  const issues = new Issues();
  const resolver = new Resolver(io, issues);
  const table = new CredentialTable();
  const of: number[] = [];
  for (const entry of entries) {
    if (entry.username === null)
      issues.reportAt(entry.at, `device ${entry.name} has no user name (expected username, or -u)`);
    const secrets = {
      password: await resolver.resolve(entry, 'password'),
      privateKey: await resolver.resolve(entry, 'privateKey'),
      enableSecret: await resolver.resolve(entry, 'enableSecret'),
    };
    of.push(table.indexOf(entry, secrets));
  }
  issues.throwIfAny();
  return { credentials: table.credentials, of };
}

class Resolver {
  private readonly resolved = new Map<string, Buffer>();

  constructor(
    private readonly io: SecretsIo,
    private readonly issues: Issues,
  ) {}

  async resolve(entry: Entry, role: Role): Promise<Buffer> {
    const reference = entry[role];
    if (reference === null) return NOTHING;
    if (reference.from === 'text') return Buffer.from(reference.text, 'utf8');
    const key = keyOf(reference, entry);
    const known = this.resolved.get(key);
    if (known !== undefined) return known;
    const secret = await this.read(reference, entry, role);
    this.resolved.set(key, secret);
    return secret;
  }

  private async read(
    reference: Exclude<SecretReference, { from: 'text' }>,
    entry: Entry,
    role: Role,
  ): Promise<Buffer> {
    try {
      this.io.signal?.throwIfAborted();
      const secret = await this.fetch(reference, entry, role);
      if (secret.length === 0) throw new SecretError('there is nothing in it');
      if (role !== 'privateKey' && (secret.includes(0x0a) || secret.includes(0x0d) || secret.includes(0)))
        throw new SecretError('more than one line of text is in it');
      return secret;
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      this.issues.reportAt(reference.at, `${sourceOf(reference)}: ${error.message}`);
      return NOTHING;
    }
  }

  private async fetch(
    reference: Exclude<SecretReference, { from: 'text' }>,
    entry: Entry,
    role: Role,
  ): Promise<Buffer> {
    switch (reference.from) {
      case 'env': {
        const value = this.io.env[reference.variable];
        if (value === undefined) throw new SecretError('this environment variable is not set');
        return Buffer.from(value, 'utf8');
      }
      case 'file':
        return role === 'privateKey'
          ? readSecretFile(reference.path)
          : withoutLineEnd(await readSecretFile(reference.path));
      case 'command': {
        const { output, failure } = await runProgram(reference.program, {
          cwd: this.io.cwd,
          signal: this.io.signal,
        });
        if (failure !== null) throw new SecretError(failure);
        return role === 'privateKey' ? output : withoutLineEnd(output);
      }
      case 'ask':
        return this.io.ask(`${reference.question} for ${entry.username ?? entry.name}: `);
    }
    reference satisfies never;
    throw new SecretError('this kind of reference is not known');
  }
}

/** Why a reference gives no secret; never holds one. */
class SecretError extends Error {}

/** Equal triples of user name and secrets are one credential, whatever they are called. */
class CredentialTable {
  readonly credentials: Credential[] = [];
  private readonly indexes = new Map<string, number>();
  private readonly names = new Map<string, number>();

  indexOf(entry: Entry, secrets: Record<Role, Buffer>): number {
    const username = entry.username ?? '';
    const hash = createHash('sha256');
    for (const part of [Buffer.from(username), secrets.password, secrets.privateKey, secrets.enableSecret])
      hash.update(`${part.length}:`).update(part);
    const digest = hash.digest('hex');
    const known = this.indexes.get(digest);
    if (known !== undefined) return known;
    const index = this.credentials.length;
    this.indexes.set(digest, index);
    const name = this.nameOf(entry.credential ?? username);
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

/** What a reference is called in plans and messages. */
export function sourceOf(reference: SecretReference): string {
  switch (reference.from) {
    case 'text':
      return reference.at === null ? '--set' : `inventory ${reference.at.file}`;
    case 'env':
      return `env:${reference.variable}`;
    case 'file':
      return `file:${reference.path}`;
    case 'command':
      return `cmd:${reference.program.split(/\s+/, 1)[0] ?? ''}`;
    case 'ask':
      return 'ask';
  }
  reference satisfies never;
  throw new TypeError('unknown reference');
}

function keyOf(reference: SecretReference, entry: Entry): string {
  if (reference.from === 'ask') return `ask ${reference.question} ${entry.username ?? entry.name}`;
  return reference.from === 'command' ? `cmd ${reference.program}` : sourceOf(reference);
}

async function readSecretFile(path: string): Promise<Buffer> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOCTTY);
    const status = await file.stat();
    if (status.isDirectory()) throw new SecretError('this is a directory');
    if (status.isFile() && (status.mode & 0o077) !== 0)
      throw new SecretError(
        `others can read this file (found mode ${(status.mode & 0o777).toString(8)}, expected 600; chmod 600 helps)`,
      );
    const buffer = Buffer.alloc(MOST_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    if (length > MOST_BYTES)
      throw new SecretError(`too large for a secret (expected at most ${MOST_BYTES} bytes)`);
    const secret = Buffer.from(buffer.subarray(0, length));
    buffer.fill(0);
    return secret;
  } catch (error) {
    if (error instanceof SecretError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw new SecretError('no such file', { cause: error });
    if (code === 'EACCES') throw new SecretError('permission denied', { cause: error });
    throw new SecretError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** One line end at the end is the editor's or the program's, not the secret's. */
function withoutLineEnd(secret: Buffer): Buffer {
  if (secret.at(-1) !== 0x0a) return secret;
  return secret.subarray(0, secret.at(-2) === 0x0d ? -2 : -1);
}

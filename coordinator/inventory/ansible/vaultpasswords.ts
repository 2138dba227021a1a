// The passwords of Ansible's vaults: files that hold one, and programs that print one. They are read when the first
// vault is met, so that inventories without any need none.
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readSecretFile, SecretError, withoutLineEnd } from '../secretfile.js';
import type { InventoryIo } from '../shape.js';
import { type Issues, quote, reasonOf } from '../wording.js';
import { DEFAULT_LABEL, type VaultPassword } from './vault.js';

const LONGEST_MS = 60_000;
const MOST_BYTES = 64 * 1024;

interface Named {
  label: string;
  path: string;
  /** Where it was named, for messages. */
  by: string;
}

/** All of them, in the order in which they are tried; what is wrong with one is reported. */
export async function readVaultPasswords(io: InventoryIo, issues: Issues): Promise<VaultPassword[]> {
  const passwords: VaultPassword[] = [];
  for (const named of await passwordFiles(io)) {
    const refuse = (message: string) => issues.reportAt(null, `${named.by} ${quote(named.path)}: ${message}`);
    try {
      const password = await readPassword(named, io);
      if (password.length === 0) refuse('holds no password');
      else passwords.push({ label: named.label, password });
    } catch (error) {
      refuse(error instanceof SecretError ? error.message : `cannot be read (${reasonOf(error)})`);
    }
  }
  return passwords;
}

async function passwordFiles({ env, cwd, vaultPasswordFiles = [] }: InventoryIo): Promise<Named[]> {
  const given = vaultPasswordFiles.map((path) => ({ path, by: '--vault-password-file' }));
  const identities = (env.ANSIBLE_VAULT_IDENTITY_LIST ?? '').split(',').map((one) => one.trim());
  const others = [
    ...identities.map((path) => ({ path, by: 'ANSIBLE_VAULT_IDENTITY_LIST' })),
    { path: env.ANSIBLE_VAULT_PASSWORD_FILE ?? '', by: 'ANSIBLE_VAULT_PASSWORD_FILE' },
  ];
  const named = [...given, ...(given.length > 0 ? [] : others)].filter(({ path }) => path !== '');
  return Promise.all(named.map(async ({ path, by }) => ({ ...(await labelled(path, io(cwd, env))), by })));
}

function io(cwd: string, env: InventoryIo['env']) {
  return (path: string) =>
    path.startsWith('~/') && env.HOME !== undefined ? join(env.HOME, path.slice(2)) : resolve(cwd, path);
}

/** `LABEL@FILE`, where there is no file of the whole name. */
async function labelled(text: string, absolute: (path: string) => string): Promise<Omit<Named, 'by'>> {
  const sign = text.indexOf('@');
  const isFile = sign === -1 || (await stat(absolute(text)).catch(() => null)) !== null;
  if (isFile) return { label: DEFAULT_LABEL, path: absolute(text) };
  return { label: text.slice(0, sign) || DEFAULT_LABEL, path: absolute(text.slice(sign + 1)) };
}

async function readPassword({ label, path }: Named, { env }: InventoryIo): Promise<Buffer> {
  const { uid, mode } = await stat(path);
  const isProgram = await access(path, constants.X_OK).then(
    () => (mode & 0o111) !== 0,
    () => false,
  );
  if (!isProgram) return withoutBlanks(await readSecretFile(path));
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0)
    throw new SecretError('this program is not run (expected one that you own and nobody else can write)');
  // Programs whose names end so are asked for the password of one label.
  const args = label !== DEFAULT_LABEL && /-client(\.\w+)?$/.test(path) ? ['--vault-id', label] : [];
  return withoutBlanks(await outputOf(path, args, env));
}

function outputOf(path: string, args: string[], env: InventoryIo['env']): Promise<Buffer> {
  return new Promise((done, fail) => {
    const child = spawn(path, args, {
      cwd: dirname(path),
      env: { ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: LONGEST_MS,
      killSignal: 'SIGKILL',
    });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MOST_BYTES) chunks.push(chunk);
    });
    child.once('error', (error) =>
      fail(new SecretError(`cannot be run (${reasonOf(error)})`, { cause: error })),
    );
    child.once('close', (status, signal) => {
      if (status !== 0) fail(new SecretError(`ended with ${signal ?? `status ${status}`}`));
      else if (size > MOST_BYTES) fail(new SecretError('printed too much for a password'));
      else done(Buffer.concat(chunks));
    });
  });
}

/** Ansible takes the blanks around a password in a file for none of it. */
function withoutBlanks(bytes: Buffer): Buffer {
  return Buffer.from(withoutLineEnd(bytes).toString('utf8').trim(), 'utf8');
}

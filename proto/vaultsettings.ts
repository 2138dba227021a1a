// How HashiCorp Vault is reached, from the environment variables that its own tools use, and what `vault:PATH#KEY`
// names. Read by who resolves references: `netsweep`, or an agent whose own configuration has Vault.
import { readFileSync } from 'node:fs';
import { openToOthers } from './keyfile.js';

/** Why a reference gives no secret; for people, never holds one. `mayPass`: a later try may end better. */
export class VaultError extends Error {
  constructor(
    message: string,
    readonly mayPass = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'VaultError';
  }
}

export type VaultLogin =
  | { by: 'token'; token: string }
  | { by: 'tokenFile'; path: string }
  | { by: 'approle'; mount: string; roleIdFile: string; secretIdFile: string };

export interface VaultSettings {
  /** As in https://vault.example:8200, without a slash at the end. */
  address: string;
  /** Empty: none. */
  namespace: string;
  /** PEM file of the authority; null: the system's. */
  caFile: string | null;
  login: VaultLogin;
  /** Of one request, in ms. */
  timeoutMs: number;
  /** Further tries of a request that may end better. */
  retries: number;
}

export interface VaultReference {
  path: string;
  key: string;
}

/** Without its `vault:`; null: it is none. */
export function readVaultReference(text: string): VaultReference | null {
  const [, path = '', key = ''] = /^\/*([^#]+?)\/*#([^#]+)$/.exec(text) ?? [];
  // A path that climbs would be read elsewhere than it says.
  const parts = path.split('/');
  const isPath = parts.length > 1 && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  return isPath && !/[\0-\x20\x7f?]/.test(path) ? { path, key } : null;
}

/** Null: no Vault is named. Throws VaultError. */
export function readVaultSettings(given: Readonly<Record<string, string | undefined>>): VaultSettings | null {
  const text = (name: string) => given[name] ?? '';
  if (text('VAULT_ADDR') === '') return null;
  const timeoutMs = milliseconds(text('VAULT_CLIENT_TIMEOUT') || '5s');
  const retries = text('VAULT_MAX_RETRIES') || '2';
  if (!/^\d$/.test(retries)) throw new VaultError(`VAULT_MAX_RETRIES: found "${retries}", expected 0 to 9`);
  if (/^(1|t|true)$/i.test(text('VAULT_SKIP_VERIFY')))
    throw new VaultError(
      'VAULT_SKIP_VERIFY: a Vault that shows no certificate is not believed (VAULT_CACERT names its authority)',
    );
  return {
    address: address(text('VAULT_ADDR')),
    namespace: text('VAULT_NAMESPACE').replace(/^\/+|\/+$/g, ''),
    caFile: text('VAULT_CACERT') || null,
    login: login(text),
    timeoutMs,
    retries: Number(retries),
  };
}

function address(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search + url.hash + url.username !== '')
    throw new VaultError('VAULT_ADDR: expected an address such as https://vault.example:8200');
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname))
    throw new VaultError(`VAULT_ADDR: ${url.origin} is not encrypted (expected https, but on loopback)`);
  return url.href.replace(/\/+$/, '');
}

function login(text: (name: string) => string): VaultLogin {
  const [roleIdFile, secretIdFile] = [text('VAULT_ROLE_ID_FILE'), text('VAULT_SECRET_ID_FILE')];
  if (roleIdFile !== '' && secretIdFile !== '')
    return { by: 'approle', mount: text('VAULT_APPROLE_MOUNT') || 'approle', roleIdFile, secretIdFile };
  if (roleIdFile + secretIdFile !== '')
    throw new VaultError('VAULT_ROLE_ID_FILE and VAULT_SECRET_ID_FILE go together');
  if (text('VAULT_TOKEN_FILE') !== '') return { by: 'tokenFile', path: text('VAULT_TOKEN_FILE') };
  if (text('VAULT_TOKEN') !== '') return { by: 'token', token: text('VAULT_TOKEN') };
  throw new VaultError(
    'VAULT_ADDR is set, but no way to log in (expected VAULT_TOKEN, VAULT_TOKEN_FILE, or VAULT_ROLE_ID_FILE and VAULT_SECRET_ID_FILE)',
  );
}

/** As Vault's tools have it: seconds, or with a unit. */
function milliseconds(text: string): number {
  const [, number = '', unit = 's'] = /^(\d{1,6})(ms|s|m)?$/.exec(text) ?? [];
  const ms = Number(number) * ({ ms: 1, s: 1_000, m: 60_000 }[unit] ?? 0);
  if (number !== '' && ms > 0) return ms;
  throw new VaultError(`VAULT_CLIENT_TIMEOUT: found "${text}", expected a duration such as 5s`);
}

/** A file of a token or an id, which nobody else may read. */
export function readVaultFile(path: string): string {
  try {
    const open = openToOthers(path);
    if (open !== null) throw new VaultError(open);
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof VaultError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new VaultError(`${path} can't be read (${code})`, false, { cause: error });
  }
}

// HashiCorp Vault as a reader of its KV version 2 store sees it. A document is fetched once for all keys of it, kept
// for a minute and zeroed; a request that may end better is repeated. No message holds a secret or a token.
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { JsonBytes, NotText } from './jsonbytes.js';
import { readVaultFile, VaultError, type VaultReference, type VaultSettings } from './vaultsettings.js';

/** How long a document is kept, in ms. */
const KEEP_MS = 60_000;
/** How long it is remembered that one can't be had, in ms: a sweep would ask for each of its leases. */
const KEEP_ERROR_MS = 5_000;
const BODY_BYTES_MOST = 1 << 20;
const RETRY_MS = 250;
/** Share of a token's life after which another is asked for. */
const TOKEN_SHARE = 2 / 3;

interface Answer {
  status: number;
  body: Buffer;
}

interface Token {
  text: string;
  until: number;
}

interface Document {
  body: Promise<Buffer>;
  until: number;
}

export class Vault implements Disposable {
  readonly #documents = new Map<string, Document>();
  readonly #mounts = new Map<string, string>();
  readonly #ca: Buffer | undefined;
  #token: Promise<Token> | null = null;
  #sweep: NodeJS.Timeout | null = null;

  /** Throws VaultError. */
  constructor(private readonly settings: VaultSettings) {
    try {
      if (settings.caFile !== null) this.#ca = readFileSync(settings.caFile);
    } catch (error) {
      throw new VaultError(`VAULT_CACERT: ${messageOf(error)}`, false, { cause: error });
    }
  }

  /** A copy of the secret. Throws VaultError. */
  async secret({ path, key }: VaultReference): Promise<Buffer> {
    const body = new JsonBytes(await this.#document(path));
    try {
      const secret = body.textAt(['data', 'data', key]);
      if (secret !== null) return secret;
    } catch (error) {
      if (error instanceof NotText) throw new VaultError(`${key} of ${path} is ${error.message}, not text`);
      throw this.#strange(path, error);
    }
    const keys = body.namesAt(['data', 'data']);
    const has = keys.length === 0 ? 'it has none' : `it has ${keys.slice(0, 8).join(', ')}`;
    throw new VaultError(`${path} has no key ${key} (${has})`);
  }

  [Symbol.dispose](): void {
    if (this.#sweep !== null) clearInterval(this.#sweep);
    for (const { body } of this.#documents.values()) zero(body);
    this.#documents.clear();
    this.#token = null;
  }

  #document(path: string): Promise<Buffer> {
    const now = performance.now();
    const known = this.#documents.get(path);
    if (known !== undefined && known.until > now) return known.body;
    const document: Document = { body: this.#read(path), until: now + KEEP_MS };
    document.body.catch(() => {
      document.until = performance.now() + KEEP_ERROR_MS;
    });
    this.#documents.set(path, document);
    this.#sweep ??= setInterval(() => this.#forget(), KEEP_ERROR_MS).unref();
    return document.body;
  }

  #forget(): void {
    const now = performance.now();
    for (const [path, { until, body }] of this.#documents) {
      if (until > now) continue;
      this.#documents.delete(path);
      zero(body);
    }
  }

  async #read(path: string): Promise<Buffer> {
    const mount = await this.#mountOf(path);
    const answer = await this.#authorized(`${mount}data/${path.slice(mount.length)}`);
    if (answer.status === 200) return answer.body;
    if (answer.status !== 404) throw this.#refused(path, answer);
    const deleted = new JsonBytes(answer.body).namesAt(['data', 'metadata']).includes('deletion_time');
    throw new VaultError(
      `${deleted ? 'the latest version was deleted' : 'there is nothing'} at ${path} (404)`,
    );
  }

  /** Where the path's store is mounted, with a slash at the end; asked for as Vault's own tools do. */
  async #mountOf(path: string): Promise<string> {
    const known = [...this.#mounts].find(([mount]) => path.startsWith(mount));
    if (known !== undefined) return known[0];
    const answer = await this.#authorized(`sys/internal/ui/mounts/${path}`);
    if (answer.status !== 200) throw this.#refused(path, answer);
    const about = new JsonBytes(answer.body);
    const mount = about.textAt(['data', 'path'])?.toString('utf8') ?? '';
    const version = about.textAt(['data', 'options', 'version'])?.toString('latin1') ?? '1';
    if (mount === '' || !path.startsWith(mount)) throw this.#strange(path, null);
    if (version !== '2')
      throw new VaultError(`${path} is in a KV store of version ${version} (expected version 2)`);
    this.#mounts.set(mount, version);
    return mount;
  }

  /** With a token; one that Vault no longer takes is replaced once, where we can log in. */
  async #authorized(path: string): Promise<Answer> {
    const { text } = await this.#loggedIn();
    const answer = await this.#request('GET', path, text, null);
    if (answer.status !== 403 || this.settings.login.by === 'token') return answer;
    this.#token = null;
    const again = await this.#loggedIn();
    return again.text === text ? answer : this.#request('GET', path, again.text, null);
  }

  async #loggedIn(): Promise<Token> {
    const known = await this.#token?.catch(() => null);
    if (known && known.until > performance.now()) return known;
    const token = this.#logIn();
    this.#token = token;
    token.catch(() => {
      if (this.#token === token) this.#token = null;
    });
    return token;
  }

  async #logIn(): Promise<Token> {
    const { login } = this.settings;
    if (login.by === 'token') return { text: login.token, until: Number.POSITIVE_INFINITY };
    // Somebody else renews the file.
    if (login.by === 'tokenFile')
      return { text: readVaultFile(login.path), until: performance.now() + KEEP_MS };
    const [role_id, secret_id] = [readVaultFile(login.roleIdFile), readVaultFile(login.secretIdFile)];
    const path = `auth/${login.mount}/login`;
    const answer = await this.#request('POST', path, null, JSON.stringify({ role_id, secret_id }));
    if (answer.status !== 200)
      throw this.#failed(`Vault refuses the role of ${login.roleIdFile}`, answer, answer.status >= 500);
    const { auth } = JSON.parse(answer.body.toString('utf8')) as {
      auth?: { client_token?: string; lease_duration?: number };
    };
    answer.body.fill(0);
    if (!auth?.client_token) throw new VaultError('Vault has answered a login without a token');
    const seconds = auth.lease_duration || Number.POSITIVE_INFINITY; // 0: it does not expire
    return { text: auth.client_token, until: performance.now() + seconds * 1_000 * TOKEN_SHARE };
  }

  async #request(method: string, path: string, token: string | null, body: string | null): Promise<Answer> {
    const { retries } = this.settings;
    for (let again = 0; ; again++) {
      try {
        const answer = await this.#requestOnce(method, path, token, body);
        const mayPass = answer.status === 429 || answer.status === 412 || answer.status >= 500;
        if (!mayPass || answer.status === 501 || again >= retries) return answer;
      } catch (error) {
        if (again >= retries || (error instanceof VaultError && !error.mayPass)) throw error;
      }
      await delay(RETRY_MS * 2 ** again * (0.75 + Math.random() / 2));
    }
  }

  #requestOnce(method: string, path: string, token: string | null, body: string | null): Promise<Answer> {
    const { address, namespace, timeoutMs } = this.settings;
    const url = new URL(`${address}/v1/${path.split('/').map(encodeURIComponent).join('/')}`);
    const headers = {
      'x-vault-request': 'true',
      ...(token === null ? {} : { 'x-vault-token': token }),
      ...(namespace === '' ? {} : { 'x-vault-namespace': namespace }),
    };
    const options = { method, headers, signal: AbortSignal.timeout(timeoutMs), agent: false };
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(this.#unreachable(error));
      const heard = (message: IncomingMessage) => {
        collect(message).then((whole) => resolve({ status: message.statusCode ?? 0, body: whole }), fail);
      };
      const request =
        url.protocol === 'https:'
          ? secureRequest(url, { ...options, ...(this.#ca && { ca: this.#ca }) }, heard)
          : plainRequest(url, options, heard);
      request.on('error', fail).end(body ?? undefined);
    });
  }

  #refused(path: string, answer: Answer): VaultError {
    if (answer.status === 403) return this.#failed(`permission denied for ${path}`, answer, false);
    return this.#failed(`Vault gives no answer for ${path}`, answer, answer.status >= 429);
  }

  /** With Vault's own words. */
  #failed(what: string, { status, body }: Answer, mayPass: boolean): VaultError {
    const words = errorsIn(body);
    if (/vault is sealed/i.test(words))
      return new VaultError(`the Vault at ${this.settings.address} is sealed (${status})`, true);
    return new VaultError(`${what} (${status}${words === '' ? '' : `: ${words}`})`, mayPass);
  }

  #unreachable(error: NodeJS.ErrnoException): VaultError {
    if (error instanceof VaultError) return error;
    const { address, timeoutMs } = this.settings;
    const why = /Abort|Timeout/.test(error.name)
      ? `no answer within ${timeoutMs} ms`
      : [error.code, error.message].find((words) => words !== undefined && words !== '');
    return new VaultError(`the Vault at ${address} can't be reached (${why})`, true, { cause: error });
  }

  #strange(path: string, cause: unknown): VaultError {
    return new VaultError(
      `what the Vault at ${this.settings.address} answers for ${path} is none of its answers`,
      false,
      { cause },
    );
  }
}

async function collect(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > BODY_BYTES_MOST) throw new VaultError('Vault answers more than 1 MiB');
    pieces.push(piece);
  }
  const whole = Buffer.from(new ArrayBuffer(length));
  let at = 0;
  for (const piece of pieces) {
    at += piece.copy(whole, at);
    piece.fill(0);
  }
  return whole;
}

function zero(body: Promise<Buffer>): void {
  body.then(
    (bytes) => bytes.fill(0),
    () => undefined,
  );
}

/** Of an answer that is no document; one line. */
function errorsIn(body: Buffer): string {
  try {
    const { errors } = JSON.parse(body.toString('utf8')) as { errors?: unknown };
    const words = Array.isArray(errors) ? errors.map(String).join('; ') : '';
    return words
      .replace(/[\0-\x1f\x7f]+/g, ' ')
      .trim()
      .slice(0, 200);
  } catch {
    return '';
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

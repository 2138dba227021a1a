// A stand-in for HashiCorp Vault, ours, not the real thing: KV version 2 below `secret/` and `team/kv/`, tokens, AppRole
// logins, namespaces, and the answers that Vault's HTTP documentation gives for what goes wrong.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface VaultLeaf {
  key: Buffer;
  cert: Buffer;
}

interface Role {
  roleId: string;
  secretId: string;
  /** Of its tokens, in seconds. */
  seconds: number;
}

export class FakeVault implements AsyncDisposable {
  /** By namespace and path, as in `/secret/network/core`; a deleted one is null. */
  readonly documents = new Map<string, Record<string, unknown> | null>();
  /** Paths that each token may read, by their beginning. */
  readonly tokens = new Map<string, string[]>();
  readonly requests: string[] = [];
  role: Role | null = null;
  sealed = false;
  /** Answers 500 so often, before it goes on. */
  failing = 0;
  /** Answers nothing. */
  silent = false;
  #logins = 0;

  private constructor(
    private readonly server: Server,
    private readonly scheme: string,
  ) {}

  /** Over TLS where there is a certificate. */
  static async open(leaf: VaultLeaf | null = null): Promise<FakeVault> {
    const server = leaf === null ? createServer() : createSecureServer(leaf);
    const vault = new FakeVault(server, leaf === null ? 'http' : 'https');
    server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void vault.#answer(request, response),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return vault;
  }

  get address(): string {
    return `${this.scheme}://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://vault').pathname);
    this.requests.push(`${request.method} ${path}`);
    const say = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const refuse = (status: number, ...errors: string[]) => say(status, { errors });
    if (this.silent) return;
    if (this.sealed) return void refuse(503, 'Vault is sealed');
    if (this.failing > 0) {
      this.failing -= 1;
      return void refuse(500, 'internal error');
    }
    if (request.method === 'POST') return this.#logIn(request, path, say);
    const namespace = String(request.headers['x-vault-namespace'] ?? '');
    const allowed = this.tokens.get(String(request.headers['x-vault-token'] ?? ''));
    if (allowed === undefined) return void refuse(403, 'permission denied');
    const [, asked = ''] = /^\/v1\/sys\/internal\/ui\/mounts\/(.*)$/.exec(path) ?? [];
    if (asked !== '') return void this.#mount(asked, allowed, say);
    const [, mount = '', name = ''] = /^\/v1\/(secret|team\/kv)\/data\/(.+)$/.exec(path) ?? [];
    const whole = `${mount}/${name}`;
    if (mount === '') return void refuse(404, `no handler for route "${path.slice(4)}"`);
    if (!allowed.some((prefix) => whole.startsWith(prefix)))
      return void refuse(403, '1 error occurred:\n\t* permission denied\n\n');
    const document = this.documents.get(`${namespace}/${whole}`);
    if (document === undefined) return void refuse(404);
    const metadata = { version: 1, destroyed: false, deletion_time: '' };
    if (document === null) {
      const deleted = { ...metadata, deletion_time: '2026-01-02T03:04:05Z' };
      return void say(404, { request_id: 'r', data: { data: null, metadata: deleted } });
    }
    say(200, { request_id: 'r', lease_duration: 0, data: { data: document, metadata } });
  }

  #mount(asked: string, allowed: string[], say: (status: number, body: unknown) => void): void {
    const preflight =
      "preflight capability check returned 403, please ensure client's policies grant access to path";
    const mount = ['secret/', 'team/kv/', 'old/'].find((one) => asked.startsWith(one));
    if (
      mount === undefined ||
      !allowed.some((prefix) => prefix.startsWith(mount) || mount.startsWith(prefix))
    )
      return void say(403, { errors: [`${preflight} "${asked}/"`] });
    const options = mount === 'old/' ? null : { version: '2' };
    say(200, { data: { path: mount, type: 'kv', options } });
  }

  async #logIn(
    request: IncomingMessage,
    path: string,
    say: (status: number, body: unknown) => void,
  ): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const given = JSON.parse(Buffer.concat(pieces).toString()) as { role_id?: string; secret_id?: string };
    const { role } = this;
    if (
      role === null ||
      path !== '/v1/auth/approle/login' ||
      given.role_id !== role.roleId ||
      given.secret_id !== role.secretId
    )
      return say(400, { errors: ['invalid role or secret ID'] });
    const token = `approle-${++this.#logins}`;
    this.tokens.set(token, ['secret/']);
    say(200, { auth: { client_token: token, lease_duration: role.seconds, renewable: true } });
  }
}

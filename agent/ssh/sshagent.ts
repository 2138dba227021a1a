// A client of ssh-agent (draft-ietf-sshm-ssh-agent), as far as logins need it: which identities it holds, and a
// signature with one of them. ssh2's own can neither show certificates nor end when the agent does not answer.
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { DeviceFailure, type Local, localTrouble } from '../failure.js';
import { Fields, string } from './publickey.js';

/** What OpenSSH's agent itself allows. */
const ANSWER_BYTES = 262_144;
const AGAIN_MS = 50;
const LIST = 11;
const LISTED = 12;
const SIGN = 13;
const SIGNED = 14;
const FLAGS: Record<string, number> = { 'rsa-sha2-256': 2, 'rsa-sha2-512': 4 };

export class SshAgent {
  readonly #path: string;
  readonly #limitMs: number;
  readonly #over = new AbortController();

  private constructor(path: string, limitMs: number) {
    this.#path = path;
    this.#limitMs = limitMs;
  }

  /**
   * `where` is the path of a socket, or "own" for the one in this process's environment; each answer may take
   * `limitMs`. Throws a DeviceFailure where there is none.
   */
  static at(where: string, limitMs: number): SshAgent {
    const path = where === 'own' ? (process.env.SSH_AUTH_SOCK ?? '') : where;
    if (path === '') throw trouble('there is no ssh-agent: SSH_AUTH_SOCK is not set where the agent runs');
    if (!path.startsWith('/')) throw trouble(`the path of an ssh-agent's socket begins with /, not ${path}`);
    return new SshAgent(path, limitMs);
  }

  /** Nothing more is asked; what is under way ends. */
  close(): void {
    this.#over.abort();
  }

  /** Its public keys and certificates, in its order. */
  async identities(): Promise<Buffer[]> {
    const fields = new Fields(await this.#ask(Buffer.of(LIST), LISTED));
    const count = fields.number(4);
    const blobs: Buffer[] = [];
    for (let left = count ?? 0n; left > 0n; left--) {
      const blob = fields.next();
      if (blob === null || fields.next() === null) throw this.#unclear();
      blobs.push(blob);
    }
    return blobs;
  }

  /** Null: it does not sign with this one, because it is locked, say, or somebody has not confirmed it. */
  async sign(blob: Buffer, data: Buffer, algorithm: string): Promise<Buffer | null> {
    const flags = Buffer.alloc(4);
    flags.writeUInt32BE(FLAGS[algorithm] ?? 0);
    const request = Buffer.concat([Buffer.of(SIGN), string(blob), string(data), flags]);
    const answer = await this.#ask(request, SIGNED, true);
    if (answer.length === 0) return null;
    const signature = new Fields(answer).next();
    if (signature === null) throw this.#unclear();
    // An agent that is older than SHA-2 for RSA answers with SHA-1; no device takes one for the other.
    return new Fields(signature).next()?.toString('latin1') === algorithm ? signature : null;
  }

  /** The answer's content, of the type wanted; with `mayRefuse` empty when it is another. */
  async #ask(request: Buffer, wanted: number, mayRefuse = false): Promise<Buffer> {
    const answer = await this.#exchange(string(request));
    if (answer[0] === wanted) return answer.subarray(1);
    if (mayRefuse) return Buffer.alloc(0);
    throw this.#unclear();
  }

  async #exchange(request: Buffer): Promise<Buffer> {
    const limit = AbortSignal.any([this.#over.signal, AbortSignal.timeout(this.#limitMs)]);
    for (;;) {
      try {
        return await exchange(this.#path, request, limit);
      } catch (thrown) {
        const code = (thrown as NodeJS.ErrnoException).code ?? '';
        if (limit.aborted) throw this.#trouble(`did not answer within ${this.#limitMs} ms`);
        if (code === 'UNCLEAR') throw this.#unclear();
        // Many sessions at once fill its queue of callers.
        if (code !== 'EAGAIN') throw this.#trouble(`can't be used (${code})`, localTrouble(code));
        await delay(AGAIN_MS, undefined, { signal: limit }).catch(() => {}); // the next try finds it over
      }
    }
  }

  #unclear(): DeviceFailure {
    return this.#trouble('gives answers that are not those of one');
  }

  #trouble(what: string, local: Local | null = null): DeviceFailure {
    return trouble(`the ssh-agent at ${this.#path} ${what}`, local);
  }
}

/** One request and its answer, without the length; rejects with an error that has a code. */
function exchange(path: string, request: Buffer, limit: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (limit.aborted) return reject(limit.reason);
    const socket = createConnection(path);
    const fail = (code: string) => reject(Object.assign(new Error(code), { code }));
    const onLimit = () => socket.destroy();
    limit.addEventListener('abort', onLimit);
    const pieces: Buffer[] = [];
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'error'));
    socket.on('close', () => {
      limit.removeEventListener('abort', onLimit);
      fail('ECONNRESET');
    });
    socket.on('data', (chunk) => {
      pieces.push(chunk);
      const got = Buffer.concat(pieces);
      const length = got.length < 4 ? null : got.readUInt32BE(0);
      if (length === null) return;
      if (length === 0 || length > ANSWER_BYTES) fail('UNCLEAR');
      else if (got.length < 4 + length) return;
      else resolve(got.subarray(4, 4 + length));
      socket.destroy();
    });
    socket.write(request);
  });
}

function trouble(message: string, local: Local | null = null): DeviceFailure {
  return new DeviceFailure(Kind.AUTH, Stage.AUTH, message, { local });
}

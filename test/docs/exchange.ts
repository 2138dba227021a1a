// Who is found at an address of the examples' machine: exchange.mjs does it there.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, isIP } from 'node:net';
import { join } from 'node:path';
import { output, root } from '../process.ts';
import type { Machine } from './machine.ts';

/** What is there: a place on the machine, or a socket of a server outside. */
export type Lead = { host: string; port: number } | { path: string };

export class Exchange implements AsyncDisposable {
  /** Of hosts that have a name. */
  readonly #addresses = new Map<string, string>();

  private constructor(
    private readonly machine: Machine,
    private readonly child: ChildProcess,
  ) {}

  static async open(machine: Machine): Promise<Exchange> {
    const [execPath = '', execArgv] = machine.command(process.execPath, []);
    const child = fork(join(root, 'test/docs/exchange.mjs'), { execPath, execArgv, stdio: 'inherit' });
    await once(child, 'message');
    return new Exchange(machine, child);
  }

  /** Resolves when whoever connects to it gets there. */
  async lead(host: string, port: number, to: Lead): Promise<void> {
    const address = await this.addressOf(host);
    // Of IPv6 a route to all addresses is not leave to listen on them.
    if (isIP(address) === 6)
      await output(...this.machine.command('ip', ['-6', 'addr', 'replace', address, 'dev', 'lo', 'nodad']));
    this.child.send({ address, port, to });
    const [{ error }] = (await once(this.child, 'message')) as [{ error: string | null }];
    if (error !== null) throw new Error(`${host}:${port}: ${error}`);
  }

  /** A name that has no address yet is given one. */
  async addressOf(host: string, address?: string): Promise<string> {
    if (isIP(host) !== 0) return host;
    const known = this.#addresses.get(host);
    if (known !== undefined) return known;
    const own = address ?? `10.254.0.${this.#addresses.size + 1}`;
    this.#addresses.set(host, own);
    await this.machine.name(this.#addresses);
    return own;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

/** A socket, in a folder, of a server that listens on a port of this host. */
export async function socketOf(port: number, folder: string): Promise<Lead & AsyncDisposable> {
  const path = join(folder, `${port}.sock`);
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await once(server.listen(path), 'listening');
  return {
    path,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

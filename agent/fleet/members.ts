// Forked processes that share a fleet's work; each accepts its devices' connections by itself, because handing a socket
// over costs more than a session. Options travel as the first message, for secrets have no place among arguments.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { EventLog } from './events.js';
import type { FleetOptions } from './options.js';
import { FleetOptionError } from './plan.js';
import { EACH_ADDRESS_UP_TO, type Listening } from './share.js';

export type MemberMessage = { options: FleetOptions; index: number } | { listen: number };
export type MemberReply = { port: number } | { message: string; code: string };

const LAST_PORT = 65_535;

export class Members implements Listening {
  #children: ChildProcess[] = [];
  #portEach: boolean;
  #stopping = false;

  static async open(options: FleetOptions): Promise<Members> {
    new EventLog(options.events)[Symbol.dispose](); // a file that can't be written is said here, once
    const members = new Members(options.devices > EACH_ADDRESS_UP_TO);
    for (let index = 0; index < options.processes; index++) members.#start(options, index);
    return members;
  }

  private constructor(portEach: boolean) {
    this.#portEach = portEach;
  }

  async listen(port: number): Promise<number> {
    const last = port + this.#children.length - 1;
    if (this.#portEach && last > LAST_PORT)
      throw new FleetOptionError(`so many processes need the ports ${port} to ${last}`);
    const [first, ...others] = this.#children;
    if (first === undefined) throw new Error('a fleet without processes');
    const given = await listenThere(first, port);
    const ports = others.map((_, index) => (this.#portEach ? given + 1 + index : given));
    await Promise.all(others.map((child, index) => listenThere(child, ports[index] ?? given)));
    return given;
  }

  /** Each process hands its events on by itself. */
  flush(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const alive = this.#children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = alive.map((child) => once(child, 'exit'));
    for (const child of alive) if (child.connected) child.disconnect();
    await Promise.all(ended);
  }

  #start(options: FleetOptions, index: number): void {
    const child = fork(fileURLToPath(new URL('./member.js', import.meta.url)), { stdio: 'inherit' });
    this.#children.push(child);
    child.send({ options: { ...options, onEvent: null }, index } satisfies MemberMessage);
    child.once('exit', (status, signal) => {
      if (!this.#stopping) throw new Error(`a process of the fleet ended (${signal ?? status})`);
    });
  }
}

async function listenThere(child: ChildProcess, port: number): Promise<number> {
  const answered = once(child, 'message');
  child.send({ listen: port } satisfies MemberMessage);
  const [reply] = (await answered) as [MemberReply];
  if ('port' in reply) return reply.port;
  throw Object.assign(new Error(reply.message), { code: reply.code });
}

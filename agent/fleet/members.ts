// Forked processes that share a fleet's work. This process accepts and hands each connection over; a device's
// connections all go to the same one, so that overlaps are seen. Options travel as the first message, for
// secrets have no place among arguments.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { EventLog } from './events.js';
import type { FleetOptions } from './options.js';

export type MemberMessage = { options: FleetOptions } | { device: number; session: number };

export class Members implements AsyncDisposable {
  #children: ChildProcess[] = [];
  #stopping = false;

  static async open(options: FleetOptions): Promise<Members> {
    new EventLog(options.events)[Symbol.dispose](); // a file that can't be written is said here, once
    const members = new Members();
    for (let count = 0; count < options.processes; count++) members.#start({ ...options, onEvent: null });
    await Promise.all(members.#children.map((child) => once(child, 'message')));
    return members;
  }

  /** The socket must be paused and is no longer this process's. */
  serve(socket: Socket, device: number, session: number): void {
    this.#children[device % this.#children.length]?.send({ device, session } satisfies MemberMessage, socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const alive = this.#children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = alive.map((child) => once(child, 'exit'));
    for (const child of alive) if (child.connected) child.disconnect();
    await Promise.all(ended);
  }

  #start(options: FleetOptions): void {
    const child = fork(fileURLToPath(new URL('./member.js', import.meta.url)), { stdio: 'inherit' });
    this.#children.push(child);
    child.send({ options } satisfies MemberMessage);
    child.once('exit', (status, signal) => {
      if (!this.#stopping) throw new Error(`a process of the fleet ended (${signal ?? status})`);
    });
  }
}

// Where commands of netsweep are typed: desk.mjs on the examples' machine, which answers one after the other.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Finished, root } from '../process.ts';
import type { Machine } from './machine.ts';

export interface Seat {
  cwd: string;
  env: NodeJS.ProcessEnv;
}

export class Desk implements AsyncDisposable {
  private constructor(private readonly child: ChildProcess) {}

  static async open(machine: Machine, { cwd, env }: Seat): Promise<Desk> {
    const [execPath, execArgv] = machine.command(process.execPath, [], cwd);
    const child = fork(join(root, 'test/docs/desk.mjs'), { execPath, execArgv, env, stdio: 'inherit' });
    await once(child, 'message');
    return new Desk(child);
  }

  async ask(words: string[], seat: Seat, input = ''): Promise<Finished> {
    this.child.send({ words, ...seat, input });
    const [answer] = (await once(this.child, 'message')) as [Finished];
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

// Hosts of the pages through which others are reached: one real sshd on the examples' machine is all of them. Its key also
// logs in to devices, and is held by an ssh-agent.
import { type Sshd, sshdMissing, startSshd } from '../openssh.ts';
import { without } from '../process.ts';
import { SshAgentProcess } from '../sshagent.ts';
import type { Exchange } from './exchange.ts';
import type { Machine } from './machine.ts';
import { GATES } from './stock.ts';

/** Why there are none here; null if there are. */
export const gatesMissing = sshdMissing ?? without('ssh-agent', 'ssh-add');

/** Who may log in, and go on. */
const USERS = ['me', 'ops', 'admin'];

export class Gates implements AsyncDisposable {
  private constructor(
    private readonly sshd: Sshd,
    private readonly agent: SshAgentProcess,
  ) {}

  static async open(machine: Machine, exchange: Exchange): Promise<Gates> {
    const accounts = USERS.map((user, at) => `${user}:x:${2001 + at}:2000::/:/bin/bash`);
    const inside = { command: machine.rootCommand.bind(machine) };
    const sshd = await startSshd({ inside, accounts });
    for (const [host, port] of GATES) await exchange.lead(host, port, { host: sshd.host, port: sshd.port });
    return new Gates(sshd, await SshAgentProcess.open([sshd.privateKeyPath]));
  }

  /** The path of the key that opens them, the public one beside it. */
  get key(): string {
    return this.sshd.privateKeyPath;
  }

  /** Of a user's session that has an ssh-agent. */
  get env(): NodeJS.ProcessEnv {
    return { SSH_AUTH_SOCK: this.agent.path, GATE_KEY: this.key };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
    await this.sshd[Symbol.asyncDispose]();
  }
}

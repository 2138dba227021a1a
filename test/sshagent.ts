// A real ssh-agent for tests, with the keys it is given. It ends with the test process.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, program, Running, until } from './process.ts';

export class SshAgentProcess implements AsyncDisposable {
  private constructor(
    /** Of its socket. */
    readonly path: string,
    private readonly folder: string,
    private readonly running: Running,
  ) {}

  /** `keys`: paths of private keys without a passphrase, with their certificates beside them, if any. */
  static async open(keys: string[]): Promise<SshAgentProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'netsweep-agent-'));
    const path = join(folder, 'socket');
    const running = new Running(program('ssh-agent') ?? 'ssh-agent', ['-D', '-a', path], {
      onParentExit: 'killed',
    });
    const agent = new SshAgentProcess(path, folder, running);
    try {
      await running.logged(/SSH_AUTH_SOCK/);
      for (const key of keys) await agent.add(key);
    } catch (error) {
      await agent[Symbol.asyncDispose]();
      throw error;
    }
    return agent;
  }

  add(...args: string[]): Promise<string> {
    const env = { ...process.env, SSH_AUTH_SOCK: this.path };
    return output(program('ssh-add') ?? 'ssh-add', ['-q', ...args], { env });
  }

  /** Makes it deaf, and hearing again. */
  async pause(): Promise<void> {
    this.running.child.kill('SIGSTOP');
    const { pid } = this.running;
    await until('the agent to stop', async () =>
      /T/.test(await output('ps', ['-o', 'stat=', '-p', `${pid}`])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.child.kill('SIGCONT');
    await this.running.stop('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }
}

// A plain SSH client for the tests of the fleet: what a person at a terminal would do, with what came back.
import { once } from 'node:events';
import { type ClientChannel, type ConnectConfig, Client as SshClient } from 'ssh2';
import { until } from '../process.ts';

export interface Exec {
  status: number | null;
  stdout: string;
  stderr: string;
}

export class Client implements AsyncDisposable {
  readonly #ssh: SshClient;
  #channel: ClientChannel | null = null;
  #taken = 0;
  /** What the shell has sent, one character per byte. */
  text = '';
  banner = '';
  closed = false;

  /** Resolves after the login, with whatever method the device takes. */
  static async open(host: string, port: number, config: ConnectConfig = {}): Promise<Client> {
    const client = new Client();
    const ready = once(client.#ssh, 'ready');
    client.#ssh.connect({
      host,
      port,
      username: 'admin',
      password: 'rehearsal',
      tryKeyboard: true,
      readyTimeout: 5_000,
      ...config,
    });
    await ready;
    return client;
  }

  private constructor() {
    this.#ssh = new SshClient();
    this.#ssh.on('error', () => {}); // rejects open(); later errors are read from `closed`
    this.#ssh.on('banner', (text) => {
      this.banner += text;
    });
    this.#ssh.on('close', () => {
      this.closed = true;
    });
    this.#ssh.on('keyboard-interactive', (_name, _instructions, _language, _prompts, finish) =>
      finish(['rehearsal']),
    );
  }

  async shell(rows = 24): Promise<this> {
    this.#channel = await new Promise<ClientChannel>((resolve, reject) => {
      this.#ssh.shell({ rows }, (error, channel) => (error ? reject(error) : resolve(channel)));
    });
    this.#channel.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
    });
    return this;
  }

  type(keys: string): void {
    this.#channel?.write(Buffer.from(keys, 'latin1'));
  }

  /** Everything new up to and including the pattern. */
  async expect(pattern: RegExp): Promise<string> {
    try {
      const match = await until(`${pattern}`, () => pattern.exec(this.text.slice(this.#taken)), 5_000);
      const found = this.text.slice(this.#taken, this.#taken + match.index + match[0].length);
      this.#taken += found.length;
      return found;
    } catch (error) {
      throw new Error(`after ${JSON.stringify(this.text.slice(-300))}`, { cause: error });
    }
  }

  /** Types a line and gives the answer up to the prompt, its echo and the prompt taken off. */
  async ask(line: string, prompt: RegExp): Promise<string> {
    this.type(`${line}\r`);
    await this.expect(new RegExp(`${line.replace(/[|\\[\](){}.*+?^$]/g, '\\$&')}\r\n`));
    const answer = await this.expect(prompt);
    return answer.replace(prompt, '');
  }

  exec(command: string): Promise<Exec> {
    return new Promise((resolve, reject) => {
      this.#ssh.exec(command, (error, channel) => {
        if (error) return reject(error);
        const result: Exec = { status: null, stdout: '', stderr: '' };
        channel.on('data', (bytes: Buffer) => {
          result.stdout += bytes.toString('latin1');
        });
        channel.stderr.on('data', (bytes: Buffer) => {
          result.stderr += bytes.toString('latin1');
        });
        channel.on('exit', (status: number) => {
          result.status = status;
        });
        channel.on('close', () => resolve(result));
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ssh.end();
    await until('closed', () => this.closed, 5_000);
  }
}

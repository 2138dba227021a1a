// One commit by way of git fast-import: contents stream in while the sweep runs, and what they make is visible with the
// last word only. Cut off before that, git throws them away.
import { once } from 'node:events';
import { failpoint } from '../../proto/failpoint.js';
import { type Git, succeeded } from './git.js';

export interface Author {
  name: string;
  mail: string;
}

interface Commit {
  branch: string;
  /** The commit before; null: there is none. */
  base: string | null;
  author: Author;
  whenMs: number;
  message: string;
}

export class Import implements AsyncDisposable {
  readonly #child;
  readonly #ended: Promise<void>;
  /** Lines of the commit to come, by path. */
  readonly #lines = new Map<string, string>();
  #marks = 0;
  #hasEnded = false;

  constructor(git: Git) {
    this.#child = git.start(['fast-import', '--quiet', '--done']);
    this.#child.stdout.resume();
    this.#ended = succeeded(this.#child, 'fast-import').finally(() => {
      this.#hasEnded = true;
    });
    this.#ended.catch(() => undefined); // told to whoever waits for it
  }

  async put(path: string, bytes: Buffer): Promise<void> {
    this.#marks += 1;
    this.#lines.set(path, `M 100644 :${this.#marks} ${path}\n`);
    await this.#write(`blob\nmark :${this.#marks}\ndata ${bytes.length}\n`);
    await this.#write(bytes);
    await this.#write('\n');
  }

  place(path: string, object: string): void {
    this.#lines.set(path, `M 100644 ${object} ${path}\n`);
  }

  remove(path: string): void {
    this.#lines.set(path, `D ${path}\n`);
  }

  /** Resolves once git has it; throws GitError. */
  async commit({ branch, base, author, whenMs, message }: Commit): Promise<void> {
    const text = Buffer.from(message);
    const by = `committer ${author.name} <${author.mail}> ${timeOf(whenMs)}\n`;
    await this.#write(`commit ${branch}\n${by}data ${text.length}\n`);
    await this.#write(text);
    await this.#write(`\n${base === null ? '' : `from ${base}\n`}`);
    for (const line of this.#lines.values()) await this.#write(line);
    failpoint('backup.written');
    await this.#write('\ndone\n');
    this.#child.stdin.end();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended.catch(() => undefined);
  }

  async #write(piece: string | Buffer): Promise<void> {
    if (this.#hasEnded) await this.#ended;
    if (this.#child.stdin.write(piece)) return;
    const gone = new AbortController();
    const ended = this.#ended.finally(() => gone.abort());
    await Promise.race([
      once(this.#child.stdin, 'drain', { signal: gone.signal }).catch(() => undefined),
      ended,
    ]);
  }
}

/** Unix seconds and the offset of this host's clock. */
function timeOf(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  const clock = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const offset = clock.map((part) => String(part).padStart(2, '0')).join('');
  return `${Math.floor(ms / 1000)} ${minutes < 0 ? '-' : '+'}${offset}`;
}

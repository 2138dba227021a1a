// Reads objects of a repository through one git, in the order in which they are asked for.
import { type Git, GitError, succeeded } from './git.js';

const LF = 10;

interface Waiting {
  resolve(content: string): void;
  reject(error: unknown): void;
}

export class Objects implements Disposable {
  readonly #child;
  readonly #waiting: Waiting[] = [];
  #received: Buffer[] = [];
  #length = 0;
  /** Bytes of header, content and line end that are wanted before anything can be answered; 0: the header first. */
  #wanted = 0;
  #header = 0;

  constructor(git: Git) {
    this.#child = git.start(['cat-file', '--batch']);
    this.#child.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    const fail = (error: unknown) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    succeeded(this.#child, 'cat-file').then(() => fail(new GitError('git cat-file: it ended')), fail);
  }

  content(object: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#child.stdin.write(`${object}\n`);
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#length += chunk.length;
    while (this.#length > 0 && this.#length >= this.#wanted) if (!this.#answer()) return;
  }

  /** `NAME blob SIZE`, a line end, the content, a line end. False: more is to come first. */
  #answer(): boolean {
    const bytes = Buffer.concat(this.#received);
    this.#received = [bytes];
    if (this.#wanted === 0) {
      const end = bytes.indexOf(LF);
      if (end < 0) return false;
      const [, size] = / blob (\d+)$/.exec(bytes.toString('latin1', 0, end)) ?? [];
      if (size === undefined) {
        this.#drop(bytes, end + 1);
        this.#waiting.shift()?.reject(new GitError(`git cat-file: ${bytes.toString('latin1', 0, end)}`));
        return true;
      }
      this.#header = end + 1;
      this.#wanted = this.#header + Number(size) + 1;
      return this.#length >= this.#wanted;
    }
    const content = bytes.toString('utf8', this.#header, this.#wanted - 1);
    this.#drop(bytes, this.#wanted);
    this.#wanted = 0;
    this.#waiting.shift()?.resolve(content);
    return true;
  }

  #drop(bytes: Buffer, length: number): void {
    this.#received = [bytes.subarray(length)];
    this.#length = bytes.length - length;
  }
}

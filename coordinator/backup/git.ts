// The git program, the only thing here that touches a repository. It is asked for plain facts and never for a terminal.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { dirname } from 'node:path';

/** What git would not do, in its own words. */
export class GitError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'GitError';
  }
}

/** Variables of a git that started us, which would lead ours elsewhere. */
const ELSEWHERE =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|COMMON_DIR|NAMESPACE|PREFIX)$/;
const SETTINGS = [
  '-c',
  'core.quotePath=false',
  '-c',
  'gc.autoDetach=false',
  '-c',
  'core.fsync=committed,reference',
];
/** Of what it says, so much is kept. */
const SAID = 4_000;

export class Git {
  constructor(readonly directory: string) {}

  /** Starts `git ARGS` in the repository. */
  start(args: string[]): ChildProcessWithoutNullStreams {
    return spawn('git', ['-C', this.directory, ...SETTINGS, ...args], {
      // A Ctrl-C is for us; what is under way is ended or finished by us.
      detached: true,
      env: environment(this.directory),
    });
  }

  /** Its stdout; throws GitError with what it said where it ends with anything but 0. */
  async run(...args: string[]): Promise<string> {
    const child = this.start(args);
    child.stdin.end();
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    await succeeded(child, args[0] ?? '');
    return Buffer.concat(chunks).toString('utf8');
  }

  /** The same without a line end; null where git says no. */
  async ask(...args: string[]): Promise<string | null> {
    try {
      return (await this.run(...args)).trimEnd();
    } catch (error) {
      if (error instanceof GitError && !(error.cause instanceof Error)) return null;
      throw error;
    }
  }
}

/** Resolves when it has ended well. */
export function succeeded(child: ChildProcessWithoutNullStreams, what: string): Promise<void> {
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID);
  });
  child.stdin.on('error', () => undefined); // told by its end
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new GitError(startProblem(cause), { cause })));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new GitError(`git ${what}: ${withoutLogin(said.trim()) || `it ended with ${code}`}`));
    });
  });
}

/** Addresses of remotes may hold a password. */
function withoutLogin(text: string): string {
  return text.replace(/\/\/[^\s/@]*@/g, '//');
}

function startProblem(cause: NodeJS.ErrnoException): string {
  return cause.code === 'ENOENT'
    ? 'git is not on PATH (apt-get install git, dnf install git)'
    : `git can't be started: ${cause.message}`;
}

function environment(directory: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !ELSEWHERE.test(name));
  return {
    // Nobody is there to be asked for a password or a host key.
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    ...Object.fromEntries(own),
    GIT_TERMINAL_PROMPT: '0',
    // A directory within a repository is not that repository.
    GIT_CEILING_DIRECTORIES: dirname(directory),
    LC_ALL: 'C',
  };
}

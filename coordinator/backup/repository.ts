// The repository that backups go into: made where there is none, held by one backup at a time, read as a list of files,
// written in one commit that is there whole or not at all. A bare one by default, as Oxidized has it; a checked-out one
// is kept in step, and what somebody is changing there is left alone.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { makeDirectory } from '../../proto/directory.js';
import { exited } from '../processes.js';
import { Git, GitError } from './git.js';
import { type Author, Import } from './import.js';
import { Objects } from './objects.js';

/** What a backup that was killed leaves ends by itself; so long it is waited for, in seconds. */
const LOCK_S = '2';

/** A directory that can't be used; the message says why. */
export class RepositoryRefused extends Error {
  constructor(
    message: string,
    /** Another backup holds it. */
    readonly isTaken = false,
  ) {
    super(message);
    this.name = 'RepositoryRefused';
  }
}

export interface CommitRequest {
  author: Author;
  whenMs: number;
  message: string;
}

export class Repository implements AsyncDisposable {
  /** What the last commit holds: path to object. */
  files: ReadonlyMap<string, string> = new Map();
  #import: Import | null = null;
  #objects: Objects | null = null;

  private constructor(
    private readonly git: Git,
    private readonly branch: string,
    private readonly isBare: boolean,
    /** The hash that names objects: sha1 or sha256. */
    readonly objectFormat: string,
    private readonly lock: ChildProcess | null,
  ) {}

  /** Makes it where it is missing. Throws RepositoryRefused, or GitError. */
  static async open(path: string): Promise<Repository> {
    const directory = resolve(path);
    if (isMissing(directory)) await make(directory);
    const git = new Git(realpathSync(directory));
    const about = await git.ask(
      'rev-parse',
      '--is-bare-repository',
      '--absolute-git-dir',
      '--show-object-format',
    );
    if (about === null) throw await noRepository(git, directory);
    const [bare, gitDirectory = '', format = 'sha1'] = about.split('\n');
    const branch = await git.ask('symbolic-ref', '-q', 'HEAD');
    if (branch === null)
      throw new RepositoryRefused(`${directory}: no branch is checked out (git switch BRANCH)`);
    const lock = await held(join(gitDirectory, 'netsweep.lock'), directory);
    const repository = new Repository(git, branch, bare === 'true', format, lock);
    try {
      await repository.#read();
      return repository;
    } catch (error) {
      await repository[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The contents of an object. */
  content(object: string): Promise<string> {
    this.#objects ??= new Objects(this.git);
    return this.#objects.content(object);
  }

  /** Keeps the contents of a file for the commit to come; resolves once git has taken them. */
  async put(path: string, bytes: Buffer): Promise<void> {
    await this.#changes().put(path, bytes);
  }

  /** The same with contents that are there already. */
  place(path: string, object: string): void {
    this.#changes().place(path, object);
  }

  remove(path: string): void {
    this.#changes().remove(path);
  }

  get hasChanges(): boolean {
    return this.#import !== null;
  }

  /** On disk when it resolves. Gives the commit's name, and what kept a checked-out tree from following; null: nothing. */
  async commit(request: CommitRequest): Promise<{ commit: string; left: string | null }> {
    const base = await this.#tip();
    await this.#changes().commit({ ...request, branch: this.branch, base });
    this.#import = null;
    const commit = (await this.#tip()) ?? '';
    const left = this.isBare ? null : await this.#follow(base, commit);
    // What many small backups leave is packed now and then; git knows when.
    await this.git.ask('gc', '--auto', '--quiet');
    return { commit, left };
  }

  /** Throws GitError. */
  async push(remote: string): Promise<void> {
    await this.git.run('push', '--quiet', remote, `${this.branch}:${this.branch}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#import?.[Symbol.asyncDispose]();
    this.#objects?.[Symbol.dispose]();
    if (this.lock === null) return;
    this.lock.stdin?.end();
    await exited(this.lock);
  }

  async #read(): Promise<void> {
    const tip = await this.#tip();
    if (tip === null) return;
    const listed = await this.git.run('ls-tree', '-r', '-z', tip);
    const files = new Map<string, string>();
    for (const [, object = '', path = ''] of listed.matchAll(/\d+ blob ([0-9a-f]+)\t([^\0]+)\0/g))
      files.set(path, object);
    this.files = files;
  }

  #tip(): Promise<string | null> {
    return this.git.ask('rev-parse', '-q', '--verify', `${this.branch}^{commit}`);
  }

  #changes(): Import {
    this.#import ??= new Import(this.git);
    return this.#import;
  }

  /** Files that somebody is changing make git refuse, and then nothing of the tree is touched. */
  async #follow(base: string | null, commit: string): Promise<string | null> {
    try {
      await this.git.run('read-tree', '-m', '-u', ...(base === null ? [commit] : [base, commit]));
      return null;
    } catch (error) {
      if (error instanceof GitError) return error.message;
      throw error;
    }
  }
}

function isMissing(directory: string): boolean {
  if (!existsSync(directory)) return true;
  if (!statSync(directory).isDirectory()) throw new RepositoryRefused(`${directory} is not a directory`);
  return readdirSync(directory).length === 0;
}

/** Made beside its place and moved there, so that half of one is never found. */
async function make(directory: string): Promise<void> {
  const made = await besides(directory);
  try {
    await new Git(made).run('init', '--quiet', '--bare', '--initial-branch=main', '.');
    await rename(made, directory);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

/** A directory of another name, where the one wanted is to be. */
async function besides(directory: string): Promise<string> {
  try {
    makeDirectory(dirname(directory));
    return await mkdtemp(join(dirname(directory), `.${basename(directory)}-`));
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^\w+: |, mk\w+ .*$/g, '') : String(error);
    throw new RepositoryRefused(
      `${directory} can't be made (${why}; expected a place that you may write to)`,
    );
  }
}

async function noRepository(git: Git, directory: string): Promise<Error> {
  try {
    await git.run('rev-parse', '--git-dir');
  } catch (error) {
    if (error instanceof GitError && !/not a git repository/.test(error.message)) return error;
  }
  return new RepositoryRefused(
    `${directory} is no git repository (expected one, an empty directory, or none: it is made then)`,
  );
}

/** The kernel gives it back however we end. Where there is no flock, git itself refuses the second of two commits. */
async function held(file: string, directory: string): Promise<ChildProcess | null> {
  const child = spawn('flock', ['-w', LOCK_S, '-E', '75', file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true, // a Ctrl-C is for us
  });
  child.stdin.on('error', () => undefined);
  const answer = await new Promise<'held' | 'taken' | 'none'>((resolveWith) => {
    child.once('error', () => resolveWith('none'));
    child.stdout.once('data', () => resolveWith('held'));
    child.once('exit', (code) => resolveWith(code === 75 ? 'taken' : 'none'));
  });
  if (answer === 'taken') throw new RepositoryRefused(`another backup is under way into ${directory}`, true);
  return answer === 'held' ? child : null;
}

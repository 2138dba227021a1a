// Processes that a self-contained coordinator starts: nats-server and agents. Each ends with its parent, however
// that ends: by the kernel's parent-death signal, and agents also when their IPC channel closes.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withoutCore } from '../proto/core.js';
import type { AgentWord } from '../proto/orders.js';
import { findNatsServer } from './natsserver.js';

/** util-linux, on every Debian; without it IPC and the parent's own care remain. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
const DIE_WITH_PARENT = ['--pdeathsig', 'KILL'];

export interface NatsServer extends AsyncDisposable {
  url: string;
  /** Resolves when it has ended, wanted or not. */
  ended: Promise<void>;
}

/** Starts a private nats-server on loopback with `token` as its only key. `directory` is private to us; `port` null: any. */
export async function startNatsServer(
  directory: string,
  token: string,
  port: string | null,
): Promise<NatsServer> {
  await forgetPorts(directory);
  const config = join(directory, 'nats.conf');
  const lines = [
    'host: 127.0.0.1',
    `port: ${port ?? -1}`,
    'max_payload: 4MB',
    `authorization { token: "${token}" }`,
    `jetstream { store_dir: ${JSON.stringify(join(directory, 'jetstream'))}, max_mem: 1GB }`,
    `ports_file_dir: ${JSON.stringify(directory)}`,
  ];
  await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const [program, args] = dieWithParent(findNatsServer(), ['-c', config]);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: {} });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000);
  });
  const ended = exited(child);
  const url = await Promise.race([
    portsFile(directory, child),
    ended.then(() => {
      throw new Error(`nats-server ended at once: ${said.trim()}`);
    }),
  ]);
  return {
    url,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Forks an agent, which waits to be given its orders. */
export function forkAgent(): ChildProcess {
  const agent = fileURLToPath(new URL('../agent/main.js', import.meta.url));
  // Helpers of the collector cost more on busy cores than they save: 7 % of the agent's CPU. Half the room for what is
  // young makes it 15 MB smaller, and no slower.
  const words = ['--single-threaded-gc', '--max-semi-space-size=8'];
  const [execPath, execArgv] = withoutCore(...dieWithParent(process.execPath, words));
  const child = fork(agent, [], {
    execPath,
    execArgv,
    env: {},
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return child;
}

export function give(agent: ChildProcess, word: AgentWord): void {
  agent.send(word);
}

export function exited(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}

/** The words by which a program is started that ends with us, however we end. */
export function dieWithParent(program: string, args: string[]): [program: string, args: string[]] {
  return SETPRIV === undefined ? [program, args] : [SETPRIV, [...DIE_WITH_PARENT, '--', program, ...args]];
}

/** A server that was killed has left its file behind. */
async function forgetPorts(directory: string): Promise<void> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.ports'));
  await Promise.all(files.map((file) => rm(join(directory, file))));
}

/** nats-server writes the port it chose into a file; there is nothing to listen for but the file. */
async function portsFile(directory: string, child: ChildProcess): Promise<string> {
  while (child.exitCode === null && child.signalCode === null) {
    const name = (await readdir(directory)).find((file) => file.endsWith('.ports'));
    const text = name === undefined ? '' : await readFile(join(directory, name), 'utf8');
    const url = /"(nats:\/\/[^"]+)"/.exec(text)?.[1];
    if (url !== undefined) return url;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('nats-server ended before it listened');
}

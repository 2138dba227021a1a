// Starts the coordinator process of self-contained runs, without what it takes to call it: that is loaded meanwhile.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withoutCore } from '../proto/core.js';
import { harmless } from './cli/terminal.js';
import { findNatsServer, NoNatsServer } from './natsserver.js';
import {
  addressFile,
  comingWord,
  PRIVATE_COORDINATOR,
  type PrivateNews,
  type Workers,
  wordOf,
} from './privatenews.js';
import { makeStateDirectory } from './statedirectory.js';
import type { Keep } from './store/versions.js';
import { Unreachable } from './unreachable.js';

/** Helpers of the collector cost more on busy cores than they save. */
const ONE_COLLECTOR = '--single-threaded-gc';

export interface PrivateWish {
  /** The state directory. */
  state: string;
  /** A sweep is on its way: the rest may be started as well. Null: none is. */
  coming: Workers | null;
  /** What is let go of; null: nothing. */
  keep: Keep | null;
}

/** One that is starting, until it says where it is. */
export interface Begun {
  child: ChildProcess;
  news: Promise<PrivateNews>;
}

/** Null where one seems to run already. */
export async function beginPrivate(wish: PrivateWish): Promise<Begun | null> {
  return existsSync(addressFile(wish.state)) ? null : startPrivate(wish);
}

/** Throws Unreachable. */
export async function startPrivate({ state, coming, keep }: PrivateWish): Promise<Begun> {
  await makeStateDirectory(state);
  if (coming !== null) needNatsServer(); // or it would end after the sweep has been planned
  const program = fileURLToPath(new URL('./main.js', import.meta.url));
  const words = [...(coming === null ? [] : [comingWord(coming)]), ...(keep === null ? [] : [wordOf(keep)])];
  const [execPath, execArgv] = withoutCore(process.execPath, [ONE_COLLECTOR]);
  const child = fork(program, [PRIVATE_COORDINATOR, state, ...words], {
    detached: true,
    env: ofInterest(process.env),
    execPath,
    execArgv,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  // Passed on while we are here. Were it our own stderr, whoever reads that would wait for the last client.
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) =>
    process.stderr.write(process.stderr.isTTY ? harmless(text) : text),
  );
  const news = new Promise<PrivateNews>((resolve) => {
    child.once('message', (message) => resolve(message as PrivateNews)); // the other side is our own program
    child.once('exit', (code, killed) => resolve({ error: `it ended with ${killed ?? code}` }));
    child.once('error', (error) => resolve({ error: error.message }));
  });
  return { child, news };
}

function needNatsServer(): void {
  try {
    findNatsServer();
  } catch (error) {
    throw error instanceof NoNatsServer ? new Unreachable(error.message) : error;
  }
}

/** A secret that stands in the caller's environment must not stand in the coordinator's too. */
function ofInterest(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NETSWEEP_NATS_SERVER'];
  return Object.fromEntries(
    names.flatMap((name) => (name in environment ? [[name, environment[name]]] : [])),
  );
}

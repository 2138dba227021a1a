// A scheduled run as a process: `netsweep` itself, against the coordinator that starts it, in the directory and the
// environment where it was found good. It ends with us, however we end, and its last lines are kept.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Schedule, ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import { dieWithParent } from '../processes.js';
import type { Begun, RunEnd, Runner } from './runner.js';

const KEPT_CHARACTERS = 8_000;
const KEPT_LINES = 40;
/** A check reads inventories, and may run what makes them. */
const CHECK_MS = 30_000;
/** How long what a run has started may hold on to its output after its end, in ms. */
const OUTPUT_MS = 1_000;
/** How long a run may take to end when it is asked to, in ms. */
const GRACE_MS = 10_000;

export class Programs implements Runner {
  /** `coordinator`: as --coordinator takes it. */
  constructor(private readonly coordinator: string) {}

  begin({ words, directory, notify }: Schedule, { key }: ScheduleRun): Begun {
    const child = this.#start(words, directory, { NETSWEEP_SUBMIT_KEY: key, ...toldTo(notify) });
    return { ended: ended(child), stop: () => stop(child) };
  }

  /** Whether a command line could be run: what is wrong with it, or null. */
  async check({ words, directory, notify }: Schedule): Promise<string | null> {
    const child = this.#start(['check-scheduled', ...words], directory, toldTo(notify));
    const timer = setTimeout(() => child.kill('SIGKILL'), CHECK_MS);
    const { exitCode, tail } = await ended(child);
    clearTimeout(timer);
    if (exitCode === 0) return null;
    return exitCode < 0
      ? `it could not be checked within ${CHECK_MS / 1000} s`
      : tail.trim().replace(/^netsweep: /, '');
  }

  #start(words: string[], cwd: string, more: NodeJS.ProcessEnv): ChildProcess {
    const main = fileURLToPath(new URL('../main.js', import.meta.url));
    const [program, args] = dieWithParent(process.execPath, [main, ...words]);
    const env = { ...process.env, ...more, NETSWEEP_COORDINATOR: this.coordinator };
    // In a group of its own: a Ctrl-C is for us, and we end our children.
    return spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

function toldTo(notify: string[]): NodeJS.ProcessEnv {
  return notify.length > 0 ? { NETSWEEP_NOTIFY: notify.join(',') } : {};
}

function ended(child: ChildProcess): Promise<RunEnd> {
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-KEPT_CHARACTERS);
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    const end = () =>
      resolve({ exitCode: child.exitCode ?? -1, tail: said.split('\n').slice(-KEPT_LINES).join('\n') });
    child.once('close', end);
    child.once('exit', () => setTimeout(end, OUTPUT_MS).unref());
  });
}

function stop(child: ChildProcess): void {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('exit', () => clearTimeout(timer));
}

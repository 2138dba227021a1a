// A notice to a program of the user's: JSON on its stdin, an environment of its own, a limit of time.
import { spawn } from 'node:child_process';

const LIMIT_MS = 30_000;

export async function runHook(
  name: string,
  program: string,
  body: string,
  limitMs = LIMIT_MS,
): Promise<void> {
  const { PATH = '/usr/bin:/bin', HOME = '/', LANG = 'C.UTF-8' } = process.env;
  const child = spawn(program, [], {
    env: { PATH, HOME, LANG, NETSWEEP_NOTICE: name },
    stdio: ['pipe', 'ignore', 'ignore'],
    // In a group of its own, so that what it has started ends with it.
    detached: true,
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  try {
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? -1));
    });
    child.stdin.on('error', () => undefined); // it need not read
    child.stdin.end(body);
    const code = await ended;
    if (isLate) throw new Error(`${program} took longer than ${limitMs / 1000} s`);
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
  } finally {
    clearTimeout(timer);
  }
}

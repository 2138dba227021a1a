// Secrets pass through the memory of our programs, and a core would keep them on the disk. Node can't set limits of its
// own process; util-linux, on every Debian, can.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

const PRLIMIT = ['/usr/bin/prlimit', '/bin/prlimit'].find((path) => existsSync(path));
const NONE = '--core=0:0';

/** The words by which a program is started whose end leaves no core. */
export function withoutCore(program: string, args: readonly string[]): [program: string, args: string[]] {
  return PRLIMIT === undefined ? [program, [...args]] : [PRLIMIT, [NONE, '--', program, ...args]];
}

/** Of this process and of those that it starts from a few milliseconds on. */
export function leaveNoCore(): void {
  if (PRLIMIT === undefined) return;
  const child = spawn(PRLIMIT, [NONE, '--pid', String(process.pid)], { stdio: 'ignore', env: {} });
  child.on('error', () => undefined); // no process to be had: the limit stays what it was
  child.unref();
}

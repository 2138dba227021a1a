// `netsweep fleet`: the rehearsal fleet is a program of its own, started by its path beside this one. The
// channel between the two ends it when this process goes, however it goes.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ended, EXIT, type ExitCode } from './exit.js';

/** The fleet's program in the built tree; also when this file runs from its source. */
export function fleetProgram(): string {
  const beside = ['../../agent/fleet/main.js', '../../dist/agent/fleet/main.js'];
  const found = beside
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path));
  if (found === undefined)
    throw new Ended(EXIT.usage, 'the rehearsal fleet is not part of this installation');
  return found;
}

export async function runFleet(args: string[], stop: AbortSignal): Promise<ExitCode> {
  const child = fork(fleetProgram(), args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  stop.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  return (await exitOf(child)) as ExitCode;
}

/** The child's exit code; 128 and more for a signal, as a shell says it. */
export async function exitOf(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return child.exitCode;
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? EXIT.interrupted : EXIT.bug);
}

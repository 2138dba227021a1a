#!/usr/bin/env node
// The process edge of `netsweep`: words in, exit code out. The first signal asks the command to stop, a second
// ends the process; whatever error is not known to end.ts is a bug and ends with 70.
import { PRIVATE_COORDINATOR } from './privatenews.js';

const INTERRUPTED = 130;
const stop = new AbortController();

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(name);
  });
process.on('uncaughtException', async (error) => process.exit(await explain(error)));
// A reader that has gone is noticed where something is written (cli/sink.ts); here it must only not crash.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

async function main(): Promise<number> {
  const [, , command, ...args] = process.argv;
  if (command === PRIVATE_COORDINATOR) return runPrivate(args).catch(explain);
  const [{ buildProgram }, { wordsOf }] = await Promise.all([
    import('./cli/program.js'),
    import('./cli/words.js'),
  ]);
  let code = 0;
  const edge = { stop: stop.signal, done: (ended: number) => (code = ended) };
  return buildProgram(edge)
    .parseAsync(wordsOf(process.argv))
    .then(() => code, explain);
}

/** Started by us, on somebody's way to a first device, and without what reads a command line. */
async function runPrivate(args: string[]): Promise<number> {
  const { runPrivateCoordinator } = await import('./private.js');
  await runPrivateCoordinator(args, stop.signal);
  return 0;
}

async function explain(error: unknown): Promise<number> {
  // Most commands end without an error.
  const { endOf } = await import('./cli/end.js');
  const { code, message } = endOf(error, stop.signal);
  if (message !== '') process.stderr.write(`${message}\n`);
  return code;
}

void main().then(process.exit);

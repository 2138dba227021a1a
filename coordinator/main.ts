#!/usr/bin/env node
// The process edge of `netsweep`: words in, exit code out. The first signal asks the command to stop, a second
// ends the process; whatever error is not known to end.ts is a bug and ends with 70.
import { buildProgram } from './cli/program.js';
import { wordsOf } from './cli/words.js';

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
  let code = 0;
  const edge = { stop: stop.signal, done: (ended: number) => (code = ended) };
  return buildProgram(edge)
    .parseAsync(wordsOf(process.argv))
    .then(() => code, explain);
}

async function explain(error: unknown): Promise<number> {
  // Most commands end without an error, and this pulls in gRPC.
  const { endOf } = await import('./cli/end.js');
  const { code, message } = endOf(error, stop.signal);
  if (message !== '') process.stderr.write(`${message}\n`);
  return code;
}

void main().then(process.exit);

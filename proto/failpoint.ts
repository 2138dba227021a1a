// Places where a test may make this process die, stop or stumble: the edges between store, gRPC acknowledgement and
// NATS acknowledgement. Nothing happens unless the environment arms one:
//
//   NETSWEEP_FAILPOINTS='intake.committed=kill@3,agent.acked=stop'   at its third passing, at its first
//   NETSWEEP_FAILPOINTS='store.written=delay500'                     half a second, each time
//
// What fired is appended to the file that NETSWEEP_FAILPOINTS_LOG names, so that a fault that never fired is seen.
import { appendFileSync } from 'node:fs';

interface Armed {
  action: string;
  /** Passings until it fires; 0: it has fired. */
  left: number;
}

const armed = readArmed(process.env.NETSWEEP_FAILPOINTS ?? '');

/** Passes a place; free unless something is armed. */
export function failpoint(name: string): void {
  if (armed.size > 0) pass(name);
}

function pass(name: string): void {
  const point = armed.get(name);
  if (point === undefined || point.left === 0 || --point.left > 0) return;
  const log = process.env.NETSWEEP_FAILPOINTS_LOG;
  if (log !== undefined) appendFileSync(log, `${name}=${point.action} ${process.pid}\n`);
  if (point.action.startsWith('delay')) {
    point.left = 1; // and every time after it
    delay(Number(point.action.slice('delay'.length)));
    return;
  }
  switch (point.action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'stop':
      process.kill(process.pid, 'SIGSTOP');
      return;
    default:
      throw new Error(`failpoint ${name}`);
  }
}

/** Holds up the whole thread, as a slow disk does. */
function delay(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function readArmed(text: string): Map<string, Armed> {
  const points = text.split(',').flatMap((entry): [string, Armed][] => {
    const [, name, action, passing] =
      /^([\w.]+)=(kill|stop|throw|delay\d+)(?:@(\d+))?$/.exec(entry.trim()) ?? [];
    return name === undefined || action === undefined ? [] : [[name, { action, left: Number(passing ?? 1) }]];
  });
  return new Map(points);
}

// Places where a test may make this process die, stop or stumble: the edges between store, gRPC acknowledgement and
// NATS acknowledgement, and a worker's way with a device. Nothing happens unless the environment arms one:
//
//   NETSWEEP_FAILPOINTS='intake.committed=kill@3,agent.acked=stop'   at its third passing, at its first
//   NETSWEEP_FAILPOINTS='store.written=delay500'                     half a second, each time
//   NETSWEEP_FAILPOINTS='worker.session.R7=segv!'                    in the first process that passes, in no other
//
// What fired is appended to the file that NETSWEEP_FAILPOINTS_LOG names, so that a fault that never fired is seen.
import { appendFileSync, readFileSync } from 'node:fs';

interface Armed {
  act: (place: string) => void;
  action: string;
  /** Each time, not only the first. */
  again: boolean;
  /** Not where another process has been before. */
  once: boolean;
  /** Passings until it fires; 0: it has fired. */
  left: number;
}

const GROWN_BYTES = 1 << 28;
/** Outside the heap, for as long as the process lives. */
const grown: Buffer[] = [];

const ACTIONS: Record<string, (place: string) => void> = {
  kill: () => void process.kill(process.pid, 'SIGKILL'),
  segv: () => void process.kill(process.pid, 'SIGSEGV'),
  stop: () => void process.kill(process.pid, 'SIGSTOP'),
  exit: () => process.exit(0),
  throw: (place) => {
    throw new Error(`failpoint ${place}`);
  },
  uncaught: (place) =>
    void setImmediate(() => {
      throw new TypeError(`failpoint ${place}`);
    }),
  loop: () => {
    for (;;);
  },
  heap: (place) => {
    for (const full: unknown[] = []; ; ) full.push({ place, others: [full.length] });
  },
  grow: () => void grown.push(Buffer.alloc(GROWN_BYTES, 1)),
};

const armed = readArmed(process.env.NETSWEEP_FAILPOINTS ?? '');

/** Passes a place; free unless something is armed. */
export function failpoint(name: string): void {
  if (armed.size > 0) pass(name);
}

function pass(name: string): void {
  const point = armed.get(name);
  if (point === undefined || point.left === 0 || --point.left > 0) return;
  const { action, act, again, once } = point;
  if (again) point.left = 1;
  const log = process.env.NETSWEEP_FAILPOINTS_LOG;
  if (log !== undefined) {
    if (once && firedBefore(log, `${name}=${action} `)) return;
    appendFileSync(log, `${name}=${action} ${process.pid}\n`);
  }
  act(name);
}

function firedBefore(log: string, entry: string): boolean {
  try {
    return readFileSync(log, 'utf8').includes(entry);
  } catch {
    return false; // nothing has fired yet
  }
}

/** Holds up the whole thread, as a slow disk does. */
function delay(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function readArmed(text: string): Map<string, Armed> {
  const points = text.split(',').flatMap((entry): [string, Armed][] => {
    const [, name, action = '', ms, passing, once] =
      /^([\w.-]+)=([a-z]+)(\d+)?(?:@(\d+))?(!?)$/.exec(entry.trim()) ?? [];
    const again = action === 'delay';
    const act = again ? () => delay(Number(ms)) : ACTIONS[action];
    if (name === undefined || act === undefined) return [];
    return [
      [name, { act, action: action + (ms ?? ''), again, once: once === '!', left: Number(passing ?? 1) }],
    ];
  });
  return new Map(points);
}

// What an agent and its workers say to each other. Node's IPC with advanced serialisation: Buffers travel as
// they are, and a worker whose channel closes knows that its agent has gone.
import type { ChildProcess } from 'node:child_process';
import type {
  Attempt,
  Chunk,
  HostKey,
  LoginResult,
  Permit,
  SecretUse,
} from '../proto/gen/netsweep/v1/session.js';
import type { SessionTask } from './session/session.js';

/** When a lease ends for us: instants on the host's monotonic clock, in ms. */
export interface LeaseClock {
  /** No new connect and no new command from then on. */
  startUntil: number;
  /** Sockets are destroyed then. */
  stopAt: number;
}

export type ToWorker =
  | { say: 'run'; job: number; lease: string; clock: LeaseClock; task: SessionTask }
  | { say: 'renewed'; lease: string; clock: LeaseClock }
  /** Destroy these sessions now; each still answers `ended`. */
  | { say: 'abandon'; jobs: number[] }
  | { say: 'permit'; ask: number; permit: Permit | null }
  /** `answer` null: nobody can say, as the lease is over. */
  | { say: 'hostKey'; ask: number; answer: { accepted: boolean; known: HostKey[] } | null }
  | { say: 'start'; ask: number; granted: boolean };

export type FromWorker =
  | { say: 'alive' }
  /** `hop`: the nth bastion on the way to the job's device; 0: the device. */
  | { say: 'askPermit'; ask: number; job: number; use: SecretUse; hop: number }
  | { say: 'loggedIn'; job: number; use: SecretUse; result: LoginResult; hop: number }
  | { say: 'askHostKey'; ask: number; job: number; key: HostKey; hop: number }
  | { say: 'askStart'; ask: number; job: number }
  /** Pieces of an output that is too large for one message; they come before their job's `ended`. */
  | { say: 'chunk'; job: number; chunk: Chunk }
  /** `abandoned`: the session was cut by the agent's order or the lease's end, not by the device. */
  | { say: 'ended'; job: number; attempt: Attempt; abandoned: boolean };

/** How often a worker says that it is alive, in ms. */
export const ALIVE_EVERY_MS = 1_000;

/** Sends; false when the worker has gone. */
export function sendToWorker(worker: ChildProcess, message: ToWorker): boolean {
  if (!worker.connected) return false;
  worker.send(message, undefined, undefined, (error) => {
    // A worker that dies while we speak is noticed by its `exit`; what it held is handed back there.
    if (error !== null) worker.kill('SIGKILL');
  });
  return true;
}

interface Outgoing {
  message: FromWorker;
  sent: () => void;
}

let gathered: Outgoing[] = [];

/** Sends to the agent; resolves when the message has left this process. What is said in one turn travels together. */
export function sendToAgent(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    gathered.push({ message, sent: resolve });
    if (gathered.length === 1) setImmediate(sendGathered);
  });
}

function sendGathered(): void {
  const batch = gathered;
  gathered = [];
  const done = () => {
    for (const { sent } of batch) sent();
  };
  if (process.send === undefined || !process.connected) return done();
  process.send(
    batch.map(({ message }) => message),
    undefined,
    undefined,
    done,
  );
}

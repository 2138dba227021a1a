// A forked child of the agent that holds device sessions, many at a time, each on its own. It takes orders from
// its parent only and ends when that vanishes, closing every socket. It watches each lease's end by itself: a
// worker that was paused finds out before its next write.

import { Kind, type Output } from '../proto/gen/netsweep/v1/model.js';
import type { HostKey, LoginResult, Permit, SecretUse } from '../proto/gen/netsweep/v1/session.js';
import { Chunk } from '../proto/gen/netsweep/v1/session.js';
import { CHUNK_BYTES } from '../proto/subjects.js';
import { monotonicMs } from './clock.js';
import { wipeCredential } from './credentials.js';
import { ALIVE_EVERY_MS, type LeaseClock, sendToAgent, type ToWorker } from './ipc.js';
import { runSession, type SessionPorts, type SessionTask } from './session/session.js';
import { Bastions } from './ssh/bastions.js';

interface Job {
  lease: string;
  abandon: AbortController;
  /** The lease forbade it something: what becomes of it is no fault of its device. */
  forbidden: boolean;
}

const jobs = new Map<number, Job>();
const clocks = new Map<string, LeaseClock>();
const permits = new Map<number, (permit: Permit | null) => void>();
const hostKeys = new Map<number, (answer: { accepted: boolean; known: HostKey[] } | null) => void>();
const starts = new Map<number, (granted: boolean) => void>();
const bastions = new Bastions();
let asks = 0;

process.on('message', (message: ToWorker) => {
  switch (message.say) {
    case 'run':
      clocks.set(message.lease, message.clock);
      void run(message.job, message.lease, message.task);
      return;
    case 'renewed':
      if (clocks.has(message.lease)) clocks.set(message.lease, message.clock);
      return;
    case 'abandon':
      for (const job of message.jobs) jobs.get(job)?.abandon.abort();
      return;
    case 'permit':
      permits.get(message.ask)?.(message.permit);
      permits.delete(message.ask);
      return;
    case 'hostKey':
      hostKeys.get(message.ask)?.(message.answer);
      hostKeys.delete(message.ask);
      return;
    case 'start':
      starts.get(message.ask)?.(message.granted);
      starts.delete(message.ask);
      return;
    default:
      message satisfies never;
  }
});

// The parent has gone: nothing we do can be reported any more.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole terminal group; the parent decides what it means.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.stderr.on('error', () => undefined); // nobody may be left to read it

setInterval(() => {
  void sendToAgent({ say: 'alive' });
  const now = monotonicMs();
  for (const job of jobs.values()) if (clockOf(job.lease).stopAt <= now) job.abandon.abort();
}, ALIVE_EVERY_MS / 4);

async function run(job: number, lease: string, task: SessionTask): Promise<void> {
  const abandon = new AbortController();
  const own: Job = { lease, abandon, forbidden: false };
  jobs.set(job, own);
  const attempt = await runSession(task, ports(job, own), abandon.signal, bastions);
  for (const { credential } of [task, ...task.jump]) if (credential !== null) wipeCredential(credential);
  jobs.delete(job);
  if (![...jobs.values()].some((other) => other.lease === lease)) clocks.delete(lease);
  await sendInChunks(job, [...attempt.outputs, ...(attempt.transcript ? [attempt.transcript] : [])]);
  const cut = own.forbidden && attempt.failure?.kind === Kind.DISCONNECTED;
  await sendToAgent({ say: 'ended', job, attempt, abandoned: abandon.signal.aborted || cut });
}

function ports(job: number, own: Job): SessionPorts {
  const { lease } = own;
  const allowed = (may: boolean) => {
    own.forbidden ||= !may;
    return may;
  };
  const leaseOver = () => {
    allowed(false);
    return new Error('the lease is over');
  };
  return {
    permit: (use: SecretUse, hop = 0) => {
      const ask = ++asks;
      return new Promise<Permit>((resolve, reject) => {
        permits.set(ask, (permit) => (permit === null ? reject(leaseOver()) : resolve(permit)));
        void sendToAgent({ say: 'askPermit', ask, job, use, hop });
      });
    },
    loggedIn: (use: SecretUse, result: LoginResult, hop = 0) =>
      void sendToAgent({ say: 'loggedIn', job, use, result, hop }),
    acceptHostKey: (key: HostKey, hop = 0) => {
      const ask = ++asks;
      return new Promise((resolve, reject) => {
        hostKeys.set(ask, (answer) => (answer === null ? reject(leaseOver()) : resolve(answer)));
        void sendToAgent({ say: 'askHostKey', ask, job, key, hop });
      });
    },
    start: () => {
      const ask = ++asks;
      return new Promise((resolve) => {
        starts.set(ask, resolve);
        void sendToAgent({ say: 'askStart', ask, job });
      });
    },
    mayStart: () => allowed(monotonicMs() < clockOf(lease).startUntil),
    mayWrite: () => allowed(monotonicMs() < clockOf(lease).stopAt),
  };
}

/** A lease that is not known any more allows nothing. */
function clockOf(lease: string): LeaseClock {
  return clocks.get(lease) ?? { startUntil: 0, stopAt: 0 };
}

/** What is too much for one message travels in pieces before its result, which then carries none of it. */
async function sendInChunks(job: number, outputs: readonly Output[]): Promise<void> {
  let carried = 0;
  for (const output of outputs) {
    carried += output.body.length;
    if (carried <= CHUNK_BYTES) continue;
    carried -= output.body.length;
    const { body, sha256 } = output;
    for (let seq = 0; seq * CHUNK_BYTES < body.length; seq++) {
      const data = Buffer.from(body.subarray(seq * CHUNK_BYTES, (seq + 1) * CHUNK_BYTES));
      await sendToAgent({ say: 'chunk', job, chunk: Chunk.create({ sha256, seq, data }) });
    }
    output.body = Buffer.alloc(0);
  }
}

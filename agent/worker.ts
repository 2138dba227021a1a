// A forked child of the agent that holds device sessions, many at a time, each on its own. It takes orders from
// its parent only and ends when that vanishes, closing every socket. It watches each lease's end by itself: a
// worker that was paused finds out before its next write.

import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { failpoint } from '../proto/failpoint.js';
import { type Credential, Kind, type Output } from '../proto/gen/netsweep/v1/model.js';
import type { Attempt, HostKey, LoginResult, SecretUse } from '../proto/gen/netsweep/v1/session.js';
import { Chunk, Permit } from '../proto/gen/netsweep/v1/session.js';
import { CHUNK_BYTES } from '../proto/subjects.js';
import { CallOff } from './calloff.js';
import { jumped, monotonicMs } from './clock.js';
import { usualCompiler } from './compiler.js';
import { wipeCredential } from './credentials.js';
import { type Figures, NO_FIGURES } from './figures.js';
import { Hold } from './hold.js';
import { inTime } from './intime.js';
import {
  AGENT_FD,
  AgentLink,
  ALIVE_EVERY_MS,
  ALLOW_PORTS,
  ALLOW_TARGETS,
  type Ended,
  type KeyAnswer,
  type LeaseClock,
  type Leave,
  REHEARSE,
  type ToWorker,
} from './ipc.js';
import { Lent } from './lent.js';
import { readRehearsal } from './rehearsal.js';
import { Rehearsals } from './session/rehearsed.js';
import type { SessionPorts, SessionTask } from './session/seam.js';
import { runSession } from './session/session.js';
import { Bastions } from './ssh/bastions.js';
import { Targets } from './targets.js';
import { Turns } from './turns.js';

/** Sessions that there may be before others wait for their turn to begin, and how many do then in one turn of the loop. */
const BEGIN_FREELY = 250;
const BEGIN_EACH_TURN = 16;

/**
 * A worker begins with a late compiler, because a small sweep is over before it pays; after so many sessions what is
 * used is compiled as soon as by default. 5 % of a session's CPU in a sweep of 10,000.
 */
const MANY_SESSIONS = 1_500;

/**
 * Sessions at once, from which on memory comes first. Left to itself V8 lets sessions that are over lie for long; once
 * collected, and again whenever what lives long has grown by half, a worker with 2,500 at once is 65 MB smaller. With few
 * at once it would only cost: 5 % of a session's CPU.
 */
const CROWD = 1_000;
const COLLECT_OFTEN = '--heap-growing-percent=50';

interface Job {
  lease: string;
  abandon: CallOff | AbortController;
  /** What did not allow what the session wanted: the lease, or the machine. */
  hindered: Exclude<Ended, 'done'> | null;
  figures: Figures;
}

const jobs = new Map<number, Job>();
/** When leases end, and how many jobs go by each. */
const leases = new Map<string, { clock: LeaseClock; jobs: number }>();
const permits = new Map<number, (permit: Permit | null, at: number) => void>();
const hostKeys = new Map<number, (answer: KeyAnswer | null) => void>();
const starts = new Map<number, (granted: boolean) => void>();
/** Sessions by credential: what came in one message is shared, and wiped once none of them needs it. */
const users = new WeakMap<Credential, number>();
const bastions = new Bastions(Targets.read(wordAfter(ALLOW_TARGETS), wordAfter(ALLOW_PORTS)));
const turns = new Turns(BEGIN_FREELY, BEGIN_EACH_TURN);
const hold = new Hold();
const rehearsal = wordAfter(REHEARSE);
/** Null: sessions are real. */
const rehearsals = rehearsal === null ? null : new Rehearsals(readRehearsal(rehearsal));
let asks = 0;
let sessions = 0;
let isCrowded = false;

// Nothing may pass that is not repeated by heart: what an error says may hold a device's words.
process.on('uncaughtException', (error) => {
  const [, file = ''] = /\/([a-z]+\.js:\d+)/.exec(error?.stack ?? '') ?? [];
  writeSync(2, `FATAL ERROR: uncaught ${error?.name}${file === '' ? '' : ` at ${file}`}\n`);
  process.exit(1);
});

// The agent has gone: nothing we do can be reported any more.
const gone = () => process.exit(0);
const agent = new AgentLink(new Socket({ fd: AGENT_FD, readable: true, writable: true }), heard, gone);

function heard(message: ToWorker): void {
  switch (message.say) {
    case 'run':
      begin(message.lease, message.clock);
      void run(message.job, message.lease, message.task);
      return;
    case 'renewed': {
      const lease = leases.get(message.lease);
      if (lease) lease.clock = message.clock;
      return;
    }
    case 'hold':
      return hold.set(message.hold);
    case 'abandon':
      for (const job of message.jobs) jobs.get(job)?.abandon.abort();
      return;
    case 'permit':
      permits.get(message.ask)?.(message.permit, message.at);
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
}

// Ctrl-C reaches the whole terminal group; the parent decides what it means.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.stderr.on('error', () => undefined); // nobody may be left to read it

let lookedAt = monotonicMs();
let spentMs = 0;
alive();
setInterval(alive, ALIVE_EVERY_MS);

function alive(): void {
  void agent.send({ say: 'alive', memory: memory(), busy: busy() });
  for (const job of jobs.values()) if (!isBefore('stopAt', job.lease)) job.abandon.abort();
}

/** Of the whole process, in bytes; 0 where it can't be told, for want of a descriptor. */
function memory(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

/** Share of one core since the last look, in percent. */
function busy(): number {
  const now = monotonicMs();
  const { user, system } = process.cpuUsage();
  const spent = (user + system) / 1_000;
  const share = (100 * (spent - spentMs)) / Math.max(1, now - lookedAt);
  [lookedAt, spentMs] = [now, spent];
  return Math.round(share);
}

async function run(number: number, lease: string, task: SessionTask): Promise<void> {
  const abandon = rehearsals ? new AbortController() : new CallOff();
  const job: Job = { lease, abandon, hindered: null, figures: NO_FIGURES };
  jobs.set(number, job);
  if (jobs.size >= CROWD && !isCrowded) crowded();
  const credentials = [task, ...task.jump].flatMap(({ credential }) => credential ?? []);
  credentials.forEach(take);
  const turn = turns.next(jobs.size);
  if (turn !== null) await turn;
  const { beginInMs = 0 } = task;
  if (beginInMs > 0) await new Promise((resolve) => setTimeout(resolve, beginInMs));
  const { name } = task.device;
  failpoint(`worker.session.${name}`);
  const its = ports(number, job, task);
  const attempt = await (abandon instanceof AbortController && rehearsals
    ? rehearsals.run(task, its, abandon.signal)
    : runSession(task, its, abandon.signal, bastions));
  for (const credential of credentials) release(credential);
  jobs.delete(number);
  end(lease);
  failpoint(`worker.ending.${name}`);
  await sendInChunks(number, [...attempt.outputs, ...(attempt.transcript ? [attempt.transcript] : [])]);
  await agent.send({ say: 'ended', job: number, attempt, how: howEnded(job, attempt), figures: job.figures });
  sessions += 1;
  if (sessions === MANY_SESSIONS) usualCompiler();
}

function crowded(): void {
  isCrowded = true;
  setFlagsFromString(COLLECT_OFTEN);
  globalThis.gc?.();
}

/** Null: it is not among the arguments. */
function wordAfter(name: string): string | null {
  const at = process.argv.indexOf(name);
  return at < 0 ? null : (process.argv[at + 1] ?? '');
}

function begin(id: string, clock: LeaseClock): void {
  const lease = leases.get(id);
  if (lease) {
    lease.clock = clock;
    lease.jobs += 1;
  } else leases.set(id, { clock, jobs: 1 });
}

function end(id: string): void {
  const lease = leases.get(id);
  if (lease && --lease.jobs === 0) leases.delete(id);
}

function take(credential: Credential): void {
  users.set(credential, (users.get(credential) ?? 0) + 1);
}

function release(credential: Credential): void {
  const left = (users.get(credential) ?? 1) - 1;
  users.set(credential, left);
  if (left === 0) wipeCredential(credential);
}

/** What a device did wrong by itself is its failure, whatever else was the matter. */
function howEnded({ abandon, hindered }: Job, { failure }: Attempt): Ended {
  if (failure?.kind === Kind.DISCONNECTED && (abandon.signal.aborted || hindered === 'cut'))
    return hindered === 'unread' ? 'unread' : 'cut';
  if (failure === undefined || hindered === null || hindered === 'cut') return 'done';
  return hindered;
}

function ports(number: number, job: Job, task: SessionTask): SessionPorts {
  const { lease } = job;
  const lent = new Lent();
  const over = () => {
    job.hindered ??= 'cut';
    return new Error('the lease is over');
  };
  const may = (until: 'startUntil' | 'stopAt') => {
    const before = isBefore(until, lease);
    if (!before) over();
    return before;
  };
  return {
    permit: (use: SecretUse, hop = 0) => {
      if (lent.use(use, hop)) return Promise.resolve(Permit.SEND);
      const asked = () =>
        new Promise<Leave>((resolve, reject) => {
          const ask = ++asks;
          permits.set(ask, (permit, at) => (permit === null ? reject(over()) : resolve({ permit, at })));
          void agent.send({ say: 'askPermit', ask, job: number, use, hop });
        });
      return inTime(asked, (ms) => void agent.send({ say: 'late', job: number, ms }));
    },
    loggedIn: (use: SecretUse, result: LoginResult, hop = 0) => {
      failpoint(`worker.loggedIn.${task.device.name}`);
      void agent.send({ say: 'loggedIn', job: number, use, result, hop });
    },
    acceptHostKey: (key: HostKey, hop = 0) => {
      const ask = ++asks;
      return new Promise((resolve, reject) => {
        hostKeys.set(ask, (answer) => {
          if (answer === null) return reject(over());
          lent.came(answer);
          resolve(answer);
        });
        void agent.send({ say: 'askHostKey', ask, job: number, key, hop });
      });
    },
    start: () => {
      const ask = ++asks;
      return new Promise((resolve) => {
        starts.set(ask, (granted) => {
          if (!granted) over();
          resolve(granted);
        });
        void agent.send({ say: 'askStart', ask, job: number });
      });
    },
    paced: task.paced,
    mayStart: () => may('startUntil'),
    mayWrite: () => may('stopAt'),
    hold,
    heldTooLong: () => {
      job.hindered = 'unread';
      job.abandon.abort();
    },
    troubled: (local) => {
      job.hindered ??= local;
    },
    measured: (figures) => {
      job.figures = figures;
    },
  };
}

/** A lease that is not known any more allows nothing. */
function isBefore(end: 'startUntil' | 'stopAt', lease: string): boolean {
  const clock = leases.get(lease)?.clock;
  if (clock === undefined) return false;
  const now = monotonicMs();
  return now < clock[end] && !jumped(clock.ahead, Date.now() - now);
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
      await agent.send({ say: 'chunk', job, chunk: Chunk.create({ sha256, seq, data }) });
    }
    output.body = Buffer.alloc(0);
  }
}

// What has been counted since the agent was started, by the stations that see it. To count must cost next to nothing.

import { Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import type { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { label } from '../../proto/label.js';
import { Counts, Histogram, LABELS, SECONDS } from '../../proto/operation/metric.js';
import type { Figures } from '../figures.js';

/** Of an attempt that has not failed. */
const NO_KIND = 'none';
const KINDS = new Map<string, string>(Object.values(Kind).map((kind) => [kind, label('KIND', kind)]));
const STATUSES = new Map<string, string>(Object.values(Status).map((one) => [one, label('STATUS', one)]));
/** From a hundredth of a second to five minutes. */
const LONG_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Up to a lease. */
const LEASE_SECONDS = [0, 0.5, 1, 2, 3, 4, 5, 6, 7, 10];
/** How a worker's end is told, and the word for it. */
const DEATHS: readonly [RegExp, string][] = [
  [/^was silent/, 'silent'],
  [/memory/, 'memory'],
  [/^(broke|talked|asked|sent)/, 'rules'],
  [/^did not/, 'stuck'],
  [/^was killed by/, 'signal'],
];

export class Counted {
  /** By status and kind of failure. */
  readonly attempts = new Counts([`ok${LABELS}${NO_KIND}`]);
  /** By what was in the way. */
  readonly refused = new Counts(['gate', 'targets']);
  /** Credentials from Vault. */
  readonly secrets = new Counts(['found', 'failed']);
  readonly handBacks = new Counts(['worker-lost', 'local', 'let-go']);
  readonly connects = new Histogram(SECONDS);
  readonly logins = new Histogram(LONG_SECONDS);
  readonly commands = new Histogram(LONG_SECONDS);
  readonly bytes = new Counts(['in', 'out']);
  readonly workersStarted = new Counts(['']);
  readonly workersEnded = new Counts(['retired', 'crash', ...DEATHS.map(([, word]) => word)]);
  /** Seconds of CPU of all workers. */
  readonly workersCpu = new Counts(['']);
  readonly claims = new Counts(['grant', 'drop', 'later', 'none']);
  readonly leasesLost = new Counts(['']);
  readonly renewals = new Counts(['renewed', 'refused', 'failed']);
  /** How long sockets would have been kept without the renewal that was answered. */
  readonly renewalMargins = new Histogram(LEASE_SECONDS);
  readonly clockJumps = new Counts(['']);
  readonly pulls = new Counts(['offer', 'empty', 'failed']);
  readonly links = new Counts(['']);

  /** A session has ended by itself or through its device. */
  attempt({ status, failure, outputs }: Attempt): void {
    const kind = failure === undefined ? NO_KIND : (KINDS.get(failure.kind) ?? NO_KIND);
    this.attempts.add(`${STATUSES.get(status)}${LABELS}${kind}`);
    if (failure?.kind === Kind.NOT_ALLOWED)
      this.refused.add(failure.stage === Stage.CONNECT ? 'targets' : 'gate');
    for (const { durationMs } of outputs) this.commands.observe(durationMs / 1_000);
  }

  session([connectUs, loginUs, bytesIn, bytesOut]: Figures): void {
    if (connectUs > 0) this.connects.observe(connectUs / 1e6);
    if (loginUs > 0) this.logins.observe(loginUs / 1e6);
    this.bytes.add('in', bytesIn);
    this.bytes.add('out', bytesOut);
  }

  /** `how` completes "its worker ..."; `retired`: it was to end. */
  workerEnded(how: string, retired: boolean): void {
    const [, word = 'crash'] = DEATHS.find(([pattern]) => pattern.test(how)) ?? [];
    this.workersEnded.add(retired && word === 'crash' ? 'retired' : word);
  }
}

// What a session ends with: the attempt that the ledger judges, and what was measured on the way.
import { hash } from 'node:crypto';
import { Kind, type Output, Proof, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, type Secured } from '../../proto/gen/netsweep/v1/session.js';
import type { DeviceFailure } from '../failure.js';
import type { Figures } from '../figures.js';
import { Redaction } from '../record/redaction.js';
import type { Transcript } from '../record/transcript.js';
import type { Admission } from '../ssh/admission.js';
import { describeKey } from '../ssh/hostkeys.js';
import type { Shell } from '../ssh/shell.js';
import type { SessionTask } from './seam.js';
import type { Walk } from './walk.js';

/** Of the digest of a key that the coordinator knows: enough to tell it from others of the device. */
const KNOWN_KEY_BYTES = 2;

/** When the connection was begun, when it stood, and when we were logged in; 0: not yet. */
export interface Instants {
  begun: number;
  connected: number;
  ready: number;
}

/** What a session has come to. */
export interface Ending {
  task: SessionTask;
  admission: Admission;
  shell: Shell | null;
  walk: Walk | null;
  /** Of a session that runs no commands. */
  outputs: Output[];
  /** Named by the learner. */
  platform: string;
  failure: DeviceFailure | null;
  durationMs: number;
  leftClean: boolean;
}

export function attemptOf(ending: Ending): Attempt {
  const { task, admission, walk, durationMs, leftClean } = ending;
  const outputs = walk?.outputs ?? ending.outputs;
  const secretSent = admission.login.passwordSent || walk?.secretSent === true;
  const failure = ending.failure?.record(secretSent);
  if (failure) failure.message = redacted(task, failure.message);
  const stopped = failure?.kind === Kind.CREDENTIAL_STOPPED && failure.stage === Stage.AUTH;
  const whole = outputs.every((output) => output.proof === Proof.COMPLETE);
  let status: Status = whole ? Status.OK : Status.SUSPECT;
  if (failure) status = stopped ? Status.SKIPPED : Status.FAILED;
  return Attempt.create({
    status,
    failure,
    outputs,
    durationMs: Math.round(durationMs),
    endedAgoMs: 0,
    secretSent,
    leftClean,
    platform: walk?.platform || ending.platform,
    notes: [...admission.notes, ...(walk?.notes ?? [])],
    secured: securedOf(ending),
  });
}

function securedOf({ admission: { seenKey, keyIsKnown }, shell }: Ending): Secured | undefined {
  const settled = Object.values(shell?.settled ?? {});
  if (seenKey === null || settled.length === 0) return undefined;
  const digest = hash('sha256', seenKey.blob, 'buffer');
  const hostKey = keyIsKnown ? digest.subarray(0, KNOWN_KEY_BYTES) : digest;
  return { hostKey, algorithms: settled.filter((name) => name !== '').join(' '), settled: 0 };
}

export async function transcriptOf(
  transcript: Transcript,
  attempt: Attempt,
  { task, admission: { seenKey }, shell, walk }: Ending,
): Promise<Output> {
  using recorded = transcript;
  recorded.note('identification', shell?.wire.identification ?? '');
  recorded.note('host_key', seenKey ? describeKey(seenKey) : '');
  for (const [name, algorithm] of Object.entries(shell?.settled ?? {})) recorded.note(name, algorithm);
  return await recorded.record(attempt, walk?.commands ?? task.device.commands);
}

export function figuresOf({ begun, connected, ready }: Instants, shell: Shell | null): Figures {
  const connectUs = Math.round((connected - begun) * 1_000);
  const loginUs = Math.round((ready - connected) * 1_000);
  return [Math.max(0, connectUs), Math.max(0, loginUs), shell?.wire.bytesIn ?? 0, shell?.wire.bytesOut ?? 0];
}

/** A device may repeat what it was given, in whatever it says. */
export function redacted({ credential, jump }: SessionTask, text: string): string {
  using redaction = new Redaction(credential, ...jump.map((hop) => hop.credential));
  return redaction.text(text);
}

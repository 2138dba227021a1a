// Hands a planned sweep to the coordinator: header, credentials, then devices in parts. The key is made here,
// once, so that a submit repeated after a lost answer is still one sweep.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ClientWritableStream } from '@grpc/grpc-js';
import type { Credential, Device } from '../../proto/gen/netsweep/v1/model.js';
import type { SubmitHeader, SubmitPart, SubmitReply } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Connection } from '../connect.js';
import { Patience } from './rpc.js';

const DEVICES_PER_PART = 500;
let submits = 0;

/** One that is made anew, or of the scheduled run that this is, so that a run that is begun again is the same sweep. */
export function submitKey(): string {
  const given = process.env.NETSWEEP_SUBMIT_KEY ?? '';
  if (given === '') return randomBytes(16).toString('hex');
  submits += 1;
  return submits === 1 ? given : `${given} ${submits}`;
}

export interface Submission {
  header: SubmitHeader;
  devices: Device[];
  credentials: Credential[];
}

/** Resolves with the sweep's id once the coordinator has it on disk. */
export async function submit(
  connection: Connection,
  submission: Submission,
  signal: AbortSignal,
  patience = Patience.for(connection),
): Promise<string> {
  for (;;) {
    try {
      const id = await submitOnce(connection, submission, signal);
      patience.heard();
      return id;
    } catch (error) {
      await patience.pause(error, signal);
    }
  }
}

async function submitOnce(
  { sweeps }: Connection,
  submission: Submission,
  signal: AbortSignal,
): Promise<string> {
  const answered = new AbortController();
  let stream: ClientWritableStream<SubmitPart> | undefined;
  const answer = new Promise<SubmitReply>((resolve, reject) => {
    stream = sweeps.submit((error, reply) => {
      answered.abort();
      if (error === null) resolve(reply);
      else reject(error);
    });
  });
  const abandon = () => stream?.cancel();
  signal.addEventListener('abort', abandon, { once: true });
  try {
    if (stream !== undefined) await send(stream, submission, answered.signal);
    return (await answer).sweep;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}

/** Stops where the coordinator has answered before everything was sent: it refused. */
async function send(
  stream: ClientWritableStream<SubmitPart>,
  submission: Submission,
  answered: AbortSignal,
): Promise<void> {
  for (const body of parts(submission)) {
    if (answered.aborted) return;
    if (stream.write({ body })) continue;
    await once(stream, 'drain', { signal: answered }).catch((error: unknown) => {
      if (!answered.aborted) throw error;
    });
  }
  stream.end();
}

function* parts({ header, devices, credentials }: Submission): Generator<NonNullable<SubmitPart['body']>> {
  yield { $case: 'header', value: header };
  for (const credential of credentials) yield { $case: 'credential', value: credential };
  for (let from = 0; from < devices.length; from += DEVICES_PER_PART)
    yield { $case: 'devices', value: { devices: devices.slice(from, from + DEVICES_PER_PART) } };
}

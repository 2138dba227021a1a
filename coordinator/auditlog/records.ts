// What of the store's writes goes into the audit log, as the bodies of its records. Bytes of outputs never do, only
// their digests.
import { hash } from 'node:crypto';
import type { Member } from '../../proto/gen/netsweep/v1/members.js';
import type { Hop, Output, Report } from '../../proto/gen/netsweep/v1/model.js';
import type { Write } from '../store/store.js';
import { submitRecord } from './acts.js';
import { Masking } from './masking.js';

/** Of a failure's message. */
const MESSAGE_MOST = 500;

type Attempted = Extract<Write, { write: 'report' | 'evidence' }>;

export class Records {
  readonly #masking = new Masking();

  /** Bodies of the records that writes leave, in order. */
  of(writes: readonly Write[]): string[] {
    const bodies: string[] = [];
    for (const write of writes) {
      const record = this.#record(write);
      if (record !== null) bodies.push(JSON.stringify(record));
    }
    return bodies;
  }

  #record(write: Write): object | null {
    switch (write.write) {
      case 'act':
        return write.act.act === 'submit' ? submitRecord(write.act, this.#masking) : write.act;
      case 'report':
      case 'evidence':
        return this.#attempt(write);
      case 'sweep': {
        const { id, state, endedAtMs, reason } = write.row;
        if (endedAtMs === 0) return null;
        return { act: 'sweep-ended', ...{ sweep: id, state: word(state, 'SWEEP_STATE_'), reason } };
      }
      case 'credential': {
        const { name, username, refusals, stopped } = write.state;
        return stopped ? { act: 'credential-stopped', ...{ name, username, refusals } } : null;
      }
      case 'hostKey': {
        const { blob, type, agent, segment, jump, host, port } = write.host;
        const place = { segment, ...(jump === '' ? {} : { jump }), host, port };
        const act = write.replace ? 'host-key-replaced' : 'host-key-learnt';
        return { act, ...place, ...{ type, key: fingerprint(blob), agent } };
      }
      case 'member':
        return memberRecord(write.member);
      case 'joinToken': {
        const { id, name, role, segments, replaces, createdBy, expiresAtMs } = write.token;
        const until = new Date(expiresAtMs);
        return {
          act: 'join-token',
          id,
          by: createdBy,
          name,
          role: word(role, 'ROLE_'),
          segments,
          replaces,
          until,
        };
      }
      case 'dropJoinToken':
        return { act: 'join-token-ended', id: write.id };
      case 'scheduleRun': {
        const { key, schedule, state, why } = write.run;
        return { act: 'schedule-run', ...{ schedule, key, state: word(state, 'RUN_STATE_'), why } };
      }
      default:
        return null;
    }
  }

  /** An attempt, or how a device ended without one. What is undefined is left out. */
  #attempt({ write, report, epoch = '', secured }: Attempted): object {
    const { sweep, device, agent, failure, attempts, transcript } = report;
    const platform = report.platform || (device?.platform ?? '');
    const isAttempt = agent !== '';
    return {
      act: isAttempt ? 'attempt' : 'no-attempt',
      sweep,
      ...{ device: device?.name, host: device?.host, port: device?.port, segment: device?.segment },
      jump: device === undefined || device.jump.length === 0 ? undefined : device.jump.map(hopOf),
      credential: device?.credential,
      platform,
      agent: isAttempt ? agent : undefined,
      attempt: attempts,
      epoch: isAttempt ? epoch : undefined,
      startedAt: isAttempt ? new Date(report.startedAtMs) : undefined,
      durationMs: isAttempt ? report.durationMs : undefined,
      status: word(report.status, 'STATUS_'),
      failure: failure && shown(failure),
      last: write === 'report',
      hostKey: secured && shownKey(secured.hostKey),
      algorithms: secured?.algorithms,
      outputs: isAttempt ? report.outputs.map((output) => this.#output(platform, output)) : undefined,
      transcript: transcript && hex(transcript.sha256),
    };
  }

  #output(platform: string, { command, proof, bytes, sha256, exitStatus }: Output) {
    return {
      command: this.#masking.command(platform, command),
      status: word(proof, 'PROOF_'),
      exitStatus,
      bytes,
      sha256: hex(sha256),
    };
  }
}

/** Enrolled, given another certificate, or revoked. */
function memberRecord({ id, name, role, segments, certificates, ...member }: Member): object {
  const about = { id, name, role: word(role, 'ROLE_'), segments };
  if (member.revokedAtMs > 0) return { act: 'member-revoked', by: member.revokedBy, ...about };
  const serials = certificates.map(({ serial }) => serial);
  return { act: 'member', enrolledBy: member.enrolledBy, ...about, serials };
}

function hopOf({ host, port }: Hop): string {
  return `${host}:${port}`;
}

function shown({ kind, stage, message }: NonNullable<Report['failure']>) {
  return { kind: word(kind, 'KIND_'), stage: word(stage, 'STAGE_'), message: message.slice(0, MESSAGE_MOST) };
}

const words = new Map<string, string>();

/** `STATUS_OK` is `ok`. */
function word(value: string, prefix: string): string {
  const known = words.get(value);
  if (known !== undefined) return known;
  const made = value.slice(prefix.length).toLowerCase().replaceAll('_', '-');
  words.set(value, made);
  return made;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function fingerprint(blob: Uint8Array): string {
  return shownKey(hash('sha256', blob, 'buffer'));
}

/** As OpenSSH shows it. */
function shownKey(sha256: Uint8Array): string {
  const text = Buffer.from(sha256.buffer, sha256.byteOffset, sha256.length).toString('base64');
  return `SHA256:${text.slice(0, 43)}`;
}

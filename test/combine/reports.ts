// Reports as a coordinator would send them, made by hand.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  Device,
  Failure,
  type Kind,
  Output,
  Proof,
  Report,
  Stage,
  Status,
} from '../../proto/gen/netsweep/v1/model.ts';
import { Sweep, SweepState } from '../../proto/gen/netsweep/v1/sweeps.ts';

export function output(command: string, text: string, proof: Proof = Proof.COMPLETE): Output {
  return Output.create({
    command,
    proof,
    encoding: 'utf-8',
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest(),
    durationMs: 12,
    body: gzipSync(text),
  });
}

export function okReport(name: string, ...outputs: Output[]): Report {
  return Report.create({
    sweep: '01K0',
    device: device(name, outputs),
    status: Status.OK,
    attempts: 1,
    agent: 'agent-1',
    startedAtMs: Date.UTC(2026, 10, 22, 11),
    durationMs: 1312,
    outputs,
  });
}

export function failedReport(name: string, kind: Kind, ...outputs: Output[]): Report {
  return Report.create({
    sweep: '01K0',
    device: { ...device(name, outputs), commands: ['show version'] },
    status: Status.FAILED,
    failure: Failure.create({ kind, stage: Stage.CONNECT, message: 'it said "no"', retryable: true }),
    attempts: 3,
    outputs,
  });
}

function device(name: string, outputs: Output[]): Device {
  return Device.create({
    name,
    host: '10.0.0.1',
    port: 22,
    platform: 'cisco_ios',
    segment: 'default',
    groups: ['core'],
    commands: outputs.map(({ command }) => command),
  });
}

export function endedSweep(...reports: Report[]): Sweep {
  const ok = reports.filter(({ status }) => status === Status.OK).length;
  const counts = { selected: reports.length, ok, suspect: 0, failed: reports.length - ok };
  return Sweep.create({
    id: '01K0',
    state: SweepState.ENDED,
    startedAtMs: Date.UTC(2026, 10, 22, 11),
    endedAtMs: Date.UTC(2026, 10, 22, 11, 0, 4),
    counts: { ...counts, skipped: 0, cancelled: 0, interrupted: 0, running: 0, waiting: 0 },
    deviceTimeMs: 372_000,
    agents: 3,
  });
}

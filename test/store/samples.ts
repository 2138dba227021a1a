// Small sweeps, devices and reports for the store's tests, and directories that vanish after them.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { SweepRow, Write } from '../../coordinator/store/store.js';
import {
  Credential,
  Device,
  Output,
  Proof,
  Report,
  Status,
  SweepOptions,
} from '../../proto/gen/netsweep/v1/model.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';

/** Of a sample's sweep, in ms since 1970. */
export const STARTED_AT_MS = 1_795_345_200_000.5;

export class TemporaryDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'netsweep-store-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function sweepRow(id: string, changes: Partial<SweepRow> = {}): SweepRow {
  return {
    id,
    key: `key-${id}`,
    state: SweepState.RUNNING,
    options: SweepOptions.create({
      forks: 500,
      retries: 2,
      outputLimit: 256e6,
      limits: { connectMs: 10_000 },
    }),
    startedAtMs: STARTED_AT_MS,
    endedAtMs: 0,
    reason: '',
    lastShard: 0,
    refusedResults: 0,
    repeatedResults: 0,
    ...changes,
  };
}

export function device(index: number): Device {
  return Device.create({
    index,
    name: `R${index}`,
    host: '10.10.88.110',
    port: 22,
    platform: 'cisco_ios',
    segment: 'default',
    site: 'dc1',
    groups: ['core', 'edge'],
    commands: ['show version'],
    credential: 'c1',
    enable: true,
    limits: { deviceMs: 900_000 },
  });
}

/** A sweep and its selection, as one commit. */
export function newSweep(id: string, devices: number, changes: Partial<SweepRow> = {}): Write[] {
  const selection = Array.from({ length: devices }, (_, index) => device(index));
  return [
    { write: 'sweep', row: sweepRow(id, changes) },
    { write: 'devices', sweep: id, devices: selection },
  ];
}

export function sha256(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest();
}

/** An output with its bytes, or with its digest alone. */
export function output(text: string | Buffer, withBody = true): Output {
  return Output.create({
    command: 'show version',
    proof: Proof.COMPLETE,
    encoding: 'utf-8',
    bytes: Buffer.byteLength(text),
    sha256: sha256(text),
    durationMs: 40,
    body: withBody ? gzipSync(text) : Buffer.alloc(0),
  });
}

export function report(
  sweep: string,
  index: number,
  outputs: Output[],
  changes: Partial<Report> = {},
): Report {
  return Report.create({
    sweep,
    device: device(index),
    status: Status.OK,
    attempts: 1,
    agent: 'agent-1',
    startedAtMs: 1_795_345_200_001,
    durationMs: 100 + index,
    outputs,
    ...changes,
  });
}

export function reported(
  sweep: string,
  index: number,
  outputs: Output[],
  changes: Partial<Report> = {},
): Write {
  return { write: 'report', report: report(sweep, index, outputs, changes) };
}

export function credential(id: string, secret: string): Credential {
  return Credential.create({
    id,
    name: 'network admin',
    username: 'admin',
    password: Buffer.from(secret),
    privateKey: Buffer.from(`-----BEGIN ${secret}`),
    enableSecret: Buffer.from(`enable ${secret}`),
  });
}

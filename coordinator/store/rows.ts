// What crosses from the coordinator to the database's thread: the store's writes with secrets sealed and
// reports as bytes.
import { type Credential, Device, type Output, Proof, Report } from '../../proto/gen/netsweep/v1/model.js';
import type { KnownHost } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Own } from './cargo.js';
import type { Seal } from './seal.js';
import type { SweepRow, Write } from './store.js';

/** A report taken apart into what is looked up, what is kept as bytes, and its outputs' bodies. */
export interface ReportRow {
  sweep: string;
  device: number;
  status: string;
  kind: string | null;
  agent: string;
  attempts: number;
  durationMs: number;
  epoch: string;
  /** The report without outputs and transcript. */
  head: Uint8Array;
  /** A report of nothing but outputs and transcript, without their bodies. */
  outputs: Uint8Array;
  bodies: BodyRow[];
  /** Whose versions its outputs are; null: they are none. */
  timeline: { segment: string; device: string; platform: string; atMs: number } | null;
}

export interface BodyRow {
  sha256: Uint8Array;
  /** Empty: the bytes are in the store already. */
  data: Uint8Array;
  /** The command that gave it, where it counts as a version. */
  command: string | null;
  /** Unpacked. */
  bytes: number;
}

export type HostKeyRow = Omit<KnownHost, 'blob'> & { blob: Uint8Array };

/** Many devices as few values: `submitted` is all of them end to end. */
export interface DevicesRow {
  write: 'devices';
  sweep: string;
  indexes: Uint32Array;
  lengths: Uint32Array;
  submitted: Uint8Array;
}

export type Row =
  | Exclude<Write, { write: 'act' | 'sweep' | 'secret' | 'report' | 'evidence' | 'devices' | 'hostKey' }>
  | { write: 'sweep'; row: SweepRow; open: boolean }
  | DevicesRow
  | { write: 'secret'; sweep: string; credential: string; sealed: Uint8Array }
  | { write: 'report' | 'evidence'; row: ReportRow }
  | { write: 'hostKey'; host: HostKeyRow; replace: boolean }
  | { write: 'keyCheck'; sealed: Uint8Array };

/** Of a row without bytes of its own. */
const ROW_BYTES = 200;
const OPEN_FINDING_BYTES = 32;
const NO_BYTES = Buffer.alloc(0);
const NO_OUTPUTS = Report.create();

/** A cancelled sweep is open as long as an agent holds a device of it. */
export function isOpen({ endedAtMs }: SweepRow): boolean {
  return endedAtMs === 0;
}

export function toRow(write: Exclude<Write, { write: 'act' }>, seal: Seal, own: Own): Row {
  switch (write.write) {
    case 'sweep':
      return { ...write, open: isOpen(write.row) };
    case 'report':
    case 'evidence':
      return {
        write: write.write,
        row: reportRow(write.report, {
          epoch: write.epoch ?? '',
          versions: write.write === 'report' && write.versions === true,
          own,
        }),
      };
    case 'chunk':
      return { ...write, sha256: own(write.sha256), data: own(write.data) };
    case 'devices':
      return devicesRow(write.sweep, write.devices, own);
    case 'secret':
      return secretRow(write.sweep, write.credential, seal, own);
    case 'hostKey':
      return hostKeyRow(write.host, write.replace, own);
    default:
      return write;
  }
}

/** About how many bytes a row adds to a transaction. */
export function sizeOf(row: Row): number {
  switch (row.write) {
    case 'report':
    case 'evidence': {
      const { head, outputs, bodies } = row.row;
      return bodies.reduce((sum, { data }) => sum + data.length, head.length + outputs.length);
    }
    case 'chunk':
      return row.data.length;
    case 'devices':
      return row.submitted.length;
    case 'openFindings':
      return ROW_BYTES + row.open.devices.length * OPEN_FINDING_BYTES;
    default:
      return ROW_BYTES;
  }
}

function reportRow(
  report: Report,
  { epoch, versions, own }: { epoch: string; versions: boolean; own: Own },
): ReportRow {
  if (report.device === undefined) throw new TypeError('a report names its device');
  const { device, outputs, transcript } = report;
  const bodyRow = (output: Output, command: string | null): BodyRow => {
    const { sha256, body, bytes } = output;
    return { sha256: own(sha256), data: own(body), command, bytes: Number(bytes) };
  };
  return {
    sweep: report.sweep,
    device: report.device.index,
    status: report.status,
    kind: report.failure?.kind ?? null,
    agent: report.agent,
    attempts: report.attempts,
    durationMs: report.durationMs,
    epoch,
    head: own(Report.encode({ ...report, outputs: [], transcript: undefined }).finish()),
    outputs: own(
      Report.encode({
        ...NO_OUTPUTS,
        outputs: outputs.map(withoutBody),
        transcript: transcript && withoutBody(transcript),
      }).finish(),
    ),
    bodies: [
      ...outputs.map((output, at) =>
        bodyRow(output, versions && isVersion(outputs, at) ? output.command : null),
      ),
      ...(transcript ? [bodyRow(transcript, null)] : []),
    ],
    timeline: versions && outputs.length > 0 ? timelineOf(report, device) : null,
  };
}

/** Proved, and no refusal of the command; of a command that was run twice the last. */
function isVersion(outputs: Output[], at: number): boolean {
  const output = outputs[at];
  if (output?.proof !== Proof.COMPLETE || output.refused) return false;
  return outputs.findLastIndex(({ command }) => command === output.command) === at;
}

function timelineOf(
  { startedAtMs, durationMs, platform: found }: Report,
  device: Device,
): ReportRow['timeline'] {
  const { segment, name, platform } = device;
  return { segment, device: name, platform: found || platform, atMs: startedAtMs + durationMs };
}

function withoutBody(output: Output): Output {
  return { ...output, body: NO_BYTES };
}

function devicesRow(sweep: string, devices: Device[], own: Own): DevicesRow {
  const encoded = devices.map((device) => Device.encode(device).finish());
  return {
    write: 'devices',
    sweep,
    indexes: Uint32Array.from(devices, ({ index }) => index),
    lengths: Uint32Array.from(encoded, ({ length }) => length),
    submitted: own(Buffer.concat(encoded)),
  };
}

function secretRow(sweep: string, credential: Credential, seal: Seal, own: Own): Row {
  return {
    write: 'secret',
    sweep,
    credential: credential.id,
    sealed: own(seal.sealCredential(sweep, credential)),
  };
}

function hostKeyRow({ blob, ...host }: KnownHost, replace: boolean, own: Own): Row {
  return { write: 'hostKey', host: { ...host, blob: own(blob) }, replace };
}

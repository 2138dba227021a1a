// Follows one sweep to its end over Watch. When the coordinator restarts, the stream is opened again; it
// then begins anew, so reports that were already shown are recognised by their device and passed over.
import { status } from '@grpc/grpc-js';
import type { Report } from '../../proto/gen/netsweep/v1/model.js';
import type { ResultsRequest, Sweep, SweepEvent } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Connection } from '../connect.js';
import { Unreachable } from '../unreachable.js';
import { Patience } from './rpc.js';

export interface Followed {
  sweep: string;
  /** Outputs' bytes along with the reports. */
  bodies: boolean;
  /** Those that came together. */
  onReports(reports: Report[]): Promise<void>;
  onProgress(sweep: Sweep): void;
}

/** Resolves with the sweep once it has ended. Rejects when `signal` aborts or patience with the coordinator ends. */
export async function follow(
  connection: Connection,
  followed: Followed,
  signal: AbortSignal,
  patience = Patience.for(connection),
): Promise<Sweep> {
  const seen = new Set<number>();
  const gone = AbortSignal.any([signal, connection.lost]);
  for (;;) {
    try {
      const ended = await watchOnce(connection, followed, seen, patience, gone);
      if (ended !== null) return ended;
      throw Object.assign(new Error('the stream ended early'), { code: status.UNAVAILABLE });
    } catch (error) {
      signal.throwIfAborted();
      if (connection.lost.aborted)
        throw new Unreachable(`the coordinator has gone: ${reasonText(connection.lost.reason)}`, {
          cause: error,
        });
      await patience.pause(error, gone);
    }
  }
}

async function watchOnce(
  { sweeps }: Connection,
  { sweep, bodies, onReports, onProgress }: Followed,
  seen: Set<number>,
  patience: Patience,
  gone: AbortSignal,
): Promise<Sweep | null> {
  const stream = sweeps.watch({ sweep, reports: true, bodies, together: true });
  const abandon = () => stream.cancel();
  gone.addEventListener('abort', abandon, { once: true });
  try {
    for await (const { body } of stream as AsyncIterable<SweepEvent>) {
      patience.heard();
      if (body?.$case === 'progress') onProgress(body.value);
      else if (body?.$case === 'ended') return body.value;
      const fresh = reportsOf(body).filter(({ device }) => !seen.has(device?.index ?? -1));
      for (const { device } of fresh) seen.add(device?.index ?? -1);
      if (fresh.length > 0) await onReports(fresh);
    }
    return null;
  } finally {
    gone.removeEventListener('abort', abandon);
    stream.cancel();
  }
}

/** An older coordinator sends each by itself. */
function reportsOf(body: SweepEvent['body']): Report[] {
  if (body?.$case === 'reports') return body.value.reports;
  return body?.$case === 'report' ? [body.value] : [];
}

/** A sweep's finished devices in inventory order. */
export async function* finished(
  connection: Connection,
  request: ResultsRequest,
  signal: AbortSignal,
  patience = Patience.for(connection),
): AsyncGenerator<Report> {
  let given = 0;
  for (;;) {
    try {
      let place = 0;
      for await (const report of connection.sweeps.results(request) as AsyncIterable<Report>) {
        patience.heard();
        if (place++ < given) continue;
        given++;
        yield report;
      }
      return;
    } catch (error) {
      await patience.pause(error, signal);
    }
  }
}

function reasonText(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}

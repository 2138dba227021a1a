// What a plan asks a coordinator for: its agents, and the devices of an earlier sweep.
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import type { Agent } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Values } from '../config.js';
import type { Connection } from '../connect.js';
import { UsageError } from './exit.js';
import { finished } from './follow.js';
import { findSweep, type LinkValues, openLink } from './link.js';
import type { Earlier } from './prepare.js';
import { ask } from './rpc.js';
import type { RUN } from './settings.js';

type RunValues = Values<typeof RUN>;

export async function listAgents(values: LinkValues, stop: AbortSignal): Promise<Agent[]> {
  await using link = await openLink(values, stop);
  const { sweeps } = link;
  return (await ask(sweeps.listAgents.bind(sweeps), { away: false })).agents;
}

/** The devices of the sweep that --rerun names, with the commands they ran. */
export async function earlierDevices(
  link: Connection,
  { rerun, failed, kind }: RunValues,
  stop: AbortSignal,
): Promise<Earlier> {
  const { id } = await findSweep(link, rerun ?? '');
  const kinds = new Set(kind.flat());
  const earlier = new Map<string, string[]>();
  for await (const { device, status, failure } of finished(link, { sweep: id, bodies: false }, stop)) {
    const wanted =
      kinds.size === 0 ? !failed || status !== Status.OK : failure !== undefined && kinds.has(failure.kind);
    if (device !== undefined && wanted) earlier.set(device.name, device.commands);
  }
  if (earlier.size > 0) return earlier;
  throw new UsageError(
    `sweep ${id} has no device ${failed || kinds.size > 0 ? 'that ended so' : 'that has ended'}`,
  );
}

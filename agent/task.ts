// What is made of a lease's devices: which of them run in turn, and what a session is to do with each.
import type { Shard, Work, WorkHop } from '../proto/gen/netsweep/v1/agent.js';
import { type Credential, type Device, Isolation, type Limits } from '../proto/gen/netsweep/v1/model.js';
import type { SessionTask } from './session/seam.js';
import type { Hop } from './ssh/bastion.js';

/** Work grouped by endpoint: names of one endpoint run in turn. */
export function inTurn(work: Work[], devices: Map<number, Device>): Work[][] {
  const lines = new Map<string, Work[]>();
  for (const one of work) {
    const device = devices.get(one.index);
    const jump = device?.jump.map(({ host, port }) => `${host}:${port}`) ?? [];
    const endpoint = [...jump, `${device?.host}:${device?.port}`].join(' ');
    const line = lines.get(endpoint);
    if (line === undefined) lines.set(endpoint, [one]);
    else line.push(one);
  }
  return [...lines.values()];
}

export function sessionTask(
  shard: Shard,
  device: Device,
  work: Work,
  credentials: Map<string, Credential>,
  beginInMs: number,
): SessionTask {
  if (shard.options === undefined) throw new Error('a shard without options');
  const options = work.alone ? { ...shard.options, isolation: Isolation.DEVICE } : shard.options;
  const limit = (name: keyof Limits) => device.limits?.[name] || options.limits?.[name] || 0;
  return {
    sweep: shard.sweep,
    device,
    options,
    limits: {
      connectMs: limit('connectMs'),
      loginMs: limit('loginMs'),
      idleMs: limit('idleMs'),
      commandMs: limit('commandMs'),
      deviceMs: limit('deviceMs'),
    },
    credential: credentials.get(work.credential) ?? null,
    hostKeys: work.hostKeys,
    marks: work.marks ?? null,
    jump: device.jump.map((hop, at) => bastionOf(hop, work.jump[at], credentials)),
    paced: work.paced,
    beginInMs,
  };
}

/** A bastion as its login needs it; without a grant for it there is no credential, and it fails there. */
function bastionOf(
  { host, port, username, legacy }: Device['jump'][number],
  granted: WorkHop | undefined,
  credentials: Map<string, Credential>,
): Hop {
  const credential = credentials.get(granted?.credential ?? '') ?? null;
  return {
    host,
    port,
    username: username || (credential?.username ?? ''),
    credential,
    hostKeys: granted?.hostKeys ?? [],
    marks: granted?.marks ?? null,
    legacy,
  };
}

// Who reaches whom: every machine tries every address and port there is, and what answers says its name.
import { join } from 'node:path';
import { Running, root } from '../process.ts';
import { CHECKOUT } from './host.ts';
import { CORE, type Lab, SEGMENT } from './lab.ts';

/** Where every machine answers with its name, for whoever gets through. */
const CALLING = 9_999;
const CALLER_HERE = 'test/segments/caller.mjs';
const CALLER = join(CHECKOUT, CALLER_HERE);

export interface Attempt {
  from: string;
  to: string;
  /** The name of whoever answered at CALLING, `open` elsewhere; null: nobody was reached. */
  reached: string | null;
}

/** What deploy/README.md lets through, in its own words. */
function may(from: string, host: string, port: number): boolean {
  const [isNats, isAgent] = [from.startsWith('nats-'), /^dc\d-/.test(from)];
  if (host === 'coordinator') return port === 7440 && (isAgent || from === 'admin');
  if (!host.startsWith('nats-')) return false;
  return (port === 4222 && (isAgent || from === 'coordinator')) || (port === 6222 && isNats);
}

/** Tries everything. Without services every machine answers at their ports in their place. */
export async function tryAll(lab: Lab, { services }: { services: boolean }): Promise<Attempt[]> {
  const ports = [CALLING, ...(services ? [] : [4222, 6222, 7440])].map(String);
  const answering = lab.machines.map((name) =>
    answers(lab.host(name).command(process.execPath, [CALLER, 'answer', name, ...ports])),
  );
  const fleet = [join(root, CALLER_HERE), 'answer', 'device', '22'];
  if (!services)
    for (const segment of lab.options.segments)
      answering.push(answers(lab.host(`${segment}-devices`).wired(process.execPath, fleet)));
  await Promise.all(answering.map((one) => one.logged(/^ready$/m)));
  const targets = [
    ...Object.values(CORE).flatMap((address) =>
      [4222, 6222, 7440, 7441, 8222, CALLING].map((port) => `${address}:${port}`),
    ),
    ...lab.routers.flatMap((address) => [22, 4222, 7440, CALLING].map((port) => `${address}:${port}`)),
    ...[SEGMENT.router, ...Object.values(SEGMENT.agents)].flatMap((address) =>
      [22, 7442, CALLING].map((port) => `${address}:${port}`),
    ),
    `${SEGMENT.device}:22`,
  ];
  try {
    const found = await Promise.all(
      lab.machines.map(async (from) => {
        const said = await lab.host(from).do(`${process.execPath} ${CALLER} try ${targets.join(' ')}`);
        const reached = JSON.parse(said) as Record<string, string | null>;
        return Object.entries(reached).map(([to, who]) => ({ from, to, reached: who }));
      }),
    );
    return found.flat();
  } finally {
    await Promise.all(answering.map((one) => one.stop()));
  }
}

function answers([file, args]: [string, string[]]): Running {
  return new Running(file, args, { onParentExit: 'input' });
}

export function isWrong(lab: Lab, attempt: Attempt): boolean {
  const should = expected(lab, attempt);
  return should !== undefined && should !== attempt.reached;
}

/** What should have come of it; undefined: nobody cares, as it is the machine itself. */
function expected(lab: Lab, { from, to }: Attempt): string | null | undefined {
  const [address = '', port = ''] = to.split(':');
  const core = Object.entries(CORE).find(([, own]) => own === address)?.[0];
  if (core === from) return undefined;
  if (core !== undefined) return may(from, core, Number(port)) ? 'open' : null;
  const segment = /^(dc\d)-/.exec(from)?.[1];
  if (segment === undefined || lab.routers.includes(address) || address === SEGMENT.router) return null;
  if (address === SEGMENT.device) return 'open';
  const sibling = Object.entries(SEGMENT.agents).find(([, own]) => own === address)?.[0];
  if (`${segment}-${sibling}` === from) return undefined;
  const isThere = lab.machines.includes(`${segment}-${sibling}`);
  return isThere && Number(port) === CALLING ? `${segment}-${sibling}` : null;
}

/** The hosts outside of the segments send to their addresses by way of each router, as whoever wants in would. */
export async function tryThroughRouters(lab: Lab): Promise<Attempt[]> {
  const inside = [SEGMENT.device, SEGMENT.router, ...Object.values(SEGMENT.agents)].flatMap((address) =>
    [22, CALLING].map((port) => `${address}:${port}`),
  );
  const attempts: Attempt[] = [];
  for (const router of lab.routers) {
    const network = SEGMENT.devices.replace(/\.\d+\.\d+\/.*/, '.0.0/16');
    const found = await Promise.all(
      Object.keys(CORE).map(async (from) => {
        const script = `ip route add ${network} via ${router}
          ${process.execPath} ${CALLER} try ${inside.join(' ')}
          ip route del ${network} via ${router}`;
        const reached = JSON.parse(await lab.host(from).do(script)) as Record<string, string | null>;
        return Object.entries(reached).map(([to, who]) => ({ from, to, reached: who }));
      }),
    );
    attempts.push(...found.flat());
  }
  return attempts;
}

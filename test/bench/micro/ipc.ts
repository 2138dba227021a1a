// Results from a worker to its agent over their stream; both ends are in this process, so the cost is that of both.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { AgentLink, WorkerLink } from '../../../agent/ipc.ts';
import type { Micro } from './harness.ts';
import { attempt, configurations, recorded, TemporaryFolder } from './samples.ts';

const OUTPUTS = 256;
const TURNS = [1, 16];

export async function* ipc(): AsyncGenerator<Micro> {
  using folder = new TemporaryFolder();
  const [agentSide, workerSide, close] = await socketPair(join(folder.path, 'socket'));
  // Sessions of no length: nothing gathers for a time.
  const attempts = configurations(OUTPUTS).map((text) => ({ ...attempt(recorded(text)), durationMs: 0 }));
  const bytes = attempts.reduce((sum, { outputs }) => sum + (outputs[0]?.bytes ?? 0), 0);
  let heard = 0;
  let complete = () => {};
  const hear = () => {
    if (++heard === attempts.length) complete();
  };
  new WorkerLink(agentSide, hear, (why) => {
    throw new Error(why);
  });
  const worker = new AgentLink(
    workerSide,
    () => undefined,
    () => undefined,
  );
  for (const turn of TURNS)
    yield {
      title: `IPC, results of 16 KiB, ${turn} in a turn`,
      items: attempts.length,
      bytes,
      round: async () => {
        heard = 0;
        const all = new Promise<void>((resolve) => {
          complete = resolve;
        });
        for (let at = 0; at < attempts.length; at += turn)
          await Promise.all(
            attempts.slice(at, at + turn).map((one, n) =>
              worker.send({
                say: 'ended',
                job: at + n,
                attempt: one,
                how: 'done',
                figures: [900, 40_000, 16_384, 2_048],
              }),
            ),
          );
        await all;
      },
    };
  close();
}

async function socketPair(path: string): Promise<[Socket, Socket, () => void]> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  const near = connect(path);
  const [far] = (await once(server, 'connection')) as [Socket]; // what a server gives
  return [
    far,
    near,
    () => {
      near.destroy();
      far.destroy();
      server.close();
    },
  ];
}

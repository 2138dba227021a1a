// Ports for programs that are ended and started again: nobody else is given them while they are away. They lie below
// those that the system hands out, and each process of the runner takes from a block of its own.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const FIRST = 12_000;
const BLOCK = 2_500;
const BLOCKS = 8;

const block = Number(process.env.VITEST_POOL_ID ?? 0) % BLOCKS;
/** Another run of the tests beside this one begins elsewhere in the same block. */
let turn = randomInt(BLOCK);

/** A port on which nobody listens at this address, and which this process gives out once. */
export async function ownPort(address = '127.0.0.1'): Promise<number> {
  for (;;) {
    turn = (turn + 1) % BLOCK;
    const port = FIRST + block * BLOCK + turn;
    if (await isFree(port, address)) return port;
  }
}

async function isFree(port: number, address: string): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen(port, address, () => resolve(true));
  });
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}

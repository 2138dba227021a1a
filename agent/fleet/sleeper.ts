// The thread of a black hole: listens, says so, and sleeps, so that nothing is ever accepted.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { Endpoint } from './blackhole.js';

const { endpoints, shared } = workerData as { endpoints: Endpoint[]; shared: SharedArrayBuffer };

async function sleep(): Promise<void> {
  try {
    for (const endpoint of endpoints) {
      const server = createServer();
      server.listen({ ...endpoint, backlog: 1 });
      await once(server, 'listening');
    }
    parentPort?.postMessage(null);
    Atomics.wait(new Int32Array(shared), 0, 0);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException; // what listen() gives
    parentPort?.postMessage({ message, code });
  }
}

void sleep();

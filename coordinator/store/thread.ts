// The thread that owns the database file. It opens it, says so or says why not, then serves its queue until
// it is told to close; whoever started it ends it then.
import { parentPort, workerData } from 'node:worker_threads';
import { Queue, type Request } from './queue.js';
import { refusalOf } from './refusal.js';
import { openDatabase } from './schema.js';
import type { Sql } from './sql.js';
import type { Opening } from './storethread.js';

function open(directory: string): Sql | null {
  try {
    return openDatabase(directory);
  } catch (error) {
    parentPort?.postMessage({ ids: [0], refusal: refusalOf(error) });
    return null;
  }
}

const { directory, keep } = workerData as Opening; // what the executor gave
const sql = open(directory);
if (sql !== null) {
  const queue = new Queue(sql, (answer) => parentPort?.postMessage(answer), keep);
  parentPort?.on('message', (requests: Request[]) => queue.push(requests));
  parentPort?.postMessage({ ids: [0], value: null });
}

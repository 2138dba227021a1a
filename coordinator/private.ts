// The coordinator process of self-contained runs. The first `netsweep run` on a state directory starts it, later
// ones join it over its Unix socket; it ends with its last client. The store's thread, and where a sweep is on its way
// an agent and its first worker, start before anything else and load what they need while this process does too.
import { comingIn, keepIn, tell } from './privatenews.js';
import { forkAgent, give } from './processes.js';
import { StateInUse } from './store/refusal.js';
import { StoreThread } from './store/storethread.js';

/** Runs until the last client has gone or `stop` aborts. Reports over IPC and never throws for a held directory. */
export async function runPrivateCoordinator(args: string[], stop: AbortSignal): Promise<void> {
  // Who started us reads what we say, and may be gone.
  process.stderr.on('error', () => undefined);
  const [state, ...words] = args;
  if (state === undefined) throw new Error('private-coordinator is started by netsweep run');
  const ended = new AbortController();
  stop.addEventListener('abort', () => ended.abort());
  const keep = keepIn(words);
  const coming = comingIn(words);
  const spare = coming === null ? null : forkAgent();
  spare?.on('error', () => undefined); // another try is made when it is needed
  try {
    if (spare?.connected && coming === 'pool') give(spare, { prepare: true });
    const thread = new StoreThread({ directory: state, keep });
    const { serveClients } = await import('./selfcontained.js');
    await serveClients(state, keep, { spare, thread }, ended);
  } catch (error) {
    spare?.kill('SIGKILL'); // it knows of nothing yet
    const message = error instanceof Error ? error.message : String(error);
    await tell(error instanceof StateInUse ? { inUse: true } : { error: message });
  }
  if (process.connected) process.disconnect();
}

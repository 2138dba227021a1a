// Lets those come who watch over the agent. Loaded for them alone, as an agent that a command has started has none.
import type { TlsFiles } from '../channel.js';
import type { Seen } from './watched.js';

/** Its address can't be listened on. */
export class CannotListen extends Error {}

/** Null: nobody is to come. Rejects with CannotListen. */
export async function openWatched(
  { http, tls, version }: { http: string | null; tls: TlsFiles | null; version: string },
  seen: Seen,
): Promise<(AsyncDisposable & { address: string }) | null> {
  if (http === null) return null;
  const [{ openEndpoint }, { ProcessMetrics }, { WatchedAgent }] = await Promise.all([
    import('../../proto/operation/endpoint.js'),
    import('../../proto/operation/process.js'),
    import('./watched.js'),
  ]);
  const looking = new ProcessMetrics(version);
  try {
    const endpoint = await openEndpoint(http, new WatchedAgent(seen, looking), tls);
    return {
      address: endpoint.address,
      [Symbol.asyncDispose]: async () => {
        looking[Symbol.dispose]();
        await endpoint[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    looking[Symbol.dispose]();
    throw new CannotListen(`can't listen on ${http}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

// The history as clients ask for it: streams over pages of the store, as fast as they are read.
import type { Server, ServerWritableStream } from '@grpc/grpc-js';
import type {
  ForgetReply,
  NewestRequest,
  Version,
  VersionsRequest,
} from '../../proto/gen/netsweep/v1/history.js';
import { HistoryService } from '../../proto/gen/netsweep/v1/history_service.js';
import type { Act } from '../auditlog/acts.js';
import { type Who, whoOf } from '../auditlog/who.js';
import { stream, unary } from '../intake/calls.js';
import type { Store, VersionKey } from '../store/store.js';

/** Versions read from the store at a time. */
const PAGE = 200;

export class HistoryAnswers {
  readonly #stopping = new AbortController();

  constructor(private readonly store: Pick<Store, 'versions' | 'newestVersions' | 'commit'>) {}

  /** Ends the streams that are under way. */
  stop(): void {
    this.#stopping.abort();
  }

  serveOn(server: Pick<Server, 'addService'>): void {
    server.addService(HistoryService, {
      versions: (call: ServerWritableStream<VersionsRequest, Version>) =>
        stream(call, () => this.#versions(call.request), this.#stopping.signal),
      newest: (call: ServerWritableStream<NewestRequest, Version>) =>
        stream(call, () => this.#newest(call.request), this.#stopping.signal),
      forget: unary((request: VersionsRequest, call) => this.#forget(request, whoOf(call))),
    });
  }

  async *#versions({ device, segment, command }: VersionsRequest): AsyncGenerator<Version> {
    const isAsked = (version: Version) =>
      (segment === '' || version.segment === segment) && (command === '' || version.command === command);
    for await (const version of pages((after) => this.store.versions(device, after, PAGE)))
      if (isAsked(version)) yield version;
  }

  async #forget(of: VersionsRequest, who: Who): Promise<ForgetReply> {
    let versions = 0;
    for await (const _version of this.#versions(of)) versions += 1;
    if (versions > 0) {
      const act: Act = { act: 'forget-history', who, of, versions };
      await this.store.commit([
        { write: 'forget', ...of },
        { write: 'act', act },
      ]);
    }
    return { versions };
  }

  #newest(request: NewestRequest): AsyncGenerator<Version> {
    return pages((after) => this.store.newestVersions(request, after, PAGE));
  }
}

async function* pages(read: (after: VersionKey | null) => Promise<Version[]>): AsyncGenerator<Version> {
  for (let after: VersionKey | null = null; ; ) {
    const page = await read(after);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last;
  }
}

// The plumbing of gRPC calls: a promise becomes an answer, an async iterable becomes a stream that goes as fast as
// its client reads, an error becomes a status.
import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';

/** An error that a client may read: its gRPC code and one sentence. */
export class ServiceError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
    this.name = 'ServiceError';
  }
}

export function unary<Request, Reply>(
  work: (request: Request, call: ServerUnaryCall<Request, Reply>) => Promise<Reply>,
) {
  return (call: ServerUnaryCall<Request, Reply>, callback: sendUnaryData<Reply>) =>
    answer(callback, work(call.request, call));
}

export function answer<Reply>(callback: sendUnaryData<Reply>, work: Promise<Reply>): void {
  work.then(
    (reply) => callback(null, reply),
    (error: unknown) => callback(asStatus(error)),
  );
}

/** Writes what `items` yields as fast as the client reads it. */
export function stream<Request, Item>(
  call: ServerWritableStream<Request, Item>,
  items: (signal: AbortSignal) => AsyncIterable<Item>,
  stopping: AbortSignal,
): void {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  call.on('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, stopping]);
  const write = async () => {
    for await (const item of items(signal)) {
      if (signal.aborted) return;
      if (!call.write(item)) await drained(call, signal);
    }
  };
  write().then(
    () => call.end(),
    // Emitted, not destroyed with it: a destroyed stream sends no status, and its client would wait for ever.
    (error: unknown) => call.emit('error', asStatus(error)),
  );
}

function drained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    call.once('drain', done);
    signal.addEventListener('abort', done);
  });
}

/** A bug stays visible as INTERNAL with its message; the expected kinds carry their own code. */
export function asStatus(error: unknown): Error & { code: status; details: string } {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof ServiceError ? error.code : status.INTERNAL;
  return Object.assign(new Error(message, { cause: error }), { code, details: message });
}

// Calls to the coordinator: one unary helper with a deadline, and the one place that waits and tries again
// when the coordinator is away for a moment.
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallOptions, type ClientUnaryCall, Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** How long a coordinator elsewhere may be away before a question to it is given up. */
const AWAY_MS = 120_000;
/** A coordinator that was only started again is back before anybody is told, in ms. */
const NOTICED_MS = 1_000;
const CALL_MS = 60_000;
const LEAST_PAUSE_MS = 200;
const MOST_PAUSE_MS = 1000;

type Unary<Q, R> = (
  request: Q,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: R) => void,
) => ClientUnaryCall;

/** One question, one answer. */
export function ask<Q, R>(method: Unary<Q, R>, request: Q): Promise<R> {
  return new Promise((resolve, reject) => {
    method(request, new Metadata(), { deadline: Date.now() + CALL_MS }, (error, response) =>
      error === null ? resolve(response) : reject(error),
    );
  });
}

/**
 * Keeps trying while the coordinator is away, for a limited time since it was last heard. Whoever follows a sweep
 * has one for all its calls.
 */
export class Patience {
  #since: number | null = null;
  #pauses = 0;
  #said = false;

  /** `limitMs` 0: not at all; Infinity: until it is back. `say` is told once each time that it stays away. */
  constructor(
    private readonly limitMs: number,
    private readonly say: (state: 'away' | 'back') => void = () => undefined,
  ) {}

  /** For a coordinator that may come back; one that runs here does not. */
  static for(
    { selfContained }: { selfContained: boolean },
    say?: (state: 'away' | 'back') => void,
  ): Patience {
    return new Patience(selfContained ? 0 : AWAY_MS, say);
  }

  /** The coordinator has answered. */
  heard(): void {
    if (this.#said) this.say('back');
    this.#since = null;
    this.#pauses = 0;
    this.#said = false;
  }

  /** Waits before the next try; throws the error when it will not pass or the time is over. */
  async pause(error: unknown, signal: AbortSignal): Promise<void> {
    this.#since ??= Date.now();
    signal.throwIfAborted();
    const awayMs = Date.now() - this.#since;
    if (!mayPass(error) || awayMs >= this.limitMs) throw error;
    if (awayMs >= NOTICED_MS && !this.#said) {
      this.#said = true;
      this.say('away');
    }
    const ms = Math.min(MOST_PAUSE_MS, LEAST_PAUSE_MS * 2 ** this.#pauses++);
    await sleep(ms * (0.5 + Math.random() / 2), undefined, { signal });
  }
}

/** A server that goes down ends calls in several ways, depending on when. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  if (error.code === status.INTERNAL) return /RST_STREAM|ECONNRESET/.test(error.message);
  return error.code === status.UNAVAILABLE || error.code === status.CANCELLED;
}

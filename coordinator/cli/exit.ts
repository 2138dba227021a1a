// How the program ends: the codes a script may rely on, and which of several reasons decides.
import { status } from '@grpc/grpc-js';

export const EXIT = {
  ok: 0,
  failures: 1,
  usage: 2,
  findings: 3,
  unreachable: 4,
  cancelled: 5,
  stopped: 6,
  bug: 70,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const PRECEDENCE: readonly ExitCode[] = [70, 130, 5, 2, 4, 6, 1, 3];

/** The code that decides when several apply. */
export function decide(codes: Iterable<ExitCode>): ExitCode {
  const all = new Set(codes);
  return PRECEDENCE.find((code) => all.has(code)) ?? EXIT.ok;
}

/** Bad usage: one line, nothing was touched, exit 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Ends the program with a code after its message; an empty message says nothing more. */
export class Ended extends Error {
  constructor(
    readonly code: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'Ended';
  }
}

/** What a failed call to the coordinator means for the exit code; null: a bug of ours. */
export function exitOfCall(code: number): ExitCode | null {
  switch (code) {
    case status.INVALID_ARGUMENT:
    case status.NOT_FOUND:
    case status.FAILED_PRECONDITION:
    case status.ALREADY_EXISTS:
    case status.OUT_OF_RANGE:
    case status.UNIMPLEMENTED:
      return EXIT.usage;
    case status.UNAVAILABLE:
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
    case status.DEADLINE_EXCEEDED:
    case status.RESOURCE_EXHAUSTED:
    case status.ABORTED:
      return EXIT.unreachable;
    default:
      return null;
  }
}

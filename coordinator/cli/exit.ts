// How the program ends: the codes a script may rely on, and which of several reasons decides.
import type { status } from '@grpc/grpc-js';

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

/** As the library has them, which only commands that call a coordinator should have to load: it takes 20 ms. */
const STATUS = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} satisfies Partial<{ [Name in keyof typeof status]: (typeof status)[Name] }>;

/** What a failed call to the coordinator means for the exit code; null: a bug of ours. */
export function exitOfCall(code: number): ExitCode | null {
  switch (code) {
    case STATUS.INVALID_ARGUMENT:
    case STATUS.NOT_FOUND:
    case STATUS.FAILED_PRECONDITION:
    case STATUS.ALREADY_EXISTS:
    case STATUS.OUT_OF_RANGE:
    case STATUS.UNIMPLEMENTED:
      return EXIT.usage;
    case STATUS.UNAVAILABLE:
    case STATUS.UNAUTHENTICATED:
    case STATUS.PERMISSION_DENIED:
    case STATUS.DEADLINE_EXCEEDED:
    case STATUS.RESOURCE_EXHAUSTED:
    case STATUS.ABORTED:
      return EXIT.unreachable;
    default:
      return null;
  }
}

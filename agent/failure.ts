// The one place where an agent makes a Failure, and the one table that says which kinds may pass.
import { Failure, Kind, Stage } from '../proto/gen/netsweep/v1/model.js';
import { quote } from './text.js';

/** Kinds that another attempt may end better, as long as no secret has left for the device. */
const MAY_PASS: ReadonlySet<Kind> = new Set([
  Kind.RESOLVE,
  Kind.UNREACHABLE,
  Kind.REFUSED,
  Kind.PROTOCOL,
  Kind.TIMEOUT,
  Kind.DISCONNECTED,
  Kind.PROMPT,
]);

/** Thrown inside a session, caught at its end; never leaves the session as an exception. */
export class DeviceFailure extends Error {
  /** It is the machine's that we run on, not the device's. */
  readonly local: Local | null;

  constructor(
    readonly kind: Kind,
    readonly stage: Stage,
    message: string,
    options: ErrorOptions & { local?: Local | null } = {},
  ) {
    super(message, options);
    this.name = 'DeviceFailure';
    this.local = options.local ?? null;
  }

  /** The record of it; a secret that was sent is not sent again, so only a key login is retried after one. */
  record(secretSent: boolean): Failure {
    return Failure.create({
      kind: this.kind,
      stage: this.stage,
      message: this.message,
      retryable: MAY_PASS.has(this.kind) && !secretSent,
    });
  }
}

const NO_ADDRESS: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ENODATA',
  'EAI_NONAME',
]);

/** Descriptors, buffers or ports that this machine has none left of. */
const LACKING: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
]);
/** No way out of this machine: its network is down, or it never had a route there. */
const ROUTELESS: ReadonlySet<string> = new Set(['ENETUNREACH', 'ENETDOWN']);

/** What a failure says of our own machine; null: nothing. */
export type Local = 'lacking' | 'routeless';

export function localTrouble(code: string | undefined): Local | null {
  if (code === undefined) return null;
  if (LACKING.has(code)) return 'lacking';
  return ROUTELESS.has(code) ? 'routeless' : null;
}

/** This agent's own host does not allow it. */
export function targetRefused(words: string): DeviceFailure {
  return new DeviceFailure(Kind.NOT_ALLOWED, Stage.CONNECT, `this agent may not connect there: ${words}`);
}

/** A secret that this agent was to find by itself; nothing was connected to. */
export function secretRefused(words: string, mayPass: boolean): Failure {
  const message = `a secret can't be had: ${words}`;
  return Failure.create({ kind: Kind.AUTH, stage: Stage.RESOLVE, message, retryable: mayPass });
}

/** A socket that never connected. */
export function connectFailure(error: NodeJS.ErrnoException, endpoint: string): DeviceFailure {
  const code = error.code ?? '';
  if (NO_ADDRESS.has(code))
    return new DeviceFailure(Kind.RESOLVE, Stage.RESOLVE, `no address for ${endpoint} (${code})`, {
      cause: error,
    });
  if (code === 'ECONNREFUSED')
    return new DeviceFailure(Kind.REFUSED, Stage.CONNECT, `${endpoint} refused the connection`, {
      cause: error,
    });
  // Accepted and reset in one go: whether the connection was up for a moment is a matter of timing.
  if (code === 'ECONNRESET')
    return new DeviceFailure(Kind.DISCONNECTED, Stage.CONNECT, 'the device closed the connection', {
      cause: error,
    });
  return new DeviceFailure(
    Kind.UNREACHABLE,
    Stage.CONNECT,
    `${endpoint} can't be reached (${code || error.message})`,
    {
      cause: error,
      local: localTrouble(code),
    },
  );
}

/** Reasons of RFC 4254, section 5.1, for not opening a channel. */
const PROHIBITED = 1;

/** A bastion (`jump`: its host and port) that would not, or could not, connect to `endpoint`. */
export function forwardFailure(
  error: Error & { reason?: unknown },
  jump: string,
  endpoint: string,
): DeviceFailure {
  const words = quote(error.message.replace(/^\(SSH\) Channel open failure: /, ''));
  const fail = (kind: Kind, stage: Stage, what: string, why = words) =>
    new DeviceFailure(kind, stage, `jump host ${jump}: ${what} (${why})`, { cause: error });
  if (typeof error.reason !== 'number')
    return fail(Kind.DISCONNECTED, Stage.CONNECT, `the connection broke before it reached ${endpoint}`);
  if (error.reason === PROHIBITED)
    return fail(
      Kind.UNREACHABLE,
      Stage.CONNECT,
      `it may not connect to ${endpoint}`,
      `administratively prohibited: ${words}`,
    );
  if (/refused/i.test(words)) return fail(Kind.REFUSED, Stage.CONNECT, `${endpoint} refused the connection`);
  if (/not known|no address|name resolution|unknown host/i.test(words))
    return fail(Kind.RESOLVE, Stage.RESOLVE, `no address for ${endpoint}`);
  return fail(Kind.UNREACHABLE, Stage.CONNECT, `${endpoint} can't be reached`);
}

/** A failure on the way, told of the bastion (`jump`: its host and port) that it happened at. */
export function atJumpHost(failure: DeviceFailure, jump: string): DeviceFailure {
  const { kind, stage, message, cause, local } = failure;
  const words = message
    .replace(/\bthe device\b/g, 'it')
    // The word is for one device; that of those behind it says nothing of it.
    .replace(/legacy: true in the inventory/, 'legacy: true for it, as a device of the inventory,');
  return new DeviceFailure(kind, stage, `jump host ${jump}: ${words}`, { cause, local });
}

/** What ssh2 puts on its errors. */
interface SshError extends NodeJS.ErrnoException {
  level?: string;
}

/** A connection that broke, or was broken off by ssh2. */
export function connectionFailure(error: SshError, stage: Stage): DeviceFailure {
  const words = quote(error.message);
  const options = { cause: error };
  if (error.level === 'client-socket')
    return new DeviceFailure(
      Kind.DISCONNECTED,
      stage,
      `the connection broke (${error.code ?? words})`,
      options,
    );
  if (error.level === 'client-timeout')
    return new DeviceFailure(Kind.DISCONNECTED, stage, 'the device no longer answers keepalives', options);
  if (/^Connection lost before handshake/.test(words))
    return new DeviceFailure(
      Kind.DISCONNECTED,
      stage,
      'the device closed the connection before the key exchange',
      options,
    );
  if (/signature verification failed/i.test(words))
    return new DeviceFailure(
      Kind.HOST_KEY,
      Stage.HOSTKEY,
      'the device shows a host key that it does not have: its signature is by another',
      options,
    );
  // ssh2 makes no error of a device that leaves "by application", and says this at the next thing asked of it.
  if (words === 'Not connected')
    return new DeviceFailure(Kind.DISCONNECTED, stage, 'the device ended the connection', options);
  // A disconnect message carries its reason number as code, and the device's own words.
  if (typeof (error as { code?: unknown }).code === 'number')
    return new DeviceFailure(Kind.DISCONNECTED, stage, `the device ended the connection: ${words}`, options);
  return new DeviceFailure(Kind.PROTOCOL, stage, `not SSH, or malformed (${words})`, options);
}

/** Whatever was thrown within a session, as its failure: a fault of ours ends one device, not the worker. */
export function asFailure(thrown: unknown, stage: Stage): DeviceFailure {
  if (thrown instanceof DeviceFailure) return thrown;
  const words = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  const local = localTrouble((thrown as NodeJS.ErrnoException | undefined)?.code);
  return new DeviceFailure(Kind.PROTOCOL, stage, `unexpected: ${quote(words)}`, { cause: thrown, local });
}

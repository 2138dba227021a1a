// One device, one attempt: connect, verify the host key, log in, settle the terminal, run the commands,
// prove each output whole, leave politely. Whatever goes wrong becomes the attempt's failure; nothing throws
// past runSession. The seam to the worker is SessionPorts: a session knows no process, lease or message.
import type { Attempt, HostKey, LoginResult, Permit, SecretUse } from '../proto/gen/netsweep/v1/agent.js';
import type { Credential, Device, SweepOptions } from '../proto/gen/netsweep/v1/model.js';

/** What one session works on. */
export interface SessionTask {
  device: Device;
  options: SweepOptions;
  /** Limits with nothing left at 0: the device's own over the sweep's. */
  limits: { connectMs: number; loginMs: number; idleMs: number; commandMs: number; deviceMs: number };
  credential: Credential | null;
  /** Keys known for the endpoint; empty: none yet. */
  hostKeys: HostKey[];
}

/** What a session asks of the world outside its device. */
export interface SessionPorts {
  /** May the secret be sent now? Resolves when the coordinator has answered; rejects when the lease is over. */
  permit(use: SecretUse): Promise<Permit>;
  /** How a permitted secret fared; called exactly once per permit that said SEND. */
  loggedIn(use: SecretUse, result: LoginResult): void;
  /** Offers a first-seen host key to the ledger, before authentication. */
  acceptHostKey(key: HostKey): Promise<{ accepted: boolean; known: HostKey[] }>;
  /** False once the lease allows no new connect and no new command. Checked before each. */
  mayStart(): boolean;
  /** False once the lease allows no byte at all. Checked before every write. */
  mayWrite(): boolean;
}

/**
 * Runs one attempt. Resolves only after the socket has closed.
 * `signal` aborts: the socket is destroyed at once and the attempt ends `disconnected`; the caller decides
 * what that means (cancelled, handed back).
 */
export declare function runSession(
  task: SessionTask,
  ports: SessionPorts,
  signal: AbortSignal,
): Promise<Attempt>;

// The seam between a session and its worker: what a session works on, and what it asks of the world outside its device.
import type { Credential, Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import type {
  HostKey,
  HostMarks,
  LoginResult,
  Permit,
  SecretUse,
} from '../../proto/gen/netsweep/v1/session.js';
import type { Local } from '../failure.js';
import type { Figures } from '../figures.js';
import type { Hold } from '../hold.js';
import type { Hop } from '../ssh/bastion.js';

/** What one session works on. */
export interface SessionTask {
  sweep: string;
  device: Device;
  options: SweepOptions;
  /** Limits with nothing left at 0: the device's own over the sweep's. */
  limits: { connectMs: number; loginMs: number; idleMs: number; commandMs: number; deviceMs: number };
  credential: Credential | null;
  /** Keys known for the endpoint; empty: none yet. */
  hostKeys: HostKey[];
  /** What known_hosts says of it besides. */
  marks: HostMarks | null;
  /** The bastions on the way, in the order of Device.jump. */
  jump: Hop[];
  /** Logins by a key alone ask for leave, too. */
  paced?: boolean;
  /** How long it waits before it connects, as others begin at the same time; it is nobody's time. */
  beginInMs?: number;
}

/** What a session asks of the world outside its device. `hop`: the nth bastion on the way; without it the device. */
export interface SessionPorts {
  /** May the secret be sent now? Resolves when the coordinator has answered; rejects when the lease is over. */
  permit(use: SecretUse, hop?: number): Promise<Permit>;
  /** How a permitted secret fared; called exactly once per permit that said SEND. */
  loggedIn(use: SecretUse, result: LoginResult, hop?: number): void;
  /** Offers a first-seen host key to the ledger, before authentication. */
  acceptHostKey(key: HostKey, hop?: number): Promise<{ accepted: boolean; known: HostKey[] }>;
  /** As in SessionTask. */
  paced?: boolean | undefined;
  /** May the first command be sent? Asked in sweeps that may write; the answer may take a while. False: nothing may. */
  start(): Promise<boolean>;
  /** False once the lease allows no new connect and no new command. Checked before each. */
  mayStart(): boolean;
  /** False once the lease allows no byte at all. Checked before every write. */
  mayWrite(): boolean;
  /** What the attempt fails by is not the device's. */
  troubled(local: Local): void;
  /** Whether the device may be read; without it it always may. */
  hold?: Hold;
  /** It was not read for longer than a session may take: the caller gives it back. */
  heldTooLong?(): void;
  /** At its end, once: how long it took to get there, and what it carried. */
  measured?(figures: Figures): void;
}

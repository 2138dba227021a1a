// What an inventory gives, whatever its shape: a list of entries with the position each was read from.
// Everything after this file is the same for YAML, JSON, CSV and Python dictionaries.
import type { Limits } from '../../proto/gen/netsweep/v1/model.js';
import type { Issue, Position } from './issue.js';
import type { Seal } from './netmikoseal.js';

export { InputError, type Issue, type Position, printIssue } from './issue.js';

/** How a value is encrypted: as netmiko-tools does it, or who opens it. */
export type SealedBy = Seal | { open(text: string): Promise<Buffer> };

/** A secret as an inventory names it; resolved only when a sweep is submitted, never for a plan. */
export type SecretReference =
  | { from: 'text'; text: string; at: Position | null }
  /** Encrypted by netmiko-tools. */
  | { from: 'sealed'; text: string; seal: SealedBy; at: Position | null }
  | { from: 'env'; variable: string; at: Position | null }
  /** `found`: nobody named it, it is where keys are looked for. */
  | { from: 'file'; path: string; at: Position | null; found?: true }
  | { from: 'command'; program: string; at: Position | null }
  | { from: 'vault'; path: string; key: string; at: Position | null }
  | { from: 'ask'; question: string; at: Position | null };

/** A bastion as somebody wrote it: the name of a device, a Host of ssh's configuration, or an address. */
export interface JumpHop {
  host: string;
  port: number | null;
  username: string | null;
  /** Null: on the command line. */
  at: Position | null;
}

/** The bastions on the way to a device, the nearest to the agent first; no hops: none, whatever others say. */
export interface Jump {
  hops: readonly JumpHop[];
  /** Given for many devices at once: the bastions among them are reached without themselves. */
  shared: boolean;
}

/** Who logs in and with what, of a device or of a bastion that is none. */
export interface CredentialSource {
  /** Of whom it is, for messages. */
  name: string;
  username: string | null;
  password: SecretReference | null;
  enableSecret: SecretReference | null;
  /** The key's text, as a reference to its file. */
  privateKey: SecretReference | null;
  passphrase: SecretReference | null;
  /** An OpenSSH user certificate for the private key. */
  certificate: SecretReference | null;
  /** null: as the command line has it. */
  sshAgent: boolean | null;
  /** Label of the credential for people; null: made from the user name. */
  credential: string | null;
  at: Position | null;
}

/** The fields that hold secrets, or what belongs to one. */
export type SecretField = 'password' | 'enableSecret' | 'privateKey' | 'passphrase' | 'certificate';

/** A bastion whose place is known. */
export interface Hop {
  host: string;
  port: number;
  /** With the device's own credential; null: that credential's user. */
  username: string | null;
  /** Null: the credential of the device behind it. */
  login: CredentialSource | null;
  legacy: boolean;
}

/** One device as an inventory describes it, groups and defaults applied. */
export interface Entry extends CredentialSource {
  host: string;
  /** null until logins are applied, where the inventory says nothing. */
  port: number | null;
  /** Canonical platform name; null where the inventory says nothing. */
  platform: string | null;
  segment: string;
  site: string;
  groups: string[];
  commands: string[];
  /** Whether the keys in ~/.ssh with OpenSSH's usual names may be used. */
  useKeys: boolean | null;
  /** Read in place of the caller's and the system's. */
  sshConfig: { path: string; at: Position | null } | null;
  jump: Jump | null;
  /** What `jump` comes to; empty until logins are applied. */
  via: readonly Hop[];
  /** Algorithms that are no longer held safe may be used. */
  legacy: boolean;
  /** null: wanted exactly when an enable secret is given. */
  enable: boolean | null;
  enableCommand: string;
  limits: Partial<Limits>;
  /** Every other field, for filters. */
  data: Record<string, unknown>;
  at: Position;
}

/** An entry with logins applied. */
export interface ReadyEntry extends Entry {
  port: number;
}

/** A device that an inventory names and that cannot be swept: down, without an address. */
export interface LeftOut {
  name: string;
  why: string;
  at: Position;
}

export interface Inventory {
  entries: Entry[];
  /** With the entries, all that the sources name. */
  leftOut: LeftOut[];
  /** Groups with the names of their devices in order, where the sources say; patterns may ask for the first ones. */
  members: ReadonlyMap<string, readonly string[]>;
  /** Groups with the groups in them, in the order of the sources. */
  children: ReadonlyMap<string, readonly string[]>;
  warnings: Issue[];
}

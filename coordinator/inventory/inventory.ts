// What an inventory gives, whatever its shape: a list of entries with the position each was read from.
// Everything after this file is the same for YAML, JSON, CSV and Python dictionaries.
import type { Limits } from '../../proto/gen/netsweep/v1/model.js';

/** A place in an input file; line and column count from 1. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

/** A secret as an inventory names it; resolved only when a sweep is submitted, never for a plan. */
export type SecretReference =
  | { from: 'text'; text: string; at: Position | null }
  | { from: 'env'; variable: string; at: Position | null }
  | { from: 'file'; path: string; at: Position | null }
  | { from: 'command'; program: string; at: Position | null }
  | { from: 'ask'; question: string; at: Position | null };

/** One device as an inventory describes it, groups and defaults applied. */
export interface Entry {
  name: string;
  host: string;
  port: number;
  /** Canonical platform name; null where the inventory says nothing. */
  platform: string | null;
  segment: string;
  site: string;
  groups: string[];
  commands: string[];
  username: string | null;
  password: SecretReference | null;
  enableSecret: SecretReference | null;
  /** The key's text, as a reference to its file. */
  privateKey: SecretReference | null;
  /** null: wanted exactly when an enable secret is given. */
  enable: boolean | null;
  enableCommand: string;
  /** Label of the credential for people; null: made from the user name. */
  credential: string | null;
  limits: Partial<Limits>;
  /** Every other field, for filters. */
  data: Record<string, unknown>;
  at: Position;
}

export interface Inventory {
  entries: Entry[];
  warnings: Issue[];
}

/** One thing wrong with an input: `file:line:column: message`. */
export interface Issue {
  at: Position | null;
  /** What is wrong, with what was found, what was expected and the nearest match. */
  message: string;
}

/** Bad input: every issue of it at once. The program prints them, starts nothing and exits with 2. */
export class InputError extends Error {
  constructor(readonly issues: Issue[]) {
    super(issues.map(printIssue).join('\n'));
    this.name = 'InputError';
  }
}

export function printIssue({ at, message }: Issue): string {
  return at === null ? message : `${at.file}:${at.line}:${at.column}: ${message}`;
}

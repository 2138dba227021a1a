// What the fields of a device are called: the names and synonyms of the contract, and what is plainly a typo of
// one. Pure.
import { distance } from 'fastest-levenshtein';
import type { Limits } from '../../proto/gen/netsweep/v1/model.js';
import type { Entry, JumpHop, SecretReference } from './inventory.js';
import { isSwapped } from './wording.js';

/** The known fields of one layer, as they were given. */
export interface Fields {
  name?: string;
  host?: string;
  port?: number;
  platform?: string;
  username?: string;
  password?: SecretReference;
  enableSecret?: SecretReference;
  privateKey?: SecretReference;
  passphrase?: SecretReference;
  certificate?: SecretReference;
  sshAgent?: boolean;
  useKeys?: boolean;
  sshConfig?: NonNullable<Entry['sshConfig']>;
  enable?: boolean;
  enableCommand?: string;
  segment?: string;
  site?: string;
  groups?: string[];
  commands?: string[];
  credential?: string;
  limits?: Partial<Limits>;
  /** netmiko's names for some of the limits, in ms. */
  connectLimit?: number;
  loginLimit?: number;
  commandLimit?: number;
  jump?: readonly JumpHop[];
  legacy?: boolean;
}

const SYNONYMS: Record<string, keyof Fields> = {
  name: 'name',
  host: 'host',
  ip: 'host',
  ansible_host: 'host',
  ansible_ssh_host: 'host',
  hostname: 'host',
  port: 'port',
  ansible_port: 'port',
  ansible_ssh_port: 'port',
  platform: 'platform',
  device_type: 'platform',
  ansible_network_os: 'platform',
  username: 'username',
  ansible_user: 'username',
  ansible_ssh_user: 'username',
  password: 'password',
  ansible_password: 'password',
  ansible_ssh_pass: 'password',
  ansible_ssh_password: 'password',
  secret: 'enableSecret',
  enable_password: 'enableSecret',
  ansible_become_password: 'enableSecret',
  ansible_become_pass: 'enableSecret',
  ansible_enable_pass: 'enableSecret',
  enable: 'enable',
  enable_command: 'enableCommand',
  private_key: 'privateKey',
  private_key_file: 'privateKey',
  key_file: 'privateKey',
  ansible_private_key_file: 'privateKey',
  ansible_ssh_private_key_file: 'privateKey',
  passphrase: 'passphrase',
  private_key_passphrase: 'passphrase',
  ansible_private_key_passphrase: 'passphrase',
  ansible_ssh_private_key_passphrase: 'passphrase',
  certificate: 'certificate',
  certificate_file: 'certificate',
  ssh_agent: 'sshAgent',
  allow_agent: 'sshAgent',
  use_keys: 'useKeys',
  ssh_config_file: 'sshConfig',
  segment: 'segment',
  site: 'site',
  groups: 'groups',
  jump: 'jump',
  credential: 'credential',
  commands: 'commands',
  legacy: 'legacy',
  timeouts: 'limits',
  conn_timeout: 'connectLimit',
  auth_timeout: 'loginLimit',
  read_timeout_override: 'commandLimit',
};

const FIELD_OF = new Map(Object.entries(SYNONYMS));

/** What only a program can hand to netmiko, and what to write in its place. */
export const OBJECTS: ReadonlyMap<string, string> = new Map([
  ['pkey', 'private_key: FILE'],
  ['sock', 'jump: USER@BASTION:PORT'],
]);

/** Names that look like typos of fields and are not: netmiko's own and what inventories often carry. */
const OTHER_TOOLS = new Set([
  ...['timeout', 'session_timeout', 'banner_timeout', 'blocking_timeout', 'read_timeout'],
  ...['alt_key_file', 'system_host_keys', 'alt_host_keys', 'ssh_strict'],
  ...['session_log', 'global_delay_factor', 'fast_cli', 'verbose', 'keepalive', 'encoding', 'enabled'],
]);

/** What other tools call a login; here it is data, which is worth a warning. */
export const MEANT = new Map([
  ['user', 'username'],
  ['login', 'username'],
  ['pass', 'password'],
]);

/** The field a name or synonym stands for. */
export function knownField(written: string): keyof Fields | null {
  return FIELD_OF.get(written) ?? null;
}

export function fieldNames(): string[] {
  return Array.from(FIELD_OF.keys());
}

/** The known field that a name is plainly a typo of. Short names are near many words, so they must be nearer. */
export function typoOf(written: string): string | null {
  const known = typos.get(written);
  if (known !== undefined) return known;
  const found = findTypo(written);
  if (typos.size < MOST_REMEMBERED) typos.set(written, found);
  return found;
}

/** Inventories repeat a few names on every device. */
const typos = new Map<string, string | null>();
const MOST_REMEMBERED = 1000;

function findTypo(written: string): string | null {
  if (knownField(written) !== null || OTHER_TOOLS.has(written) || written.startsWith('ansible_')) return null;
  const bare = bareName(written);
  for (const name of fieldNames()) {
    if (bareName(name) === bare) return name;
    if (name.length <= 4 ? isSlip(bare, name) : isNear(bare, bareName(name))) return name;
  }
  return null;
}

function bareName(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}

function isNear(word: string, name: string): boolean {
  const away = distance(word, name);
  return away <= (name.length >= 7 ? 2 : 1) || isSwapped(word, name);
}

/** Two letters swapped, one lost or one doubled. */
function isSlip(word: string, name: string): boolean {
  if (name.length < 4) return false;
  if (isSwapped(word, name)) return true;
  const lost =
    word.length === 3 && Array.from(name).some((_, at) => name.slice(0, at) + name.slice(at + 1) === word);
  const doubled =
    word.length === 5 && Array.from(name).some((_, at) => name.slice(0, at + 1) + name.slice(at) === word);
  return lost || doubled;
}

// The variables of Ansible's that netsweep uses. All others are data.
import { distance } from 'fastest-levenshtein';
import { isSwapped } from '../wording.js';

/** The variables of a field; the last that is there counts, as in Ansible's plugins. */
export const USED: Record<string, readonly string[]> = {
  host: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  username: ['ansible_user', 'ansible_ssh_user'],
  password: ['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'],
  privateKey: ['ansible_private_key_file', 'ansible_ssh_private_key_file'],
  passphrase: ['ansible_private_key_passphrase', 'ansible_ssh_private_key_passphrase'],
  platform: ['ansible_network_os'],
};
export const ENABLE_SECRET = ['ansible_become_password', 'ansible_become_pass', 'ansible_enable_pass'];
export const SECRETS = new Set([...(USED.password ?? []), ...(USED.passphrase ?? []), ...ENABLE_SECRET]);
export const SSH_ARGUMENTS = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'];
export const PROXY_COMMAND = 'ansible_paramiko_proxy_command';
/** Numbers in these are what was typed: Ansible makes text of them. */
export const TEXTS = new Set(['host', 'username', 'password', 'enableSecret', 'passphrase', 'privateKey']);
/** Any field of netsweep's own, in front of which Ansible's variables have nothing. */
export const OWN_PREFIX = 'netsweep_';
/** Names that inventories use in the same sense; only where they are text. */
export const SHARED_NAMES = ['segment', 'site'];

/** What a variable has a part in: a field, or one of these. */
const PARTS: Record<string, readonly string[]> = {
  ...USED,
  enable: [...ENABLE_SECRET, 'ansible_become', 'ansible_become_method'],
  arguments: [...SSH_ARGUMENTS, PROXY_COMMAND],
  connection: ['ansible_connection'],
  own: SHARED_NAMES,
};
const PART_OF = new Map(Object.entries(PARTS).flatMap(([part, names]) => names.map((name) => [name, part])));

/** What these have a part in. */
export function partsIn(variables: Iterable<string>): string[] {
  const parts: string[] = [];
  for (const name of variables) {
    const part = name.startsWith(OWN_PREFIX) ? 'own' : PART_OF.get(name);
    if (part !== undefined && !parts.includes(part)) parts.push(part);
  }
  return parts;
}

const USED_NAMES = new Set([
  ...Object.values(USED).flat(),
  ...ENABLE_SECRET,
  ...SSH_ARGUMENTS,
  PROXY_COMMAND,
]);

/** Whether a variable is no data because it is a field, or could not be any. */
export function isUsed(name: string): boolean {
  return (
    USED_NAMES.has(name) || SHARED_NAMES.includes(name) || name.startsWith(OWN_PREFIX) || name === '__proto__'
  );
}

/** Names of Ansible's that are near others. */
const OTHERS = new Set([
  ...[
    'ansible_become',
    'ansible_become_method',
    'ansible_become_user',
    'ansible_become_exe',
    'ansible_become_flags',
  ],
  ...['ansible_connection', 'ansible_timeout', 'ansible_ssh_timeout', 'ansible_ssh_port', 'ansible_hostname'],
]);

/** The variable that a name is plainly a typo of. */
export function typoOfUsed(name: string): string | null {
  if (!/^an[a-z]{3,7}_/.test(name) || OTHERS.has(name)) return null;
  return Array.from(USED_NAMES).find((used) => distance(used, name) <= 2 || isSwapped(name, used)) ?? null;
}

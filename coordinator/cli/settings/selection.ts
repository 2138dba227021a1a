// Options that choose devices, say what they are and how to log in to them.
import type { Settings } from '../../config.js';
import { list, one, toggle } from '../setting.js';
import { readCount, readJump, readPath, readText } from '../values.js';

export const SELECTION = {
  inventory: list(
    {
      flags: '-i, --inventory <src>',
      about: 'file, directory, URL, - for stdin, or SHAPE:SRC as in netbox:URL; may be repeated',
    },
    readText,
  ),
  columns: one(
    {
      flags: '--columns <map>',
      about: 'what the columns of a router.db are: name:ip:model:username:password:enable; also --map',
      shown: 'name:model, as in Oxidized',
    },
    readText,
    null,
  ),
  limit: one(
    {
      flags: '-l, --limit <expr>',
      about: 'pattern: core:&dc1:!sw9, globs, ~regex, @file, key=value',
      once: true,
    },
    readText,
    null,
  ),
  hosts: list(
    { flags: '-w, --hosts <nodeset>', about: 'only these devices: sw[1-9].dc1,@core!sw3.dc1', once: true },
    readText,
  ),
  exclude: list({ flags: '-x, --exclude <nodeset>', about: 'not these devices', once: true }, readText),
  vaultPasswordFile: list(
    {
      flags: '--vault-password-file <file>',
      about: "opens Ansible's vaults in the inventory; LABEL@FILE for one label, may be repeated",
    },
    readText,
  ),
  set: list(
    { flags: '-e, --set <key=value>', about: 'overrides an inventory field on every device' },
    readText,
  ),
} satisfies Settings;

export const OWN_PLATFORMS = {
  platforms: one(
    {
      flags: '--platforms <dir>',
      about: 'directory of platform files of your own, over those that ship',
      shown: '~/.config/netsweep/platforms',
    },
    readPath,
    null,
  ),
} satisfies Settings;

export const PLATFORM = {
  ...OWN_PLATFORMS,
  platform: one(
    { flags: '--platform <name>', about: 'platform where the inventory has none; auto finds it out' },
    readText,
    null,
  ),
  port: one(
    { flags: '--port <port>', about: 'port where the inventory has none', shown: '22' },
    (text) => readCount(text, 1, 65_535),
    null,
  ),
} satisfies Settings;

export const LOGIN = {
  user: one({ flags: '-u, --user <name>', about: 'user name where the inventory has none' }, readText, null),
  askPass: toggle({ flags: '-k, --ask-pass', about: 'ask for the password on the terminal', once: true }),
  askSecret: toggle({
    flags: '-K, --ask-secret',
    about: 'ask for the enable secret on the terminal',
    once: true,
  }),
  passwordFile: one(
    { flags: '--password-file <file>', about: 'read the password from a file' },
    readPath,
    null,
  ),
  secretFile: one(
    { flags: '--secret-file <file>', about: 'read the enable secret from a file' },
    readPath,
    null,
  ),
  privateKey: one(
    { flags: '--private-key <file>', about: 'log in with this key where the inventory names none' },
    readPath,
    null,
  ),
  sshAgent: toggle({
    flags: '--ssh-agent',
    about: 'log in with the keys of the ssh-agent (with --coordinator: those of the netsweep agents)',
  }),
  jump: one(
    {
      flags: '-J, --jump <spec>',
      about: 'jump hosts where the inventory has none: user@bastion1:22,bastion2; or none',
    },
    readJump,
    null,
  ),
} satisfies Settings;

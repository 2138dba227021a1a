// Options that people know from elsewhere, and what is meant by them here: said where one is not known.

const HERE: Readonly<Record<string, string>> = {
  '--ask-become-pass': '-K',
  '--ask-password': '-k',
  '--become-password-file': '--secret-file',
  '--check-mode': '-C',
  '--concurrency': '--forks',
  '--dry-run': '-C',
  '--fanout': '--forks',
  '-g': '-w @GROUP or -l GROUP',
  '--group': '-w @GROUP or -l GROUP',
  '--json': '--format json',
  '-n': '--forks',
  '--num-workers': '--forks',
  '-p': '-k or --password-file, --port for a port',
  '--pass': '-k or --password-file',
  '--password': '-k or --password-file',
  '--outdir': '--tree',
  '--parallel': '--forks',
  '--rows': '--parse',
  '--serial': '--batch',
  '--ssh-config': 'ssh_config_file in the inventory',
  '--tags': '-l key=value',
  '--textfsm': '--parse',
  '--threads': '--forks',
  '--timeout': '--connect-timeout, --login-timeout, --idle-timeout or --command-timeout',
  '--username': '--user',
};

/** null: nobody is known to call anything so. */
export function meantOption(flag: string): string | null {
  return Object.hasOwn(HERE, flag) ? (HERE[flag] ?? null) : null;
}

/** For a test: each is an option of ours. */
export const MEANT: readonly string[] = Object.values(HERE);

// A real router: FRR's zebra and staticd in a network namespace of their own (their routes never reach the
// system), and vtysh as the login shell of a real sshd's account. Its running configuration is long enough for a pager.
import { type Sshd, type SshdOptions, sshdMissing, startSshd } from './openssh.ts';
import { without } from './process.ts';

/** Why startFrr can't run here; null if it can. For describe.skipIf. */
export const frrMissing: string | null = sshdMissing ?? without('zebra', 'staticd', 'vtysh', 'ip');

export interface FrrOptions {
  hostname?: string;
  /** How many of each thing the configuration has: static routes, prefix list entries, interfaces, route-maps. */
  routes?: number;
  prefixes?: number;
  interfaces?: number;
  routeMaps?: number;
  sshd?: Pick<SshdOptions, 'config' | 'address'>;
}

const daemons = `
[[ $folder == /var/tmp/* ]] || mount -t tmpfs tmpfs /var/tmp # FRR keeps crash logs there
mkdir -m 755 "$folder/frr" /run/frr
mv "$folder/frr.conf" "$folder/vtysh.conf" "$folder/frr/"
chown -R frr:frr "$folder/frr" /run/frr
chmod 755 "$folder/frr"
chmod 644 "$folder/frr/"*
mkdir "$folder/pam.d"
echo 'auth sufficient pam_permit.so
account sufficient pam_permit.so' >"$folder/pam.d/frr"
mount --bind "$folder/pam.d" /etc/pam.d
echo '#!/bin/sh
exec "'"$folder"'/cache/bin/vtysh" --config_dir "'"$folder"'/frr" "$@"' >/run/vtysh
chmod 755 /run/vtysh
: >"$folder/empty.conf"
unshare --net bash -e -c '
  "$0/cache/bin/ip" link set lo up
  for daemon in zebra staticd; do
    "$0/cache/bin/$daemon" -P 0 -f "$0/empty.conf" &
    for try in {1..500}; do [[ -S /run/frr/$daemon.vty ]] && break; sleep 0.02; done
  done
  /run/vtysh -b
' "$folder"
`;

export class Frr implements AsyncDisposable {
  /** Where and how to log in; its account's shell is vtysh. */
  readonly sshd: Sshd;

  private constructor(sshd: Sshd) {
    this.sshd = sshd;
  }

  static async open(options: FrrOptions): Promise<Frr> {
    const sshd = await startSshd({
      ...options.sshd,
      hostname: options.hostname ?? 'edge-1',
      shell: '/run/vtysh',
      accounts: ['frr:x:991:991::/nonexistent:/usr/sbin/nologin'],
      groups: ['frr:x:991:', 'frrvty:x:992:frr,netops'],
      files: { 'frr.conf': configuration(options), 'vtysh.conf': 'service integrated-vtysh-config\n' },
      before: daemons,
    });
    return new Frr(sshd);
  }

  /** Exact stdout of `vtysh -c 'show running-config'`: the account's shell is given the command, without a terminal. */
  runningConfig(): Promise<string> {
    return this.sshd.ssh('show running-config');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sshd[Symbol.asyncDispose]();
  }
}

function configuration(options: FrrOptions): string {
  const { hostname = 'edge-1', routes = 250, prefixes = 150, interfaces = 40, routeMaps = 30 } = options;
  const count = (total: number) => Array.from({ length: total }, (_, index) => index);
  const lines = [`hostname ${hostname}`, 'log syslog informational', 'service integrated-vtysh-config', '!'];
  for (const n of count(interfaces)) {
    lines.push(
      `interface eth${n}`,
      ` description to rack ${n} # uplink "${n}" (${hostname}> not a prompt)`,
      'exit',
      '!',
    );
  }
  for (const n of count(routes)) lines.push(`ip route 10.${n >> 8}.${n & 255}.0/24 192.0.2.${(n % 250) + 1}`);
  lines.push('!');
  for (const n of count(prefixes)) {
    lines.push(`ip prefix-list CUSTOMERS seq ${(n + 1) * 5} permit 172.16.${n & 255}.0/24 le 32`);
  }
  lines.push('!');
  for (const n of count(routeMaps)) {
    lines.push(
      `route-map EXPORT permit ${(n + 1) * 10}`,
      ' match ip address prefix-list CUSTOMERS',
      ` set metric ${n}`,
      'exit',
      '!',
    );
  }
  return `${lines.join('\n')}\n`;
}

export function startFrr(options: FrrOptions = {}): Promise<Frr> {
  return Frr.open(options);
}

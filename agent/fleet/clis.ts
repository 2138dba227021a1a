// The command line of a device, by its platform and by what is wrong with it.
import type { Cli, CliOptions } from './cli.js';
import { alter } from './content.js';
import { eosCli } from './eos.js';
import { frrCli } from './frr.js';
import { iosCli } from './ios.js';
import { junosCli } from './junos.js';
import { linuxCli } from './linux.js';
import { nxosCli } from './nxos.js';
import type { FleetPlatform } from './plan.js';
import { xrCli } from './xr.js';

const CLIS: Record<FleetPlatform, (options: CliOptions) => Cli> = {
  cisco_ios: iosCli,
  cisco_xe: iosCli,
  cisco_nxos: nxosCli,
  cisco_xr: xrCli,
  arista_eos: eosCli,
  juniper_junos: junosCli,
  frr: frrCli,
  linux: linuxCli,
};

export function makeCli(options: CliOptions): Cli {
  return alter(CLIS[options.device.platform](options), options.device.fault);
}

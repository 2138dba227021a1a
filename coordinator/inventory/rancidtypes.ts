// What RANCID calls devices that are called otherwise everywhere else. Its other names are aliases of platforms.
const TYPES: Record<string, string> = {
  'aruba-cx': 'aruba_aoscx',
  cisco: 'cisco_ios',
  cisco10: 'cisco_ios',
  'cisco-asa': 'cisco_asa',
  'cisco-fx': 'cisco_asa',
  'cisco-nx': 'cisco_nxos',
  'cisco-sb': 'cisco_s300',
  'cisco-wlc': 'cisco_wlc',
  'cisco-wlc4': 'cisco_wlc',
  'cisco-wlc5': 'cisco_wlc',
  'cisco-wlc8': 'cisco_wlc',
  'cisco-xe': 'cisco_xe',
  'cisco-xr': 'cisco_xr',
  'cisco-xr7': 'cisco_xr',
  dell: 'dell_powerconnect',
  'extreme-vsp': 'extreme_vsp',
  f10: 'dell_force10',
  fortigate: 'fortinet',
  'fortigate-full': 'fortinet',
  fss2: 'ericsson_ipos',
  h3c: 'hp_comware',
  hp: 'hp_procurve',
  juniper: 'juniper_junos',
  'juniper-srx': 'juniper_junos',
  mikrotik: 'mikrotik_routeros',
  netscreen: 'juniper_screenos',
  sros: 'nokia_sros',
  'sros-md': 'nokia_sros',
  vrp: 'huawei',
  zebra: 'frr',
};

export function rancidPlatform(type: string): string | null {
  const name = type.toLowerCase();
  return Object.hasOwn(TYPES, name) ? (TYPES[name] ?? null) : null;
}

// The names of other tools that have to mean a platform of ours. They are facts about those tools.

/** Every SSH device_type of netmiko, without its `_ssh` suffix. */
export const NETMIKO = `
  a10 accedian adtran_os adva_fsp150f2 adva_fsp150f3 alaxala_ax26s alaxala_ax36s alcatel_aos alcatel_sros
  allied_telesis_awplus apresia_aeos arista_eos arris_cer aruba_aoscx aruba_os aruba_osswitch aruba_procurve
  asterfusion_asternos audiocode_66 audiocode_72 audiocode_shell avaya_ers avaya_vsp bintec_boss
  broadcom_icos brocade_fastiron brocade_fos brocade_netiron brocade_nos brocade_vdx brocade_vyos calix_b6
  casa_cmts cdot_cros centec_os checkpoint_gaia ciena_saos ciena_saos10 ciena_waveserver cisco_apic
  cisco_asa cisco_ftd cisco_ios cisco_nxos cisco_s200 cisco_s300 cisco_tp cisco_viptela cisco_wlc cisco_xe
  cisco_xr cloudgenix_ion corelight_linux coriant cumulus_linux dell_dnos9 dell_force10 dell_isilon
  dell_os10 dell_os6 dell_os9 dell_powerconnect dell_sonic digi_transport dlink_ds edgecore_sonic
  ekinops_ek360 eltex eltex_esr endace enterasys ericsson_ipos ericsson_mltn63 ericsson_mltn66 extreme
  extreme_ers extreme_exos extreme_netiron extreme_nos extreme_slx extreme_tierra extreme_vdx extreme_vsp
  extreme_wing f5_linux f5_ltm f5_tmsh fiberstore_fsos fiberstore_fsosv2 fiberstore_networkos flexvnf
  fortinet garderos_grs generic generic_termserver h3c_comware hillstone_stoneos hp_comware hp_procurve
  huawei huawei_olt huawei_smartax huawei_smartaxmmi huawei_vrp huawei_vrpv8 infinera_packet
  ipinfusion_ocnos juniper juniper_junos juniper_screenos keymile keymile_nos lancom_lcossx4 linux maipu
  mellanox mellanox_mlnxos mikrotik_routeros mikrotik_switchos mrv_lx mrv_optiswitch nec_ix netapp_cdot
  netgear_prosafe netscaler nokia_srl nokia_sros oneaccess_oneos ovs_linux paloalto_panos pluribus
  quanta_mesh rad_etx raisecom_roap ruckus_fastiron ruijie_os silverpeak_vxoa sixwind_os sophos_sfos
  supermicro_smis telcosystems_binos teldat_cit tplink_jetstream ubiquiti_edge ubiquiti_edgerouter
  ubiquiti_edgeswitch ubiquiti_unifiswitch vertiv_mph vyatta_vyos vyos watchguard_fireware yamaha zte_zxros
  zyxel_os
`
  .trim()
  .split(/\s+/);

/**
 * What Ansible, Oxidized, NAPALM and scrapli call a platform, where netmiko's name is another one; by the platform
 * that is meant.
 */
export const MEANING: Record<string, string[]> = {
  a10: ['acos'],
  cisco_ftd: ['firelinuxos'],
  cisco_viptela: ['viptela'],
  dell_sonic: ['enterprise_sonic', 'dell_enterprisesonic'],
  extreme_netiron: ['netiron'],
  f5_tmsh: ['tmos'],
  fiberstore_fsos: ['fsos'],
  flexvnf: ['versa_flexvnf'],
  hillstone_stoneos: ['stoneos'],
  mellanox_mlnxos: ['mlnxos', 'mellanox.onyx.onyx', 'onyx'],
  netscaler: ['citrix_netscaler'],
  ruijie_os: ['rgos'],
  sonicos: ['sonicos'],
  tplink_jetstream: ['jetstream'],
  zte_zxros: ['zxros'],
  cisco_ios: ['ios', 'cisco.ios.ios', 'cisco.ios'],
  cisco_xe: ['iosxe', 'cisco_iosxe'],
  cisco_nxos: ['nxos', 'nxos_ssh', 'cisco.nxos.nxos'],
  cisco_xr: ['iosxr', 'iosxr_netconf', 'cisco.iosxr.iosxr', 'cisco_iosxr'],
  arista_eos: ['eos', 'arista.eos.eos'],
  juniper_junos: ['junos', 'junipernetworks.junos.junos'],
  cisco_asa: ['asa', 'cisco.asa.asa'],
  vyos: ['vyos.vyos.vyos', 'vyos.vyos', 'vyos_vyos', 'vyatta'],
  frr: ['frr.frr.frr'],
  dell_os10: ['dellemc.os10.os10', 'os10', 'dellos10'],
  dell_os6: ['dellemc.os6.os6', 'os6'],
  dell_force10: ['dellemc.os9.os9', 'os9', 'dellos9'],
  fortinet: ['fortios', 'fortinet.fortios.fortios', 'fortinet_fortios'],
  hp_procurve: ['procurve'],
  hp_comware: ['comware', 'hp_comware'],
  huawei: ['vrp', 'community.network.ce'],
  aruba_os: ['aosw', 'community.network.aruba'],
  aruba_aoscx: ['aoscx', 'arubanetworks.aoscx.aoscx'],
  mikrotik_routeros: ['routeros', 'community.routeros.routeros'],
  ruckus_fastiron: ['ironware', 'community.network.ironware'],
  paloalto_panos: ['panos', 'paloalto_panos', 'paloaltonetworks.panos.panos'],
  nokia_sros: ['sros', 'community.network.sros', 'nokia_sros'],
  nokia_srl: ['srlinux', 'nokia.srlinux.srlinux', 'nokia_srlinux'],
  extreme_exos: ['exos', 'xos', 'community.network.exos'],
  extreme_slx: ['slxos', 'community.network.slxos'],
  extreme_nos: ['nos', 'community.network.nos'],
  extreme_vsp: ['voss', 'community.network.voss'],
  dlink_ds: ['dlink'],
  ubiquiti_edgerouter: ['edgeos', 'community.network.edgeos'],
  ubiquiti_edgeswitch: ['edgeswitch', 'community.network.edgeswitch'],
  cisco_wlc: ['aireos', 'community.network.aireos'],
  cisco_s300: ['ciscosmb', 'community.ciscosmb.ciscosmb'],
  juniper_screenos: ['screenos'],
  checkpoint_gaia: ['gaiaos'],
  ciena_saos: ['saos'],
  dell_powerconnect: ['powerconnect'],
  cumulus_linux: ['cumulus'],
  allied_telesis_awplus: ['awplus'],
  ipinfusion_ocnos: ['ocnos'],
  watchguard_fireware: ['fireware', 'firewareos'],
  brocade_fos: ['fos'],
};

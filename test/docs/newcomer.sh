#!/usr/bin/env bash
# `npm run newcomer`: what docs/start.md asks for, typed by somebody who has nothing: an empty directory, an empty home, an
# empty environment. Prints the seconds of each step, from the clone to the first sweep of the page's own Ansible inventory,
# whose addresses lead to simulated devices.
set -euo pipefail

origin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
if [[ ${NEWCOMER:-} != 1 ]]; then
  home=$(mktemp -d)
  trap 'rm -rf "$home"' EXIT
  (cd "$home" && env -i HOME="$home" NEWCOMER=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    bash "$origin/test/docs/newcomer.sh")
  exit
fi

begun=$(date +%s%N)
last=$begun
step() {
  local now
  now=$(date +%s%N)
  printf '%6.1f s  %s\n' "$(((now - last) / 100000000))e-1" "$1"
  last=$now
}
fleet=
trap '[[ -z $fleet ]] || kill "$fleet"' EXIT

git clone -q "$origin" netsweep
cd netsweep
step 'git clone'
npm start >demonstration.txt 2>&1 || { tail -40 demonstration.txt; exit 1; }
step 'npm start: the set-up, and the sweep of 240 simulated devices'
netsweep() { node "$HOME/netsweep/dist/coordinator/main.js" "$@"; }

# The devices that somebody has: their addresses lead to the fleet.
export LAB_PASSWORD=access123
mkdir -p -m 700 ~/.ssh ~/lab
printf '%s\n' "$LAB_PASSWORD" >~/lab/password
node dist/coordinator/main.js fleet --devices 5 --unprivileged 0 --password-file ~/lab/password --inventory ~/lab/fleet.csv >~/lab/fleet.log &
fleet=$!
until grep -q '^ready' ~/lab/fleet.log; do sleep 0.1; done
port=$(sed -n 's/^ready port=\([0-9]*\).*/\1/p' ~/lab/fleet.log)
export NETSWEEP_SET=port=$port
number=0
for host in 10.0.0.1 10.0.0.2 acc1.zrh acc2.zrh 10.0.1.99; do
  printf 'Host %s\n  HostName 127.1.0.%d\n' "$host" "$((++number))" >>~/.ssh/config
done
chmod 600 ~/.ssh/config ~/lab/password
cd ~/lab

begun=$((begun + $(date +%s%N) - last)) # the fleet is not the newcomer's work
last=$(date +%s%N)
shown() { awk -v open="\`\`\`$1" '$0 == open { on = 1; next } /^```/ { on = 0 } on' ~/netsweep/docs/start.md; }
mkdir -p inventory/host_vars
shown 'ini inventory/hosts' >inventory/hosts
shown 'yaml inventory/host_vars/acc3.zrh' >inventory/host_vars/acc3.zrh
netsweep inventory check -i inventory >check.txt
step 'netsweep inventory check -i inventory'
netsweep run -i inventory --check 'show version' >plan.txt
step "netsweep run -i inventory --check 'show version'"
netsweep run -i inventory --format table 'show version' >table.txt
step "netsweep run -i inventory --format table 'show version'"
[[ $(grep -c ' ok ' table.txt) == 5 ]] || { cat table.txt; exit 1; }
printf '%6.1f s  in all\n' "$(((last - begun) / 100000000))e-1"

#!/usr/bin/env bash
# Brings netsweep-agent to many hosts over SSH, several at once: installs it, has it join, starts it, and waits until the
# coordinator sees it. A second run changes only what is not as it should be: hosts that have joined are not enrolled again,
# and one with another version is drained first, no two of a segment at a time. README.md beside it tells more.
set -euo pipefail

usage() {
  cat <<'END'
usage: rollout.sh --package FILE [options] HOSTS

HOSTS: a file (or -) with a line for each host: [USER@]HOST[:PORT] SEGMENT[,SEGMENT] [NAME]
       NAME is what the agent is called; default: HOST

  --package FILE          netsweep-agent_VERSION_ARCH.deb or netsweep-agent-VERSION.tgz (npm run package)
  --check                 say what would be done on each host, and do nothing
  -n, --parallel N        hosts at once (default 10)
  --settings FILE         becomes /etc/netsweep/agent.env: NETSWEEP_ALLOW_TARGETS and the like, a line for each
  --certificate-life D    of those who join now (default: the coordinator's, 24h)
  --replace               enrol hosts again that have lost what they joined with, or joined as somebody else
  --wait SECONDS          for an agent to be there (default 120)
  --netsweep COMMAND      our command line (default "netsweep"; "sudo netsweep-admin" on the coordinator's host)
  --ssh-option OPTION     as ssh's -o; may be repeated
  --start COMMAND         instead of systemd: (re)starts the agent; then nothing needs root, and a .tgz goes to ~/.local

Exit code 0: every host is as it should be; 1: some are not; 2: bad usage, nothing was touched; 4: no coordinator.
END
}

refuse() { echo "rollout: $*" >&2; exit 2; }

package='' check=false parallel=10 settings='' life='' replace=false patience=120 netsweep=netsweep start='' hosts=''
ssh_options=(-o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=15)
while (($#)); do
  case $1 in
    --package) package=${2:?$1 FILE}; shift ;;
    --check) check=true ;;
    -n | --parallel) parallel=${2:?$1 N}; shift ;;
    --settings) settings=${2:?$1 FILE}; shift ;;
    --certificate-life) life=${2:?$1 DURATION}; shift ;;
    --replace) replace=true ;;
    --wait) patience=${2:?$1 SECONDS}; shift ;;
    --netsweep) netsweep=${2:?$1 COMMAND}; shift ;;
    --ssh-option) ssh_options+=(-o "${2:?$1 OPTION}"); shift ;;
    --start) start=${2:?$1 COMMAND}; shift ;;
    -h | --help) usage; exit 0 ;;
    -?*) refuse "unknown option $1 (--help)" ;;
    *) [[ -z $hosts ]] || refuse "HOSTS is given twice: $hosts and $1"; hosts=$1 ;;
  esac
  shift
done

# ---- What was given

[[ -n $hosts && -n $package ]] || { usage >&2; exit 2; }
[[ -r $package ]] || refuse "--package: there is no file $package"
[[ -z $settings || -r $settings ]] || refuse "--settings: there is no file $settings"
[[ $parallel =~ ^[1-9][0-9]{0,3}$ ]] || refuse "--parallel: found \"$parallel\", expected a number"
[[ $patience =~ ^[1-9][0-9]{0,4}$ ]] || refuse "--wait: found \"$patience\", expected seconds"
case $package in
  *.deb) version=$(dpkg-deb --field "$package" Version) || refuse "--package: $package is not a .deb" ;;
  *.tgz)
    version=$(tar -xOzf "$package" package/package.json 2>/dev/null | sed -n 's/^ *"version": *"\(.*\)".*/\1/p;T;q') || true
    [[ -n $version ]] || refuse "--package: $package is no package of npm"
    ;;
  *) refuse "--package: $package is neither a .deb nor a .tgz" ;;
esac
[[ $package != *.deb || -z $start ]] || refuse '--start: a .deb brings its service along; give a .tgz'
[[ -z $settings || -z $start ]] || refuse '--settings are for the service; say them in --start'
unit=$(dirname "${BASH_SOURCE[0]}")/../systemd/netsweep-agent.service
[[ $package == *.deb || -n $start || -r $unit ]] || refuse "the service is missing: $unit (or --start COMMAND)"

mapfile -t lines < <(sed 's/#.*//; s/[[:space:]]*$//; /^$/d' "${hosts/#-//dev/stdin}")
((${#lines[@]})) || refuse "$hosts names no host"
declare -A seen=()
for line in "${lines[@]}"; do
  read -r host segments name rest <<<"$line"
  bare=${host#*@}
  name=${name:-${bare%:*}}
  [[ -n $segments && -z $rest && $host =~ ^([A-Za-z0-9._-]+@)?[A-Za-z0-9._-]+(:[0-9]+)?$ && $name =~ ^[A-Za-z0-9._-]+$ ]] ||
    refuse "$hosts: found \"$line\", expected [USER@]HOST[:PORT] SEGMENT[,SEGMENT] [NAME]"
  [[ -z ${seen[$name]:-} ]] || refuse "$hosts: two agents are called $name: give one a NAME of its own"
  seen[$name]=1
done

# ---- What is known of agents, looked at by one for all hosts

folder=$(mktemp -d "${TMPDIR:-/tmp}/rollout.XXXXXX")
watcher=''
finish() {
  trap - EXIT
  [[ -z $watcher ]] || kill -- "-$watcher" 2>/dev/null || true
  # Connections that are shared end with us.
  local socket
  for socket in "$folder"/ssh.*; do
    [[ -S $socket ]] && ssh -o ControlPath="$socket" -O exit rollout 2>/dev/null
  done
  rm -rf "$folder"
}
trap finish EXIT
# Jobs have groups of their own, so that they end with all that they have started.
set -m
cut_off() {
  local job
  exec 2>/dev/null # bash would tell of each of them
  for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done
  exit 130
}
trap cut_off INT TERM HUP
# One login for each host; a long path can't be a socket's.
((${#folder} > 40)) || ssh_options+=(-o ControlMaster=auto -o "ControlPath=$folder/ssh.%C" -o ControlPersist=60)

ours() { $netsweep "$@"; } # several words, as in: sudo netsweep-admin

# NAME STATE VERSION SINCE, a line for each agent.
look() {
  ours agents list >"$folder/table" </dev/null &&
    awk 'NR > 1 { print $1, $2, $5, $8 "T" $9 }' "$folder/table" >"$folder/agents.new" &&
    mv "$folder/agents.new" "$folder/agents"
}
ours agents members >"$folder/members" </dev/null || { echo 'rollout: the coordinator does not answer (above)' >&2; exit 4; }
look || { echo 'rollout: the coordinator does not answer (above)' >&2; exit 4; }
is_enrolled() { awk -v name="$1" '$1 == name && $2 == "agent" && $NF == "-" { found = 1 } END { exit !found }' "$folder/members"; }
known() { awk -v name="$name" -v field="$1" '$1 == name { print $field; exit }' "$folder/agents"; }
state() { known 2; }
since() { known 4; }

# ---- On a host; what it runs there comes over stdin, so that it stands in no list of processes

on() { # on HOST COMMAND
  local port=()
  if [[ $1 == *:* ]]; then port=(-p "${1##*:}"); fi
  # shellcheck disable=SC2029
  ssh "${ssh_options[@]}" "${port[@]}" "${1%:*}" "$2"
}

# Runs there what comes on stdin, read to its end before any of it is run.
run_there() { { echo '{'; cat; printf '%s\n' 'exit' '} </dev/null'; } | on "$1" 'sh -s'; }

# Beginning of every script there. As a service everything is root's to do; otherwise the user's who logs in.
there() {
  if [[ -n $start ]]; then
    # shellcheck disable=SC2016
    echo 'as=; prefix=$HOME/.local/lib/netsweep-agent; bin=$HOME/.local/bin; identity=${XDG_STATE_HOME:-$HOME/.local/state}/netsweep-agent'
    # shellcheck disable=SC2016
    echo 'PATH=$bin:$PATH'
  else
    # shellcheck disable=SC2016
    echo 'as=; [ "$(id -u)" = 0 ] || as="sudo -n"; prefix=/opt/netsweep-agent; bin=/usr/local/bin; identity=/var/lib/netsweep-agent'
    # shellcheck disable=SC2016
    echo 'PATH=/usr/local/sbin:/usr/local/bin:$PATH:/usr/sbin:/sbin'
  fi
  echo 'export PATH; set -e'
}

# What is there: lines KEY VALUE.
probe() {
  there
  cat <<'END'
node=$(command -v node || command -v nodejs || true)
echo "node $([ -z "$node" ] || "$node" --version)"
[ -z "$as" ] || $as true 2>/dev/null || { echo "sudo no"; exit; }
echo "version $($as env PATH="$PATH" netsweep-agent --version 2>/dev/null || true)"
$as sed -n 's/^ *"name": *"\(.*\)".*/identity \1/p' "$identity/identity.json" 2>/dev/null || true
echo "settings $($as cat /etc/netsweep/agent.env 2>/dev/null | sha256sum | cut -c1-64)"
END
}

# FILE: the package, copied before.
install_deb() {
  there
  cat <<END
\$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --allow-downgrades \
  -o Dpkg::Options::=--force-confold "$1" >/dev/null
rm -f "$1"
END
}

install_tgz() {
  there
  cat <<END
\$as mkdir -p "\$prefix.new" "\$bin"
\$as tar -xzf "$1" -C "\$prefix.new" --strip-components=1 --no-same-owner
rm -f "$1"
\$as rm -rf "\$prefix.old"
[ ! -e "\$prefix" ] || \$as mv "\$prefix" "\$prefix.old"
\$as mv "\$prefix.new" "\$prefix"
\$as rm -rf "\$prefix.old"
\$as ln -sfn "\$prefix/bin/netsweep-agent.cjs" "\$bin/netsweep-agent"
END
  if [[ -n $start ]]; then return; fi
  cat <<'END'
getent passwd netsweep-agent >/dev/null ||
  $as useradd --system --user-group --home-dir "$identity" --no-create-home --shell /usr/sbin/nologin netsweep-agent
$as install -d -m 0700 -o netsweep-agent -g netsweep-agent "$identity"
END
  printf '%s\n' "\$as tee /etc/systemd/system/netsweep-agent.service >/dev/null <<'UNIT'"
  sed 's|^ExecStart=/usr/bin/|ExecStart=/usr/local/bin/|' "$unit"
  printf 'UNIT\n%s\n' "\$as systemctl daemon-reload"
}

# As the user that it will run as; the token is what comes on stdin after this.
join_there() {
  there
  if [[ -n $start ]]; then
    # shellcheck disable=SC2016
    echo 'exec netsweep-agent join - --dir "$identity"'
  elif [[ $package == *.deb ]]; then
    # shellcheck disable=SC2016
    echo 'exec $as netsweep-agent join -'
  else
    # shellcheck disable=SC2016
    echo 'exec $as setpriv --reuid=netsweep-agent --regid=netsweep-agent --init-groups env STATE_DIRECTORY="$identity" PATH="$PATH" netsweep-agent join -'
  fi
}

start_there() {
  there
  if [[ -n $start ]]; then
    printf '%s\n' "$start"
  else
    # shellcheck disable=SC2016
    echo '$as systemctl enable --quiet netsweep-agent && $as systemctl restart netsweep-agent'
  fi
}

set_there() {
  there
  printf '%s\n' "\$as mkdir -p /etc/netsweep && \$as tee /etc/netsweep/agent.env >/dev/null <<'SETTINGS'"
  cat "$settings"
  echo SETTINGS
}

# ---- One host, from what is there to an agent that is seen

copy() {
  local host=$1 file
  file=/tmp/rollout.$$.$RANDOM$RANDOM.${package##*.}
  on "$host" "umask 077; set -C; cat >$file && sha256sum <$file" <"$package" | cut -c1-64 >"$folder/$name.sum"
  [[ $(<"$folder/$name.sum") == $(sha256sum <"$package" | cut -c1-64) ]] || fail 'the package did not arrive whole'
  echo "$file"
}

fail() { echo "$*" >&2; exit 1; }

wait_for_it() { # until an agent is there that is not the one that was
  local before=$1 until=$((SECONDS + patience))
  while ((SECONDS < until)); do
    if [[ $(state) == present && $(known 3) == "$version" && $(since) != "$before" ]]; then return; fi
    sleep 1
  done
  fail "it was started, but the coordinator has not seen it for $patience s (on the host: journalctl -u netsweep-agent)"
}

# Nobody serves a segment whose agents all drain.
one_of_each_segment() {
  local segment turn
  for segment in $(tr , '\n' <<<"$segments" | sort -u); do
    exec {turn}>"$folder/turn.$segment"
    flock "$turn"
  done
}

# Prints what was done; what is wrong goes to stderr, with a status other than 0.
roll() {
  local host=$1 found node there_now identity before file did=()
  found=$(probe | run_there "$host")
  node=$(awk '$1 == "node" { print $2 }' <<<"$found")
  there_now=$(awk '$1 == "version" { print $2 }' <<<"$found")
  identity=$(awk '$1 == "identity" { print $2 }' <<<"$found")
  [[ $found != *'sudo no'* ]] || fail 'it takes root, or sudo without a password (or --start COMMAND)'
  [[ -n $node ]] || fail 'there is no Node on PATH: it takes 20.19 or newer'
  [[ $(printf '%s\n' v20.19.0 "$node" | sort -V | head -n 1) == v20.19.0 ]] || fail "it takes Node 20.19 or newer, found $node"
  if [[ -z $identity ]] && is_enrolled "$name"; then
    $replace || fail "$name is enrolled, but what it joined with is not on this host (--replace enrols it again)"
  elif [[ -n $identity && $identity != "$name" ]]; then
    $replace || fail "it has joined as $identity, not as $name (--replace enrols it again)"
    identity=''
  elif [[ -n $identity ]] && ! is_enrolled "$name"; then
    $replace || fail "what it joined with is unknown here or revoked (--replace enrols it again)"
    identity=''
  fi
  if [[ -n $settings && $(awk '$1 == "settings" { print $2 }' <<<"$found") != $(sha256sum <"$settings" | cut -c1-64) ]]; then
    did+=('settings')
  fi
  if [[ $there_now == "$version" && -n $identity && $(state) == present && ${#did[@]} == 0 ]]; then
    echo "is there with $version"
    return
  fi
  if $check; then
    [[ $(state) != present ]] || did+=(drain)
    [[ $there_now == "$version" ]] || did+=("install $version${there_now:+ over $there_now}")
    [[ -n $identity ]] || did+=("enrol as $name for $segments")
    listed would "${did[@]}" start
    return
  fi

  if [[ $(state) == present || $(state) == draining ]]; then
    one_of_each_segment
    # Left as it was where something fails on the way.
    trap 'ours agents undrain "$name" >&2 </dev/null' EXIT
    ours agents drain "$name" --wait >&2 </dev/null
    did+=(drain)
  fi
  if [[ $there_now != "$version" ]]; then
    file=$(copy "$host")
    "install_${package##*.}" "$file" | run_there "$host" >&2
    did+=("install $version")
  fi
  if [[ ${did[0]:-} == settings ]]; then set_there | run_there "$host" >&2; fi
  if [[ -z $identity ]]; then
    local words=(enroll "$name" --segment "$segments" --expires 10m)
    [[ -z $life ]] || words+=(--certificate-life "$life")
    if $replace; then words+=(--replace); fi
    # From the one program to the other: the token is no word of a process and in no file.
    ours "${words[@]}" </dev/null | on "$host" "exec sh -c '$(join_there)'" >&2
    did+=("enrol as $name for $segments")
  fi
  before=$(since)
  start_there | run_there "$host" >&2
  trap - EXIT
  wait_for_it "$before"
  listed did "${did[@]}" start
}

listed() { # WORD THING...: WORD: THING, THING
  printf '%s: %s' "$1" "$2"
  shift 2
  if (($#)); then printf ', %s' "$@"; fi
  echo
}

report() {
  local host=$1 status
  set +e # and on again where it is not asked whether it failed
  (set -e; roll "$host") >"$folder/$name.out" 2>"$folder/$name.err"
  status=$?
  if ((status == 0)); then
    echo "$host $name ok: $(<"$folder/$name.out")"
  else
    # The last thing that was said is why; ssh and apt say much before.
    echo "$host $name failed: $(tr -d '\000-\010\013-\037\177' <"$folder/$name.err" | sed '/^[[:space:]]*$/d' | tail -n 1)"
    echo "$name" >>"$folder/failed"
  fi
}

while sleep 1; do look 2>/dev/null || true; done &
watcher=$!
disown "$watcher"
running=0
for line in "${lines[@]}"; do
  read -r host segments name <<<"$line"
  bare=${host#*@}
  name=${name:-${bare%:*}}
  if ((running >= parallel)); then wait -n || true; running=$((running - 1)); fi
  report "$host" &
  running=$((running + 1))
done
while ((running-- > 0)); do wait -n || true; done
if [[ -e $folder/failed ]]; then
  echo "rollout: $(wc -l <"$folder/failed") of ${#lines[@]} hosts failed" >&2
  exit 1
fi

#!/usr/bin/env bash
# Makes a checkout ready to run: packages, build, ssh2's native binding, a nats-server; with --for-tests also
# a real sshd and a real FRR. Everything goes into node_modules/, dist/ and .cache/; the system stays as it is.
# Says one line on stderr per thing done and nothing when nothing is to do.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
cache=$root/.cache
debian=$cache/debian

for_tests=false
for arg in "$@"; do
  case $arg in
    --for-tests) for_tests=true ;;
    *) echo "usage: deploy/setup.sh [--for-tests]" >&2; exit 2 ;;
  esac
done

say() { echo "set-up: $*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command with its output kept back, to be shown only if it fails.
quietly() {
  local log status=0
  log=$(mktemp "$cache/log.XXXXXX")
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if ((status)); then tail -n 40 "$log" >&2; fi
  rm -f "$log"
  return "$status"
}

# ---- What must be there

require_programs() {
  local missing=()
  if ! has node; then
    missing+=("Node 20.19 or newer (https://nodejs.org, or your distribution's nodejs from NodeSource)")
  elif ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
    missing+=("Node 20.19 or newer, found $(node -v) (https://nodejs.org)")
  fi
  has npm || missing+=("npm (comes with Node from https://nodejs.org; on Debian: apt-get install npm)")
  has git || missing+=("git (apt-get install git)")
  ((${#missing[@]} == 0)) && return
  for item in "${missing[@]}"; do say "missing: $item"; done
  exit 1
}

# ---- npm packages and the build

hash_of() { sha256sum "$@" | sha256sum | cut -c1-64; }
stamped() { [[ -f $cache/$1 && $(<"$cache/$1") == "$2" ]]; }
stamp() { printf '%s\n' "$2" >"$cache/$1.new.$$" && mv "$cache/$1.new.$$" "$cache/$1"; }

# npm writes node_modules/.package-lock.json last, so a half-finished install is never taken for a whole one.
install_packages() {
  local lock hidden=node_modules/.package-lock.json
  lock=$(hash_of package-lock.json)
  if [[ -f $hidden && -x node_modules/.bin/tsc ]]; then
    if stamped packages "$lock"; then return; fi
    if [[ $hidden -nt package-lock.json ]]; then stamp packages "$lock"; return; fi
  fi
  quietly npm ci --include=dev --no-audit --no-fund --loglevel=error ||
    fail "npm ci failed (above). It needs the npm registry: see 'npm config get registry' and 'npm config get proxy'."
  stamp packages "$lock"
  say "installed npm packages from package-lock.json"
}

# By content, so that a deleted file or a checkout of an older commit counts as a change too.
sources_hash() {
  find proto coordinator agent deploy/bundle -path proto/gen -prune -o -type f -print0 | sort -z |
    xargs -0 sha256sum package-lock.json package.json tsconfig.json buf.yaml buf.gen.yaml | sha256sum | cut -c1-64
}

# The stamp names the very dist/ it was made for: a build by hand replaces the directory.
build() {
  local sources
  sources=$(sources_hash)
  if [[ -f dist/coordinator/main.js ]] && stamped built "$sources $(stat -c %i dist)"; then return; fi
  quietly npm run --loglevel=error build || fail "npm run build failed (above)"
  stamp built "$sources $(stat -c %i dist)"
  say "built dist/"
}

# ---- ssh2's native binding

# Prints the directory that holds include/node of exactly this Node, if there is one.
node_headers() {
  local abi dir
  abi=$(node -p process.versions.modules)
  for dir in "${npm_config_nodedir:-}" "$(npm config get nodedir 2>/dev/null || true)" \
    "$(node -p 'path.dirname(path.dirname(process.execPath))')" /usr; do
    [[ -n $dir && -f $dir/include/node/node_version.h ]] || continue
    if grep -Eq "define NODE_MODULE_VERSION +$abi\$" "$dir/include/node/node_version.h"; then
      echo "$dir"
      return
    fi
  done
}

# Really in use: ssh2 falls back in silence, so ask it for a cipher and see which class comes.
binding_in_use() {
  node -e '
    const ssh = require("ssh2/lib/protocol/crypto.js");
    const outbound = { seqno: 0, onWrite() {}, cipherInfo: ssh.CIPHER_INFO["aes128-gcm@openssh.com"],
      cipherKey: Buffer.alloc(16), cipherIV: Buffer.alloc(12) };
    ssh.init.then(() => process.exit(ssh.createCipher({ outbound }).constructor.name === "AESGCMCipherBinding" ? 0 : 1));
  ' >/dev/null 2>&1
}

build_binding() {
  local dir=node_modules/ssh2/lib/protocol/crypto tools='' tool headers gyp
  local built=$dir/build/Release/sshcrypto.node without='ssh2 runs without it (25-30 % more CPU per device)'
  for tool in make g++ python3; do has "$tool" && tools+=" $tool"; done
  local state
  state="$(node -p 'process.version + process.arch + process.execPath')$tools"
  if stamped ssh2-binding "$state with" && [[ -f $built ]]; then return; fi
  if stamped ssh2-binding "$state without"; then return; fi

  if ! { [[ -f $built ]] && binding_in_use; }; then
    headers=$(node_headers)
    gyp=$(dirname "$(readlink -f "$(command -v npm)")")/../node_modules/node-gyp/bin/node-gyp.js
    if [[ -z $headers ]]; then
      say "no headers of this Node found, so no native binding: $without"
      stamp ssh2-binding "$state without"
      return
    fi
    if [[ $tools != ' make g++ python3' || ! -f $gyp ]]; then
      say "no native binding, it takes make, g++ and python3 to build (apt-get install make g++ python3): $without"
      stamp ssh2-binding "$state without"
      return
    fi
    (cd "$dir" && quietly node "$gyp" rebuild --nodedir="$headers" \
      "--real_openssl_major=$(node -p 'parseInt(process.versions.openssl)')") || true
    if ! binding_in_use; then
      say "the native binding did not build: $without"
      stamp ssh2-binding "$state without"
      return
    fi
  fi
  stamp ssh2-binding "$state with"
  say "built ssh2's native binding; it is in use"
}

# ---- Programs from Debian's packages, unpacked without root and without installing anything

# Fetches .deb files into the current directory; with the system's package lists or, where those are
# empty or out of date, with lists of our own, dropped at the end of the set-up.
fetch_debs() {
  if apt-get -qq -o APT::Sandbox::User=root download "$@" >/dev/null 2>&1 </dev/null; then return; fi
  local own=(-qq -o "Dir::State::lists=$cache/apt/lists" -o "Dir::Cache=$cache/apt/cache" -o APT::Sandbox::User=root)
  if [[ ! -d $cache/apt ]]; then
    mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
    apt-get "${own[@]}" update >/dev/null 2>&1 </dev/null || true
  fi
  quietly apt-get "${own[@]}" download "$@"
}

# Unpacks packages into .cache/debian.
unpack() {
  has apt-get && has dpkg-deb || return 1
  local dir
  dir=$(mktemp -d "$cache/debs.XXXXXX")
  if ! (cd "$dir" && fetch_debs "$@"); then rm -rf "$dir"; return 1; fi
  mkdir -p "$debian"
  for deb in "$dir"/*.deb; do
    dpkg-deb -x "$deb" "$debian" || return 1
    say "unpacked $(dpkg-deb -f "$deb" Package) $(dpkg-deb -f "$deb" Version) from $(. /etc/os-release && echo "${NAME:-the distribution}")"
  done
  rm -rf "$dir"
}

# Points .cache/bin/NAME at a program; says nothing when it does already.
link() {
  [[ -L $cache/bin/$1 && $(readlink "$cache/bin/$1") == "$2" ]] || ln -sfn "$2" "$cache/bin/$1"
}

# 2.9.4 brought the pull API that netsweep speaks.
recent_nats() {
  local version
  version=$("$1" --version 2>/dev/null | grep -Eo '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1) || return 1
  [[ $(printf '%s\n' 2.9.4 "$version" | sort -V | head -n 1) == 2.9.4 ]]
}

install_nats() {
  local found known=''
  if [[ -n ${NETSWEEP_NATS_SERVER:-} ]]; then
    found=$(command -v "$NETSWEEP_NATS_SERVER") || fail "NETSWEEP_NATS_SERVER=$NETSWEEP_NATS_SERVER is not a program"
    recent_nats "$found" || fail "NETSWEEP_NATS_SERVER=$NETSWEEP_NATS_SERVER is not a nats-server of 2.9.4 or newer"
    link nats-server "$(realpath "$found")"
    return
  fi
  if [[ -x $cache/bin/nats-server ]]; then known=$(readlink "$cache/bin/nats-server"); fi
  for found in "$(command -v nats-server || true)" /usr/local/sbin/nats-server /usr/sbin/nats-server \
    "$debian/usr/sbin/nats-server"; do
    [[ -x $found ]] || continue
    found=$(realpath "$found")
    [[ $found == "$known" || ../debian/usr/sbin/nats-server == "$known" && $found == "$debian"/* ]] && return
    recent_nats "$found" || continue
    if [[ $found == "$debian"/* ]]; then found=../debian/usr/sbin/nats-server; fi
    link nats-server "$found"
    return
  done
  unpack nats-server && recent_nats "$debian/usr/sbin/nats-server" ||
    fail "nats-server is missing: put one of 2.9.4 or newer on PATH or name it in NETSWEEP_NATS_SERVER (https://nats.io/download, or Debian's package nats-server)"
  link nats-server ../debian/usr/sbin/nats-server
}

# ---- What only the tests need

# What a program unpacked here still lacks; Debian names the package of libfoo.so.1 libfoo1, of libfoo2.so.1 libfoo2-1.
missing_libraries() {
  LD_LIBRARY_PATH=$library_path ldd "$1" 2>/dev/null | awk '/not found/ { print $1 }' | sort -u
}
package_of() {
  sed -E 's/([0-9])\.so\.([0-9]+).*/\1-\2/; s/\.so\.([0-9]+).*/\1/; s/_/-/g' <<<"$1" | tr '[:upper:]' '[:lower:]'
}

unpack_libraries() {
  local library round
  for round in 1 2 3 4; do
    local lacking=()
    while read -r library; do lacking+=("$(package_of "$library")"); done < <(missing_libraries "$1")
    ((${#lacking[@]} == 0)) && return
    unpack "${lacking[@]}" || return 1
  done
  [[ -z $(missing_libraries "$1") ]]
}

# A script in .cache/bin that runs an unpacked program with the libraries unpacked beside it. It finds them
# from its own place, so the checkout may be moved, or mounted somewhere else.
wrap() {
  local script=$cache/bin/$1
  cat >"$script.new.$$" <<END
#!/bin/sh
top=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/debian
export LD_LIBRARY_PATH="${library_path//$debian/\$top}"
[ -n "\$OPENSSL_CONF" ] || [ ! -f "\$top/etc/ssl/openssl.cnf" ] || export OPENSSL_CONF="\$top/etc/ssl/openssl.cnf"
exec "\$top/$2" "\$@"
END
  chmod 755 "$script.new.$$"
  mv "$script.new.$$" "$script"
}

# install_program NAME PACKAGE PATH: the system's own program if there is one, else the package's, unpacked.
install_program() {
  local name=$1 package=$2 path=$3 own dir
  if [[ -f $cache/bin/$name && ! -L $cache/bin/$name && -x $debian/$path ]]; then return; fi
  for dir in "/${path%/*}" /usr/sbin /usr/bin /sbin /bin; do
    own=$dir/$name
    if [[ -x $own ]]; then link "$name" "$own"; return; fi
  done
  if { [[ -x $debian/$path ]] || unpack "$package"; } && unpack_libraries "$debian/$path"; then
    wrap "$name" "$path"
  else
    say "missing: $name (apt-get install $package); tests that need it are skipped"
  fi
}

install_test_programs() {
  local triplet
  triplet=$(uname -m)-linux-gnu
  library_path=$debian/usr/lib/$triplet:$debian/lib/$triplet:$debian/usr/lib/$triplet/frr
  install_program sshd openssh-server usr/sbin/sshd
  install_program zebra frr usr/lib/frr/zebra
  install_program staticd frr usr/lib/frr/staticd
  install_program vtysh frr usr/bin/vtysh
  install_program ssh openssh-client usr/bin/ssh
  install_program ssh-keygen openssh-client usr/bin/ssh-keygen
  install_program ssh-keyscan openssh-client usr/bin/ssh-keyscan
  install_program jq jq usr/bin/jq
  install_program openssl openssl usr/bin/openssl
  install_program ip iproute2 bin/ip
  install_program nft nftables usr/sbin/nft
}

main() {
  require_programs
  mkdir -p "$cache/bin" 2>/dev/null && [[ -w $cache && -w $root ]] ||
    fail "$root can't be written to by $(id -un 2>/dev/null || id -u): run as the owner of the checkout"
  if has flock; then
    exec 9>"$cache/lock"
    flock -n 9 || { say "waiting for another set-up of this checkout"; flock 9; }
  fi
  rm -rf "$cache/apt" "$cache"/debs.* "$cache"/log.*
  install_packages
  build_binding
  install_nats
  if $for_tests; then install_test_programs; fi
  rm -rf "$cache/apt"
  build
}

main

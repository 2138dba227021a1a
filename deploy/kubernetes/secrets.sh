#!/usr/bin/env bash
# Makes the Secrets that can't stand in a manifest, out of the coordinator that runs in the cluster. Nothing is written to
# a disk on the way.
#   secrets.sh nats            configurations and keys of the NATS servers, as the coordinator has made them
#   secrets.sh join dc1 2      join tokens for the agents dc1-0 and dc1-1 of segment dc1, good for an hour and for one use
#   secrets.sh forget dc1      what is left of the tokens, once everybody has joined
set -euo pipefail

namespace=netsweep

inside() { kubectl --namespace "$namespace" exec coordinator-0 --container coordinator -- "$@"; }
entry() { printf '  %s: %s\n' "$1" "$(base64 -w 0)"; }
secret() { printf 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  namespace: %s\ndata:\n' "$1" "$namespace"; }

# Taken away first: `apply` would leave its contents in an annotation as well.
forget() { kubectl --namespace "$namespace" delete secret "$1" --ignore-not-found >/dev/null; }

keep() {
  local manifest
  manifest=$(cat)
  forget "$1"
  kubectl --namespace "$namespace" create --filename - <<<"$manifest"
}

nats() {
  local servers=/var/lib/netsweep/serve/nats/servers name
  secret nats-servers
  inside cat "$servers/nats-1/ca.crt" | entry ca.crt
  for name in nats-1 nats-2 nats-3; do
    inside cat "$servers/$name/nats-server.conf" | entry "$name.conf"
    inside cat "$servers/$name/tls.crt" | entry "$name.crt"
    inside cat "$servers/$name/tls.key" | entry "$name.key"
  done
}

join() {
  local segment=$1 agents=$2 at
  secret "join-$segment"
  for ((at = 0; at < agents; at++)); do
    inside netsweep enroll "$segment-$at" --segment "$segment" ${REPLACE:+--replace} | entry "$segment-$at"
  done
}

case ${1:-} in
  nats) made=$(nats) && keep nats-servers <<<"$made" ;;
  join) made=$(join "${2:?the segment}" "${3:?how many agents}") && keep "join-$2" <<<"$made" ;;
  forget) forget "join-${2:?the segment}" ;;
  *) sed -n 's/^# \{0,1\}//; 2,6p' "$0" >&2; exit 2 ;;
esac

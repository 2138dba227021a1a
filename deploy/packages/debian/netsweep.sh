#!/bin/sh
# netsweep, by the Node that NETSWEEP_NODE names or PATH finds.
set -e

node=${NETSWEEP_NODE:-$(command -v node || command -v nodejs || true)}
if [ -z "$node" ]; then
  echo 'netsweep: it takes Node 20.19 or newer, and there is none on PATH (name one in NETSWEEP_NODE)' >&2
  exit 2
fi
exec "$node" /usr/lib/netsweep/bin/netsweep.cjs "$@"

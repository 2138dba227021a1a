#!/bin/sh
# Takes over a folder of a server that `netsweep serve --init` has made (STATE/serve/nats/servers/NAME) for netsweep-nats.service.
set -e

state=/var/lib/netsweep-nats
if [ "$#" != 1 ] || [ ! -f "$1/nats-server.conf" ]; then
  echo 'usage: netsweep-nats-install FOLDER    (one of STATE/serve/nats/servers, with its nats-server.conf)' >&2
  exit 2
fi
if [ "$(id -u)" != 0 ]; then
  echo 'netsweep-nats-install: only root gives files to netsweep-nats' >&2
  exit 4
fi
from=$(realpath "$1")
for file in nats-server.conf ca.crt tls.crt tls.key; do
  install -m 0600 -o netsweep-nats -g netsweep-nats "$from/$file" "$state/$file"
done
# A server alone is configured for the place where its folder was made.
sed -i "s|$from|$state|g" "$state/nats-server.conf"
chown netsweep-nats:netsweep-nats "$state/nats-server.conf"

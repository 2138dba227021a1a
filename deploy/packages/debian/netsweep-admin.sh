#!/bin/sh
# netsweep as the user of the service on this host, and on the service's state: netsweep-admin enroll dc1-a --segment dc1
set -e

if [ "$(id -u)" != 0 ]; then
  echo 'netsweep-admin: only root becomes the user of the service (sudo netsweep-admin ...)' >&2
  exit 4
fi
export NETSWEEP_STATE=/var/lib/netsweep HOME=/var/lib/netsweep
cd /var/lib/netsweep
exec setpriv --reuid=netsweep --regid=netsweep --init-groups -- /usr/bin/netsweep "$@"

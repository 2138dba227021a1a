#!/bin/sh
# netsweep-agent, by the Node that NETSWEEP_NODE names or PATH finds. Who joins as root joins for the service.
set -e

node=${NETSWEEP_NODE:-$(command -v node || command -v nodejs || true)}
if [ -z "$node" ]; then
  echo 'netsweep-agent: it takes Node 20.19 or newer, and there is none on PATH (name one in NETSWEEP_NODE)' >&2
  exit 2
fi
program=/usr/lib/netsweep-agent/bin/netsweep-agent.cjs

if [ "$1" = join ] && [ "$(id -u)" = 0 ]; then
  case " $* " in
    *' --dir'[\ =]*) ;;
    *)
      export STATE_DIRECTORY=/var/lib/netsweep-agent
      cd /
      exec setpriv --reuid=netsweep-agent --regid=netsweep-agent --init-groups -- "$node" "$program" "$@"
      ;;
  esac
fi
exec "$node" "$program" "$@"

#!/usr/bin/env bash
# `npm start`: the set-up, then the demonstration; `npm start -- ARGS`: the set-up, then `netsweep run ARGS`
# in the caller's directory.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
bash "$root/deploy/setup.sh"
cd "${INIT_CWD:-$PWD}"
if (($# == 0)); then exec node "$root/dist/coordinator/main.js" demo; fi
exec node "$root/dist/coordinator/main.js" run "$@"

#!/usr/bin/env bash
# `npm run defects [-- NAME...]`: which of the seeded defects the tests notice; words choose some by list or name.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
DEFECTS=$(printf '%s\n' "$@") exec node node_modules/vitest/vitest.mjs run --config test/defects.config.ts

#!/usr/bin/env bash
# `npm test [-- FILES]`: the set-up, then the test suite. The last line is the count, taken from the runner's
# own report: `N passed, N failed`, with `, N skipped` if any were. Before it stands what passed at a second try only.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
if ! bash deploy/setup.sh --for-tests; then
  echo "the set-up failed, no test was run" >&2
  echo "0 passed, 1 failed"
  exit 1
fi

report=$(mktemp)
trap 'rm -f "$report"' EXIT
status=0
# A test that has started a coordinator or an agent has one more try, so that one chance in thousands does not hide what
# the others say. Its failure says what these programs said last (test/around.ts), and by that it is known.
whole='\n--- (netsweep run |.*/dist/(coordinator|agent)/main\.js )'
retries=(--retry.count=1 --retry.condition="$whole")
reporters=(--reporter=default --reporter=json --outputFile.json="$report")
# What draws lots draws the same each time, so that a failure is the change's. Other seeds: SEED=n and the like, or vitest itself.
export SEED="${SEED-7}" NETSWEEP_TEST_SEED="${NETSWEEP_TEST_SEED-7}" SIM_SEED="${SIM_SEED-7}"
# Node reads all authorities that it knows at each start once it is named one more: 40 ms of CPU, thousands of times.
export NODE_EXTRA_CA_CERTS=
node node_modules/vitest/vitest.mjs run "${retries[@]}" "${reporters[@]}" "$@" || status=$?

node deploy/testreport.mjs "$report" "$status"

#!/usr/bin/env bash
# `npm test [-- FILES]`: the set-up, then the test suite. The last line is the count, taken from the runner's
# own report: `N passed, N failed`, with `, N skipped` if any were.
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
node node_modules/vitest/vitest.mjs run --reporter=default --reporter=json --outputFile.json="$report" "$@" || status=$?

# A file that can't even be loaded has no tests of its own, and an error outside of any test fails the run
# without failing a test: both count as one failure.
node - "$report" "$status" <<'END'
const [report, status] = [process.argv[2], Number(process.argv[3])];
let run = { testResults: [] };
try {
  run = JSON.parse(require('node:fs').readFileSync(report, 'utf8'));
} catch (error) {
  console.error(`no report from the test runner: ${error.message}`);
}
const tests = run.testResults.flatMap((file) => file.assertionResults.map((test) => test.status));
const count = (...wanted) => tests.filter((found) => wanted.includes(found)).length;
const passed = count('passed');
const skipped = count('skipped', 'pending', 'todo', 'disabled');
let failed = tests.length - passed - skipped;
for (const file of run.testResults) {
  if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) failed += 1;
}
if (failed === 0 && (status !== 0 || tests.length === 0)) {
  console.error(`the run failed outside of any test (exit ${status}, ${tests.length} tests)`);
  failed = 1;
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? status || 1 : 0;
END

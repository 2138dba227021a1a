// What deploy/test.sh says of a run in the end, from the runner's own report: `node deploy/testreport.mjs REPORT EXIT`.
// The last line is `N passed, N failed`, with `, N skipped` if any were. Ends with 0 if nothing failed.
import { readFileSync } from 'node:fs';

const [report, exit] = [process.argv[2], Number(process.argv[3])];
let run = { testResults: [] };
try {
  run = JSON.parse(readFileSync(report, 'utf8'));
} catch (error) {
  console.error(`no report from the test runner: ${error.message}`);
}
const tests = run.testResults.flatMap((file) => file.assertionResults);
const count = (...wanted) => tests.filter(({ status }) => wanted.includes(status)).length;
const passed = count('passed');
const skipped = count('skipped', 'pending', 'todo', 'disabled');

// Passed at the second try only: not a failure, and not well either.
for (const { fullName, status, failureMessages } of tests)
  if (status === 'passed' && failureMessages?.length > 0)
    console.log(`flaky: ${fullName}\n${failureMessages[0].replace(/^/gm, '  ')}`);

// A file that can't even be loaded has no tests of its own, and an error outside of any test fails the run
// without failing a test: both count as one failure.
let failed = tests.length - passed - skipped;
for (const file of run.testResults)
  if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'))
    failed += 1;
if (failed === 0 && (exit !== 0 || tests.length === 0)) {
  console.error(`the run failed outside of any test (exit ${exit}, ${tests.length} tests)`);
  failed = 1;
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? exit || 1 : 0;

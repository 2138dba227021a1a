// The last words of `npm test`.
import { expect, test } from 'vitest';
import { Place } from '../place.ts';
import { root, run } from '../process.ts';

async function told(assertionResults: object[], exit = 0) {
  await using place = await Place.open();
  const status = exit === 0 ? 'passed' : 'failed';
  const file = await place.write(
    'report.json',
    JSON.stringify({ testResults: [{ status, assertionResults }] }),
  );
  return await run(process.execPath, [`${root}/deploy/testreport.mjs`, file, String(exit)]);
}

const well = { fullName: 'it is well', status: 'passed', failureMessages: [] };

test('the report ends with the count, and names before it what passed at a second try only, with its first error', async () => {
  const flaky = {
    fullName: 'it goes on',
    status: 'passed',
    failureMessages: ['Error: late\n    at x', 'more'],
  };
  const skipped = { fullName: 'it has no root', status: 'pending', failureMessages: [] };
  expect(await told([well, flaky, skipped])).toMatchObject({
    status: 0,
    stdout: 'flaky: it goes on\n  Error: late\n      at x\n2 passed, 0 failed, 1 skipped\n',
  });
});

test('what failed at both tries is a failure', async () => {
  const twice = { fullName: 'it ends', status: 'failed', failureMessages: ['Error: 1', 'Error: 2'] };
  expect(await told([well, twice], 1)).toMatchObject({ status: 1, stdout: '1 passed, 1 failed\n' });
});

test('a run that failed outside of any test, or says nothing, has failed', async () => {
  expect(await told([well], 3)).toMatchObject({ status: 3, stdout: '1 passed, 1 failed\n' });
  const silent = await run(process.execPath, [`${root}/deploy/testreport.mjs`, '/nowhere', '0']);
  expect(silent).toMatchObject({ status: 1, stdout: '0 passed, 1 failed\n' });
});

// How errors of the system become failures.
import { expect, test } from 'vitest';
import { connectFailure } from '../../agent/failure.js';
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';

test.each([
  ['ENOTFOUND', Kind.RESOLVE, Stage.RESOLVE],
  ['ECONNREFUSED', Kind.REFUSED, Stage.CONNECT],
  ['EHOSTUNREACH', Kind.UNREACHABLE, Stage.CONNECT],
  ['ETIMEDOUT', Kind.UNREACHABLE, Stage.CONNECT],
  // Accepted and reset: the same device must not be unreachable at one time and disconnected at another.
  ['ECONNRESET', Kind.DISCONNECTED, Stage.CONNECT],
])('a socket that fails with %s before it connects is %s', (code, kind, stage) => {
  const failure = connectFailure(Object.assign(new Error(code), { code }), 'h:22');
  expect(failure).toMatchObject({ kind, stage });
});

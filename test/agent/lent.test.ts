import { expect, test } from 'vitest';
import { Lent } from '../../agent/lent.ts';
import { SecretUse } from '../../proto/gen/netsweep/v1/session.ts';

test('leave that came with a host key is for one login at the device itself, and for no other secret', () => {
  const lent = new Lent();
  lent.came({ mayLogIn: false });
  expect(lent.use(SecretUse.LOGIN, 0)).toBe(false);
  lent.came({ mayLogIn: true });
  lent.came({ mayLogIn: false });
  expect(lent.use(SecretUse.LOGIN, 1)).toBe(false);
  expect(lent.use(SecretUse.ENABLE, 0)).toBe(false);
  expect(lent.use(SecretUse.CHANNEL, 0)).toBe(false);
  expect(lent.use(SecretUse.LOGIN, 0)).toBe(true);
  expect(lent.use(SecretUse.LOGIN, 0)).toBe(false);
});

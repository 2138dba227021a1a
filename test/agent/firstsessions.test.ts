// What is done in ssh2's place is put there by the first session of a process, while others are under way.
import { expect, test } from 'vitest';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { attempt, ios, ScriptedDevice } from './device.js';

test('sessions that a process begins with, all at once, each have one key exchange that ends well', async () => {
  await using device = await ScriptedDevice.start({ shell: ios({ 'show version': 'one\r\n' }) });
  const got = await Promise.all(Array.from({ length: 8 }, () => attempt(device.port)));
  expect(got.map(({ status, failure }) => failure?.message ?? status)).toEqual(got.map(() => Status.OK));
});

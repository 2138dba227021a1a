import { expect, test } from 'vitest';
import { overhear, overheard } from '../lastwords.ts';

test('what programs said last is told with the failure of the test that started them, and of no other', async () => {
  const long = Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n');
  const [one, two] = await Promise.all(
    ['one', 'two'].map((name) =>
      overheard(async () => {
        await Promise.resolve();
        overhear({ name, said: () => `${long}\n${name} is ready\n` });
      }),
    ),
  );
  expect(one?.()).toMatch(/^load [\d.,]+\n--- one\nline 76\n/);
  expect(one?.()).toMatch(/\none is ready$/);
  expect(two?.()).not.toContain('one');
});

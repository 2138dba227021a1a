// Around every test: its failure comes with what its programs said last.
import { aroundEach } from 'vitest';
import { overheard } from './lastwords.ts';

aroundEach(async (runTest, { task }) => {
  const before = task.result?.errors?.length ?? 0; // of an earlier try
  const tell = await overheard(runTest);
  const error = task.result?.errors?.at(-1);
  if (error === undefined || task.result?.errors?.length === before) return;
  const told = `\n\n${tell()}\n`;
  error.message += told;
  error.stack = `${error.stack ?? ''}${told}`;
});

// A command of netsweep on a terminal of some size, and what it wrote there.
import type { Place } from '../place.ts';
import { root, run } from '../process.ts';

export interface Recording {
  bytes: string;
  code: number | null;
}

export async function record(
  place: Place,
  args: string[],
  { columns, rows, env = {} }: { columns: number; rows: number; env?: NodeJS.ProcessEnv },
): Promise<Recording> {
  const words = [process.execPath, `${root}/dist/coordinator/main.js`, ...args].map((word) => `'${word}'`);
  const { stdout, status } = await run(
    'script',
    ['-qec', `stty cols ${columns} rows ${rows}; exec ${words.join(' ')}`, '/dev/null'],
    { cwd: place.folder, env: { ...place.environment(), TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env } },
  );
  return { bytes: stdout, code: status };
}

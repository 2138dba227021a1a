// The words of the command line before they are split into options. `--map` alone is about JSON; with columns behind it,
// as Oxidized's configuration maps them, it is about a router.db.
import { isColumns } from '../inventory/routercolumns.js';

export function wordsOf(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.flatMap((word, index) => {
    if (end !== -1 && index > end) return [word];
    const next = argv[index + 1];
    if (word === '--map' && next !== undefined && isColumns(next)) return ['--columns'];
    return [word.replace(/^--map=(?=.)/, '--columns=')];
  });
}

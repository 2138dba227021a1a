// `netsweep-agent join TOKEN`: makes this host's agent a member, and keeps what makes it one.
import { Command } from 'commander';
import { JoinError, join } from '../../proto/identity/join.js';
import { parse, UsageError } from '../usage.js';
import { standardPlace } from './place.js';

/** Resolves with the exit code. Throws UsageError. */
export async function runJoin(words: string[]): Promise<number> {
  const command = new Command('netsweep-agent join')
    .description('Becomes an enrolled agent with a join token of `netsweep enroll`.')
    .argument('<token>', 'or - to read it from stdin')
    .option('--dir <dir>', 'where the identity is kept', standardPlace())
    .addHelpText('after', '\nExample:\n  netsweep-agent join netsweep1-... && netsweep-agent');
  parse(command, words);
  const { dir = '' } = command.opts<{ dir?: string }>();
  try {
    const { identity, address } = await join(command.args[0] ?? '', dir);
    const { name, segments } = identity;
    const start = dir === standardPlace() ? 'netsweep-agent' : `netsweep-agent --identity ${dir}`;
    process.stdout.write(
      `${name}: joined ${address} for ${segments.join(', ')}, kept in ${dir}\n  ${start}\n`,
    );
    return 0;
  } catch (error) {
    if (error instanceof JoinError) throw new UsageError(error.message, error.isInput ? 2 : 4);
    throw error;
  }
}

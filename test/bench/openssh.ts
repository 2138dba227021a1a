// How OpenSSH's client logs in here without anybody at a terminal: it asks a program for the password, once.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from './inventory.ts';

/** Options and environment of an `ssh` that accepts the host key and forgets it. */
export async function sshLogin(
  { password }: Device,
  folder: string,
): Promise<{ words: string[]; env: NodeJS.ProcessEnv }> {
  const ask = join(folder, 'askpass');
  await writeFile(ask, '#!/bin/sh\necho "$NETSWEEP_BENCH_PASSWORD"\n', { mode: 0o700 });
  const settings = {
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    GlobalKnownHostsFile: '/dev/null',
    PreferredAuthentications: 'password',
    NumberOfPasswordPrompts: '1',
    LogLevel: 'ERROR',
  };
  return {
    words: ['-F', 'none', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])],
    env: { SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: 'force', NETSWEEP_BENCH_PASSWORD: password },
  };
}

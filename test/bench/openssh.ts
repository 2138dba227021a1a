// How OpenSSH's client logs in here without anybody at a terminal.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from './inventory.ts';

/** Accepts each host key and forgets it, reads no configuration. */
export function openSshOptions(): string[] {
  const settings = {
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    GlobalKnownHostsFile: '/dev/null',
    LogLevel: 'ERROR',
  };
  return ['-F', 'none', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/** Options and environment with which it asks a program for the password, once. */
export async function passwordLogin(
  { password }: Device,
  folder: string,
): Promise<{ words: string[]; env: NodeJS.ProcessEnv }> {
  const ask = join(folder, 'askpass');
  await writeFile(ask, '#!/bin/sh\necho "$NETSWEEP_BENCH_PASSWORD"\n', { mode: 0o700 });
  const once = ['-o', 'PreferredAuthentications=password', '-o', 'NumberOfPasswordPrompts=1'];
  return {
    words: [...openSshOptions(), ...once],
    env: { SSH_ASKPASS: ask, SSH_ASKPASS_REQUIRE: 'force', NETSWEEP_BENCH_PASSWORD: password },
  };
}

// Hosts for agents, and a package to install there: real OpenSSH servers with an account each, which sees the checkout and
// Node whatever the rest of the machine lets it see.
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Sshd, startSshd } from '../openssh.ts';
import type { Place } from '../place.ts';
import { output, root } from '../process.ts';

/** Where a host finds this checkout. */
const CHECKOUT = '/run/checkout';
/** (Re)starts what an earlier one has left in the file, as a user who has no systemd would. */
export const START = [
  '[ ! -e $HOME/pid ] || { kill $(cat $HOME/pid) 2>/dev/null; while kill -0 $(cat $HOME/pid) 2>/dev/null; do sleep 0.1; done; }',
  'setsid netsweep-agent --workers 1 >>$HOME/log 2>&1 </dev/null & echo $! >$HOME/pid',
].join('; ');

/** `old`: the Node there is too old. */
export function agentHost(old = false): Promise<Sshd> {
  const node = dirname(process.execPath);
  return startSshd({
    config: [`SetEnv PATH=${old ? '/run/old:' : ''}/run/node:/usr/local/bin:/usr/bin:/bin`],
    before: `
      mkdir -p ${CHECKOUT} /run/node /run/old
      mount --bind ${root} ${CHECKOUT}
      mount --bind ${node} /run/node
      printf '#!/bin/sh\\necho v18.20.4\\n' >/run/old/node
      chmod 755 /run/old/node`,
  });
}

/** As npm packs it: what is built, under another version, beside the libraries of the checkout. */
export async function agentPackage(place: Place, version: string): Promise<string> {
  const folder = place.path(`package-${version}/package`);
  await mkdir(join(folder, 'bin'), { recursive: true });
  const isCode = (path: string) => !/\.map$|dist\/coordinator/.test(path);
  await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true, filter: isCode });
  await cp(join(root, 'proto/platforms'), join(folder, 'proto/platforms'), { recursive: true });
  await symlink(`${CHECKOUT}/node_modules`, join(folder, 'node_modules'));
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'netsweep-agent', version, type: 'module' }, null, 2),
  );
  await writeFile(
    join(folder, 'bin/netsweep-agent.cjs'),
    "#!/usr/bin/env node\nimport('../dist/agent/main.js');\n",
    { mode: 0o755 },
  );
  const file = place.path(`netsweep-agent-${version}.tgz`);
  await output('tar', ['-I', 'gzip -1', '-cf', file, '-C', dirname(folder), 'package']);
  return file;
}

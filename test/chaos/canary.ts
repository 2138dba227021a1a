// Looks for secrets that the devices were given wherever a process of ours may have let them fall: what it said, its
// command line and environment, the coordinator's state, the store of nats-server.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Netsweep } from '../place.ts';
import type { Arena } from './arena.ts';
import type { Finding } from './checker.ts';

export async function leaksOf(arena: Arena, run: Netsweep, secrets: string[]): Promise<Finding[]> {
  const { cluster, lives, watch, options } = arena;
  const disk = options.disk === undefined ? [] : [options.disk.path()];
  const texts = new Map<string, string>([
    ['the log of the coordinator', cluster.serve.log],
    ['the log of nats-server', arena.natsServers.map(({ log }) => log).join('\n')],
    ['what the client printed', run.stdout],
    ['what the client said', run.stderr],
    ['a command line or an environment', [...watch.words].join('\n')],
  ]);
  for (const { name, program } of lives) texts.set(`the log of agent ${name}, ${program.pid}`, program.log);
  const files = [cluster.place.folder, ...arena.natsServers.map(({ folder }) => folder), ...disk].flatMap(
    (folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name)),
  );
  return secrets.flatMap((secret) => {
    const said = [...texts].flatMap(([where, text]) => (text.includes(secret) ? [where] : []));
    const written = files.filter((file) => readFileSync(file).includes(secret));
    return [...said, ...written].map(
      (where): Finding => ({ rule: 'secret', device: '', what: `in ${where}` }),
    );
  });
}

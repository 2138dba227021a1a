// Where the nats-server of a self-contained run is: NETSWEEP_NATS_SERVER, on PATH, or what the set-up script unpacked.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** There is none; the message says what to do. */
export class NoNatsServer extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoNatsServer';
  }
}

/** An absolute path. Throws NoNatsServer. */
export function findNatsServer({ NETSWEEP_NATS_SERVER: named = '', PATH = '' } = process.env): string {
  if (named !== '') {
    if (named.startsWith('/') && existsSync(named)) return named;
    throw new NoNatsServer(`NETSWEEP_NATS_SERVER: found "${named}", expected the full path of nats-server`);
  }
  const candidates = [
    ...PATH.split(':').map((directory) => join(directory, 'nats-server')),
    '/usr/sbin/nats-server',
    ...ancestors(fileURLToPath(import.meta.url)).map((directory) =>
      join(directory, '.cache/bin/nats-server'),
    ),
  ];
  const found = candidates.find((path) => path.startsWith('/') && existsSync(path));
  if (found !== undefined) return found;
  throw new NoNatsServer(
    'there is no nats-server on PATH: install the package nats-server, or name the program in NETSWEEP_NATS_SERVER',
  );
}

function ancestors(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...ancestors(parent)];
}

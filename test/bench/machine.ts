// What a figure is worth nothing without: the machine and the versions it was measured on.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { program, root } from './place.ts';

export function machine(): Record<string, string> {
  const fromHere = createRequire(join(root, 'package.json'));
  return {
    CPU: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    memory: `${(totalmem() / (1 << 30)).toFixed(0)} GiB`,
    kernel: release(),
    Node: process.version,
    'nats-server': (
      said(process.env.NETSWEEP_NATS_SERVER ?? program('nats-server') ?? 'nats-server', ['--version']) ??
      'none'
    ).replace(/^nats-server: v?/, ''),
    ssh2: `${version('ssh2')}, ${nativeBinding(fromHere) ? 'with' : 'without'} its native binding`,
    '@grpc/grpc-js': version('@grpc/grpc-js'),
    sqlite: `${version('@photostructure/sqlite')} (SQLite ${sqliteVersion(fromHere)})`,
    commit: `${said('git', ['-C', root, 'rev-parse', '--short', 'HEAD']) ?? 'unknown'}${changed() ? ', changed since' : ''}`,
    date: new Date().toISOString().slice(0, 10),
  };
}

/** The first line of what a program says; null if it can't be had. */
export function said(file: string, args: string[]): string | null {
  try {
    const text = execFileSync(file, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });
    return text.split('\n')[0]?.trim() ?? '';
  } catch {
    return null;
  }
}

function changed(): boolean {
  return said('git', ['-C', root, 'status', '--porcelain', '--untracked-files=no']) !== '';
}

function version(name: string): string {
  const file = join(root, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version; // npm's own file
}

/** A binding that can't be loaded is replaced by Node's crypto without a word; the class in use tells. */
function nativeBinding(fromHere: NodeJS.Require): boolean {
  try {
    fromHere('ssh2/lib/protocol/crypto/build/Release/sshcrypto.node');
    return true;
  } catch {
    return false;
  }
}

function sqliteVersion(fromHere: NodeJS.Require): string {
  const { DatabaseSync } = fromHere('@photostructure/sqlite') as typeof import('@photostructure/sqlite');
  const database = new DatabaseSync(':memory:');
  const [row] = database.prepare('select sqlite_version() as version').all() as { version: string }[]; // one text
  database.close();
  return row?.version ?? 'unknown';
}

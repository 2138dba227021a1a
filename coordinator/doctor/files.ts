// What a coordinator's directory stands on: file system, room, and who may read it.
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { foundOpen } from '../../proto/keyfile.js';
import { sizeText } from '../combine/table.js';
import { fail, ok, type Verdict, warn } from './check.js';

/** By their magic numbers, as statfs(2) has them. */
const SHARED = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9P'],
]);
const PASSING = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
  [0x794c7630, "an overlay (a container's own layer)"],
]);
const FREE_LEAST = 0.1;

export async function fileSystem(directory: string): Promise<Verdict[]> {
  const { type } = await statfs(directory);
  const shared = SHARED.get(type >>> 0);
  if (shared !== undefined)
    return [
      fail(
        `${directory} is on ${shared}, where locks and synced writes may not be what they say`,
        'use a local disk',
      ),
    ];
  const passing = PASSING.get(type >>> 0);
  if (passing !== undefined)
    return [warn(`${directory} is on ${passing}: it may be gone after a restart`, 'use a disk that stays')];
  return [ok(`${directory} is on a local file system`)];
}

export async function room(directory: string): Promise<Verdict[]> {
  const { bavail, blocks, bsize } = await statfs(directory);
  const found = `${sizeText(bavail * bsize)} of ${sizeText(blocks * bsize)} are free at ${directory}`;
  return [
    bavail < FREE_LEAST * blocks
      ? warn(
          found,
          'make room: sweeps pause before the disk is full; `netsweep sweeps rm` frees space in the store',
        )
      : ok(found),
  ];
}

/** The directory itself, and what in it nobody else may read. */
export async function permissions(directory: string, secrets: readonly string[]): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const path of [directory, ...secrets.map((name) => join(directory, name))]) {
    const about = await stat(path).catch(() => null);
    if (about === null) continue;
    if (foundOpen(about) !== null)
      verdicts.push(
        fail(
          `${path} may be read by others (mode ${(about.mode & 0o777).toString(8)})`,
          `chmod go-rwx ${path}`,
        ),
      );
    else if (process.getuid !== undefined && about.uid !== process.getuid() && process.getuid() !== 0)
      verdicts.push(fail(`${path} belongs to user ${about.uid}`, `chown it to user ${process.getuid()}`));
  }
  return verdicts.length > 0
    ? verdicts
    : [ok(`${directory} and the keys in it are read by their owner alone`)];
}

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makeDirectory } from '../../proto/directory.ts';

const folder = mkdtempSync(join(tmpdir(), 'netsweep-directory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a directory', () => {
  test('is made with those above it, for its owner alone, and may be there', () => {
    const path = join(folder, 'a', 'b', 'c');
    for (let times = 0; times < 2; times += 1) makeDirectory(path);
    for (const made of [path, join(folder, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  test('is refused where a file is in its way', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => makeDirectory(join(folder, 'file'))).toThrow('EEXIST');
    expect(() => makeDirectory(join(folder, 'file', 'below'))).toThrow('ENOTDIR');
  });

  test.runIf(process.platform === 'linux')('is refused where a file system has no place for it', () => {
    expect(() => makeDirectory('/proc/netsweep')).toThrow('ENOENT');
    expect(() => makeDirectory('/proc/netsweep/state')).toThrow('ENOENT');
  });
});

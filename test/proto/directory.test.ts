import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
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

  test('may be made by others at the same time', async () => {
    const paths = Array.from({ length: 300 }, (_, n) =>
      join(folder, `made-${n}`, 'by', 'two', 'at', 'the', 'same', 'time'),
    );
    const round = new Int32Array(new SharedArrayBuffer(8));
    const rival = new Worker(
      `const { mkdirSync } = require('node:fs');
      const { round, paths } = require('node:worker_threads').workerData;
      for (const [n, path] of paths.entries()) {
        while (Atomics.load(round, 0) <= n);
        mkdirSync(path, { recursive: true });
        Atomics.store(round, 1, n + 1);
        Atomics.notify(round, 1);
      }`,
      { eval: true, workerData: { round, paths } },
    );
    try {
      for (const [n, path] of paths.entries()) {
        Atomics.store(round, 0, n + 1);
        makeDirectory(path);
        expect(Atomics.wait(round, 1, n, 10_000)).not.toBe('timed-out');
      }
    } finally {
      await rival.terminate();
    }
    for (const path of paths) expect(statSync(path).isDirectory()).toBe(true);
  });

  test.runIf(process.platform === 'linux')('is refused where a file system has no place for it', () => {
    expect(() => makeDirectory('/proc/netsweep')).toThrow('ENOENT');
    expect(() => makeDirectory('/proc/netsweep/state')).toThrow('ENOENT');
    expect(() => makeDirectory('')).toThrow('ENOENT');
  });
});

// Large inventories cost what their devices cost, not what it takes to find out what shape they have.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root, run } from '../process.ts';

const DEVICES = 50_000;
const folder = mkdtempSync(join(tmpdir(), 'netsweep-large-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(`a CSV of ${DEVICES} devices is checked in less than 8 KB of memory for each`, async () => {
  const rows = Array.from(
    { length: DEVICES },
    (_, n) => `sw${n},10.${n >> 16}.${(n >> 8) & 255}.${n & 255},cisco_ios`,
  );
  writeFileSync(join(folder, 'lab.csv'), ['name,host,platform', ...rows, ''].join('\n'));
  const program = join(root, 'dist/coordinator/main.js');
  const args = [program, 'inventory', 'check', '-i', 'lab.csv'];
  const env = { ...process.env, NODE_OPTIONS: `--require=${join(root, 'test/inventory/peak.cjs')}` };
  const { status, stdout, stderr } = await run(process.execPath, args, { cwd: folder, env });
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: expect.stringContaining(`${DEVICES}`) });
  expect(Number(/peak (\d+) MiB/.exec(stderr)?.[1])).toBeLessThan(8 * 50);
});

// Inventories of 100,000 devices, from the file to entries.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readInventory } from '../../../coordinator/inventory/read.ts';
import { Platforms } from '../../../proto/platform.ts';
import { runningFleet } from '../fleet.ts';
import { writeDevices } from '../inventory.ts';
import type { Micro } from './harness.ts';
import { TemporaryFolder } from './samples.ts';

const DEVICES = 100_000;

export async function* inventory(): AsyncGenerator<Micro> {
  using folder = new TemporaryFolder();
  const { devices } = runningFleet('admin:secret@127.1.0.1:22', DEVICES);
  const named = Object.fromEntries(
    devices.map(({ name, host, port }) => [name, { host, port, platform: 'cisco_ios' }]),
  );
  const document = { defaults: { username: 'admin', password: 'secret' }, devices: named };
  const texts = { csv: writeDevices(devices), json: JSON.stringify(document), yaml: stringify(document) };
  for (const [shape, text] of Object.entries(texts)) {
    const file = join(folder.path, `devices.${shape}`);
    writeFileSync(file, text, { mode: 0o600 });
    yield {
      title: `inventory, ${shape.toUpperCase()} of 100,000 devices`,
      items: DEVICES,
      bytes: Buffer.byteLength(text),
      round: async () => {
        const io = { cwd: folder.path, stdin: nothing(), env: {}, platforms: new Platforms() };
        const { entries } = await readInventory([file], io);
        if (entries.length !== DEVICES) throw new Error(`${entries.length} entries`);
      },
    };
  }
}

async function* nothing(): AsyncGenerator<string> {}

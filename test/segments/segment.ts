// The devices of one segment: a rehearsal fleet at addresses of the segment's network, the same in every segment.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fleet, type FleetOptions } from '../fleet.ts';
import { Running } from '../process.ts';
import type { Host } from './host.ts';

const RELAY = join(import.meta.dirname, 'relay.mjs');

export interface Entry {
  name: string;
  host: string;
  port: number;
  segment: string;
  [field: string]: unknown;
}

export class Segment implements AsyncDisposable {
  private constructor(
    readonly name: string,
    readonly fleet: Fleet,
    private readonly relay: Running,
  ) {}

  static async open(name: string, devices: Host, options: FleetOptions): Promise<Segment> {
    const inside = { command: (file: string, args: string[]) => devices.wired(file, args) };
    const fleet = await Fleet.open({ ...options, inside });
    const relay = new Running(...devices.wired(process.execPath, [RELAY, String(fleet.port)]), {
      onParentExit: 'killed',
    });
    await relay.logged(/^ready$/m);
    return new Segment(name, fleet, relay);
  }

  /** As an inventory has them. */
  async entries(): Promise<Entry[]> {
    const { defaults, devices } = JSON.parse(await readFile(this.fleet.inventory(), 'utf8')) as {
      defaults: object;
      devices: Record<string, { host: string }>;
    };
    return Object.entries(devices).map(([name, fields]) => ({
      ...defaults,
      ...fields,
      name: `${this.name}.${name}`,
      host: fields.host.replace(/^127\.1\.0\./, '10.10.1.'),
      port: 22,
      segment: this.name,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.relay.stop('SIGKILL');
    await this.fleet[Symbol.asyncDispose]();
  }
}

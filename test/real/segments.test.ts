// Two segments with the same device addresses: network namespaces that reach the coordinator and not each other,
// each with its own fleet and its own agent, over mutual TLS.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Fleet } from '../fleet.ts';
import { type Namespace, namespacesMissing, startNamespaces } from '../netns.ts';
import { asRoot, output, program } from '../process.ts';
import { securedMissing, startSecured } from './secured.ts';
import { type DeviceFields, outputOf, sweep } from './sweep.ts';

const DEVICES = 12;
const PORT = 2222;
const commands = ['show running-config', 'show version'];

/** Lets a namespace reach one more address of the system's, and nothing behind it. */
async function addRoute({ name, gateway }: Namespace, address: string): Promise<void> {
  const words = ['-n', name, 'route', 'add', `${address}/32`, 'via', gateway];
  await output(...asRoot(program('ip') ?? 'ip', words));
}

/** The fleet's inventory, as a segment's. */
async function devicesOf(fleet: Fleet, segment: string): Promise<DeviceFields[]> {
  const { defaults, devices } = JSON.parse(await readFile(fleet.inventory(), 'utf8'));
  return Object.entries(devices as Record<string, DeviceFields>).map(([name, fields]) => ({
    ...defaults,
    ...fields,
    name: `${segment}.${name}`,
    segment,
  }));
}

describe.skipIf((namespacesMissing ?? securedMissing) !== null)(
  'two segments with the same addresses',
  () => {
    test('end in one report, each device with the answers of its own segment', async () => {
      await using namespaces = await startNamespaces();
      const { a, b } = namespaces;
      await addRoute(b, a.gateway);
      const common = { devices: DEVICES, port: PORT, configLines: 60 };
      await using north = await Fleet.open({ ...common, seed: 1, password: 'north-secret', inside: a });
      await using south = await Fleet.open({ ...common, seed: 2, password: 'south-secret', inside: b });
      await using secured = await startSecured({ address: a.gateway });
      const agents = [
        await secured.agent({ name: 'agent-north', segment: 'north', inside: a }),
        await secured.agent({ name: 'agent-south', segment: 'south', inside: b }),
      ];
      for (const agent of agents) await agent.logged(/^ready name=/m);

      const devices = [...(await devicesOf(north, 'north')), ...(await devicesOf(south, 'south'))];
      const swept = await sweep(secured.place, devices, [...(await secured.client()), ...commands]);

      expect(swept.stderr).not.toMatch(/warning/i);
      expect(swept.status).toBe(0);
      expect(swept.counts).toMatchObject({ selected: 2 * DEVICES, ok: 2 * DEVICES });
      const byName = new Map(swept.devices.map((device) => [device.device, device]));
      for (const name of north.names) {
        const [inNorth, inSouth] = [byName.get(`north.${name}`), byName.get(`south.${name}`)];
        if (inNorth === undefined || inSouth === undefined) throw new Error(`${name} is missing`);
        expect(inNorth).toMatchObject({ status: 'ok', segment: 'north', agent: 'agent-north' });
        expect(inSouth).toMatchObject({ status: 'ok', segment: 'south', agent: 'agent-south' });
        expect(inNorth.host).toBe(inSouth.host);
        for (const command of commands) {
          expect(outputOf(inNorth, command).output).toBe(north.expected(name, command));
          expect(outputOf(inSouth, command).output).toBe(south.expected(name, command));
        }
        expect(outputOf(inNorth, commands[0] ?? '').sha256).not.toBe(
          outputOf(inSouth, commands[0] ?? '').sha256,
        );
      }
      for (const fleet of [north, south]) {
        expect(
          fleet
            .sessions()
            .map(({ device }) => device)
            .sort(),
        ).toEqual([...fleet.names].sort());
        expect(fleet.sessions().every(({ denied }) => denied === 0)).toBe(true);
      }
    });
  },
);

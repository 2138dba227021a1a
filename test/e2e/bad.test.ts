// A fleet in which everything goes wrong that can: each device has to end as the fleet knows it must.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAULT_NAMES, type Fault } from '../../agent/fleet/fault.ts';
import { startCluster } from '../cluster.ts';
import { checkWitnesses } from '../witness.ts';

const EACH = 2;
const DEVICES = EACH * FAULT_NAMES.length + 14;

test('every kind of bad device ends with the failure that it must end with, and harms no other', async () => {
  const bad = Object.fromEntries(FAULT_NAMES.map((fault) => [fault, EACH / DEVICES])) as Record<
    Fault,
    number
  >;
  await using cluster = await startCluster({ devices: DEVICES, segments: 2, bad, slowMs: 700, dripMs: 0 });
  const { fleet, place } = cluster;
  const inventory = fleet.inventory();
  const fields = JSON.parse(readFileSync(inventory, 'utf8')).devices as Record<
    string,
    Record<string, string>
  >;
  const known = Object.values(fields).filter((device) => device.known_host_key !== undefined);
  const lines = known.map((device) => `[${device.host}]:${device.port} ${device.known_host_key}\n`);
  expect(lines).toHaveLength(EACH);
  await place.write('.ssh/known_hosts', lines.join(''));

  const limits = ['-T', '2', '--login-timeout', '4', '--idle-timeout', '3', '--retries', '1'];
  const { status, results } = await cluster.run(limits);
  expect(status).toBe(1);
  const ended = results.map(({ device, status, failure }) => [device, failure?.kind ?? status]);
  expect(Object.fromEntries(ended)).toEqual(
    Object.fromEntries(fleet.devices.map(({ name, expect }) => [name, expect])),
  );
  for (const { device, outputs } of results.filter((result) => result.status === 'ok'))
    expect(outputs[0]?.output).toBe(fleet.expected(device, 'show running-config'));
  await checkWitnesses({ cluster, results });
});

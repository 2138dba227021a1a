// Secrets in Vault, found by whoever has one: the agents of a segment, or the command that starts the sweep. Vault is
// our own stand-in.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FLEET_DEFAULTS } from '../../agent/fleet/options.ts';
import { type Cluster, startCluster, troubles } from '../cluster.ts';
import { FakeVault } from '../vault.ts';

const COMMAND = 'show version';
const TOKEN = 'token-of-the-agent';

async function openVault(): Promise<FakeVault> {
  const vault = await FakeVault.open();
  vault.tokens.set(TOKEN, ['secret/']);
  vault.documents.set('/secret/core', { password: FLEET_DEFAULTS.password });
  return vault;
}

/** The fleet's devices with these passwords, in turn. */
function inventory({ fleet, place }: Cluster, passwords: string[], segment = 'default'): string {
  const file = join(place.folder, 'vault.json');
  const devices = fleet.devices.map(({ name, address: host, platform }, at) => {
    const password = passwords[at % passwords.length] ?? '';
    return { name, host, platform, port: fleet.port, segment, username: FLEET_DEFAULTS.user, password };
  });
  writeFileSync(file, JSON.stringify(devices), { mode: 0o600 });
  return file;
}

test('agents with a Vault find secrets themselves; one that is not there ends its own devices alone', async () => {
  await using vault = await openVault();
  await using cluster = await startCluster({
    devices: 4,
    platforms: ['cisco_ios'],
    agents: [
      {
        name: 'one',
        segments: ['default'],
        env: { NETSWEEP_VAULT_ADDR: vault.address, VAULT_TOKEN: TOKEN },
      },
    ],
  });
  const { status, results, stderr } = await cluster.run([COMMAND], {
    inventory: inventory(cluster, ['vault:secret/core#password', 'vault:secret/core#wrong']),
  });
  expect(status, stderr).toBe(1);
  const words = "a secret can't be had: admin-2: secret/core has no key wrong (it has password)";
  expect(troubles(results)).toEqual([
    `R2: failed auth (resolve): ${words}`,
    `R4: failed auth (resolve): ${words}`,
  ]);
  expect(new Set(cluster.fleet.sessions().map(({ device }) => device))).toEqual(new Set(['R1', 'R3']));
  // Whoever started the sweep has no Vault, and the credential is told apart by its reference alone.
  expect(vault.requests.filter((request) => request.includes('/data/'))).toHaveLength(1);
  const { stdout } = await cluster.place.netsweep(['credentials', 'list', '--json']);
  expect(stdout).not.toContain(FLEET_DEFAULTS.password);
});

test('where the agents have none, whoever starts the sweep finds them, or says why not', async () => {
  await using vault = await openVault();
  await using cluster = await startCluster({
    devices: 1,
    platforms: ['cisco_ios'],
    agents: [{ name: 'one', segments: ['default'] }],
  });
  const file = inventory(cluster, ['vault:secret/core#password']);
  const without = await cluster.run([COMMAND], { inventory: file });
  expect(without.status).toBe(2);
  expect(without.stderr).toMatch(
    /vault\.json:1:\d+: vault:secret\/core#password: VAULT_ADDR is not set here, and not every agent of segment default has a Vault of its own/,
  );
  Object.assign(cluster.place.env, { VAULT_ADDR: vault.address, VAULT_TOKEN: TOKEN });
  const { status, results, stderr } = await cluster.run([COMMAND], { inventory: file });
  expect({ status, troubles: troubles(results) }, stderr).toEqual({ status: 0, troubles: [] });
  vault.sealed = true;
  const sealed = await cluster.run([COMMAND], { inventory: file });
  expect(sealed.status).toBe(2);
  expect(sealed.stderr).toContain(`the Vault at ${vault.address} is sealed (503)`);
});

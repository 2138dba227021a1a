// Who reads Vault for a sweep: the agents, where all of them in the segments concerned have a Vault of their own; else
// this command, by the variables that Vault's own tools use. Nothing is loaded or asked where no reference names one.
import type { Agent } from '../../proto/gen/netsweep/v1/sweeps.js';
import { readVaultSettings, VaultError } from '../../proto/vaultsettings.js';
import type { CredentialSource } from '../inventory/inventory.js';
import type { SecretsIo } from '../inventory/secrets.js';

export async function vaultOf(
  sources: readonly CredentialSource[],
  segments: ReadonlySet<string>,
  agents: () => Promise<Agent[]>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<SecretsIo['vault']> {
  if (!sources.some(usesVault)) return refuse('no Vault was asked for');
  const without = segmentsWithoutVault(segments, await agents());
  if (without.length === 0) return 'agents';
  try {
    const settings = readVaultSettings(environment);
    if (settings === null)
      return refuse(
        `VAULT_ADDR is not set here, and not every agent of segment ${without.join(', ')} has a Vault of its own`,
      );
    const { Vault } = await import('../../proto/vault.js');
    const vault = new Vault(settings);
    return (reference) => vault.secret(reference);
  } catch (error) {
    if (error instanceof VaultError) return refuse(error.message);
    throw error;
  }
}

function segmentsWithoutVault(segments: ReadonlySet<string>, agents: readonly Agent[]): string[] {
  return [...segments].filter((segment) => {
    const serving = agents.filter((agent) => agent.segments.includes(segment));
    return serving.length === 0 || serving.some(({ hasVault }) => !hasVault);
  });
}

function usesVault(source: CredentialSource): boolean {
  const { password, enableSecret, privateKey, passphrase, certificate } = source;
  return [password, enableSecret, privateKey, passphrase, certificate].some(
    (reference) => reference?.from === 'vault',
  );
}

function refuse(why: string): () => Promise<Buffer> {
  return () => Promise.reject(new VaultError(why));
}

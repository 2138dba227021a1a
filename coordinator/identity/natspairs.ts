// The seeds of a NATS of our own, lent as pairs for as long as something is signed.
import { join } from 'node:path';
import type { KeyPair } from '@nats-io/nkeys';
import type { Publics } from './natsclaims.js';
import { keyPair } from './natskeys.js';

const SEEDS = { operator: 'operator', system: 'account', account: 'account', agents: 'account' } as const;

export interface Pairs extends Record<keyof typeof SEEDS, KeyPair> {
  publics: Publics;
}

/** Lends the pairs of the folder to `work` and clears them. Throws InputError where one is missing. */
export async function withPairs<T>(
  folder: string,
  mayMake: boolean,
  work: (pairs: Pairs) => Promise<T>,
): Promise<T> {
  const open = (name: keyof typeof SEEDS) =>
    keyPair(join(folder, `${name}.nk`), mayMake ? SEEDS[name] : null);
  const pairs = {
    operator: open('operator'),
    system: open('system'),
    account: open('account'),
    agents: open('agents'),
  };
  const publics = {
    system: pairs.system.getPublicKey(),
    account: pairs.account.getPublicKey(),
    agents: pairs.agents.getPublicKey(),
  };
  try {
    return await work({ ...pairs, publics });
  } finally {
    for (const pair of Object.values(pairs)) pair.clear();
  }
}

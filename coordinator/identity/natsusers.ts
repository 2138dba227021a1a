// The users of NATS that agents have. All that a server has to know of an agent is its account's claims, which lie in
// a file here; telling the servers is another's work.
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '@nats-io/jwt';
import { createAccount, createUser } from '@nats-io/nkeys';
import { segmentToken } from '../../proto/subjects.js';
import { agentClaims, agentUserClaims, type Grant, revokedClaims } from './natsclaims.js';
import { credentials, writeWhole } from './natskeys.js';
import { withPairs } from './natspairs.js';
import { accountsFolder, natsFolder } from './natsplaces.js';

/** A name with this mark is that of an account whose agent is revoked; a token has none. */
const REVOKED = '~';

/** Credentials for a user of an agent, until `expires` (ms since 1970), and the claims of its account if they are new. */
export async function natsUser(
  stateDirectory: string,
  grant: Grant & { expires: number },
): Promise<{ creds: Buffer; news: string | null }> {
  const folder = natsFolder(stateDirectory);
  return withPairs(folder, false, async ({ operator, agents, publics }) => {
    const file = join(accountsFolder(folder), segmentToken(grant.agent));
    const known = existsSync(file) ? readFileSync(file, 'utf8') : null;
    const account = known === null ? newAccount() : decode(known).sub;
    const claims = await agentClaims(operator, account, publics, grant);
    const news = known !== null && saysTheSame(known, claims) ? null : claims;
    if (news !== null) writeWhole(file, news, 0o600);
    const user = createUser();
    const creds = credentials(await agentUserClaims(user, agents, account, grant), user);
    user.clear();
    return { creds, news };
  });
}

/** Ends an agent's account; under the same name it would get another. Null: it had none. */
export async function revokeNatsUser(stateDirectory: string, agent: string): Promise<string | null> {
  const folder = natsFolder(stateDirectory);
  const file = join(accountsFolder(folder), segmentToken(agent));
  if (!existsSync(file)) return null;
  const account = decode(readFileSync(file, 'utf8')).sub;
  const claims = await withPairs(folder, false, ({ operator }) => revokedClaims(operator, account, agent));
  // Replaced, then moved away: between the two it is revoked already.
  writeWhole(file, claims, 0o600);
  renameSync(file, join(accountsFolder(folder), `${REVOKED}${account}`));
  return claims;
}

/** Claims of every agent's account, revoked ones too. */
export function agentAccounts(stateDirectory: string): string[] {
  const folder = accountsFolder(natsFolder(stateDirectory));
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
}

/** The account's own key signs nothing and is kept nowhere. */
function newAccount(): string {
  const pair = createAccount();
  const name = pair.getPublicKey();
  pair.clear();
  return name;
}

function saysTheSame(one: string, other: string): boolean {
  return JSON.stringify(decode(one).nats) === JSON.stringify(decode(other).nats);
}

// What we state of operator, accounts and users of NATS, as signed tokens. The coordinator's account holds the stream,
// and every agent has an account of its own, into which comes only what that agent may use of it: permissions alone
// would not do, because the address that an answer is to go to is not subject to them.
import { encodeAccount, encodeOperator, encodeUser } from '@nats-io/jwt';
import type { KeyPair } from '@nats-io/nkeys';
import { allowed, INBOXES, type Scope, SUBJECT_KINDS, type SubjectKind } from '../../proto/rights.js';

/** Most bytes of what an agent says on NATS: pulls, acknowledgements, its own presence. */
const AGENT_PAYLOAD = 16 * 1024;
/** Connections of one agent: it and its successor, each while its last one is not noticed to be dead. */
const AGENT_CONNECTIONS = 8;
/** Subscriptions of one agent: one, and one for each pull. */
const AGENT_SUBSCRIPTIONS = 1_000;
/** On which a server takes claims of accounts. */
export const CLAIMS_UPDATE = '$SYS.REQ.CLAIMS.UPDATE';

const UNLIMITED = { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1 };
const NO_LEAF = { leaf: 0, disallow_bearer: true };
const JETSTREAM = {
  mem_storage: -1,
  disk_storage: -1,
  streams: -1,
  consumer: -1,
  max_ack_pending: -1,
};
/** Only our own protocol on TCP. */
const PLAIN = { bearer_token: false, allowed_connection_types: ['STANDARD' as const] };

/** Public keys: what is named in others' claims. */
export interface Publics {
  system: string;
  account: string;
  agents: string;
}

export function operatorClaims(operator: KeyPair, { system }: Publics): Promise<string> {
  return encodeOperator('netsweep', operator, { system_account: system });
}

export function systemClaims(operator: KeyPair, { system }: Publics): Promise<string> {
  return encodeAccount('system', system, { limits: { ...UNLIMITED, ...NO_LEAF } }, { signer: operator });
}

/** The account with the stream of work. */
export function accountClaims(operator: KeyPair, { account }: Publics, storeId: string): Promise<string> {
  const scope = { storeId, segment: '*', agent: '*' };
  const exports = services().map(({ name, service }) => ({
    name,
    subject: service.subject(scope),
    type: 'service' as const,
    response_type: service.answers === 'often' ? ('Stream' as const) : ('Singleton' as const),
  }));
  const limits = { ...UNLIMITED, ...NO_LEAF, ...JETSTREAM };
  return encodeAccount('netsweep', account, { limits, exports }, { signer: operator });
}

export interface Grant {
  agent: string;
  segments: string[];
  storeId: string;
}

/** An agent's own account; `agents` signs its users. */
export function agentClaims(
  operator: KeyPair,
  agentAccount: string,
  { account, agents }: Publics,
  grant: Grant,
): Promise<string> {
  const imports = new Map(
    scopes(grant).flatMap((scope) =>
      services().map(({ name, subject, service }) => [
        subject(scope),
        {
          name,
          subject: service.subject(scope),
          local_subject: subject(scope),
          account,
          type: 'service' as const,
        },
      ]),
    ),
  );
  const limits = { ...UNLIMITED, ...NO_LEAF, exports: 0, conn: AGENT_CONNECTIONS, subs: AGENT_SUBSCRIPTIONS };
  const claims = { limits, imports: [...imports.values()], signing_keys: [agents] };
  return encodeAccount(`agent ${grant.agent}`, agentAccount, claims, { signer: operator });
}

/** Of an agent that nobody believes any more: all its users are revoked, and none could connect. */
export function revokedClaims(operator: KeyPair, agentAccount: string, agent: string): Promise<string> {
  const limits = { ...UNLIMITED, ...NO_LEAF, exports: 0, imports: 0, conn: 0, subs: 0 };
  const revocations = { '*': Math.ceil(Date.now() / 1_000) };
  return encodeAccount(`agent ${agent}`, agentAccount, { limits, revocations }, { signer: operator });
}

/** A user of an agent. `expires`: ms since 1970. */
export function agentUserClaims(
  user: KeyPair,
  signer: KeyPair,
  agentAccount: string,
  grant: Grant & { expires: number },
): Promise<string> {
  const may = scopes(grant);
  const rights = {
    ...PLAIN,
    pub: { allow: unique(may.flatMap((scope) => allowed('agent', 'publish', scope))) },
    sub: { allow: unique(may.flatMap((scope) => allowed('agent', 'subscribe', scope))) },
    payload: AGENT_PAYLOAD,
  };
  const options = { signer, exp: Math.floor(grant.expires / 1_000) };
  return encodeUser(grant.agent, user.getPublicKey(), agentAccount, rights, options);
}

export function coordinatorUserClaims(user: KeyPair, account: KeyPair, storeId: string): Promise<string> {
  const scope = { storeId, segment: '*', agent: '*' };
  const pub = { allow: allowed('coordinator', 'publish', scope) };
  const sub = { allow: allowed('coordinator', 'subscribe', scope) };
  return encodeUser('coordinator', user.getPublicKey(), account, { ...PLAIN, pub, sub });
}

/** Who tells the servers of accounts, and nothing else. */
export function systemUserClaims(user: KeyPair, system: KeyPair): Promise<string> {
  const rights = { ...PLAIN, pub: { allow: [CLAIMS_UPDATE] }, sub: { allow: [INBOXES] } };
  return encodeUser('accounts', user.getPublicKey(), system, rights);
}

/** What the coordinator's account is to agents. */
function services() {
  return Object.entries<SubjectKind>(SUBJECT_KINDS).flatMap(([name, { subject, service }]) =>
    service === null ? [] : [{ name, subject, service }],
  );
}

function scopes({ storeId, agent, segments }: Grant): Scope[] {
  return segments.map((segment) => ({ storeId, agent, segment }));
}

function unique(subjects: string[]): string[] {
  return [...new Set(subjects)];
}

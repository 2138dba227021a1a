// What is known of a NATS server by its version and its settings. NATS is only the road: what is wrong here costs time,
// or lets somebody in who should not be, never a result.
import { sizeText } from '../combine/table.js';
import type { Shown } from '../sweep/natsshown.js';
import { life } from './certificates.js';
import { fail, ok, type Verdict, warn } from './check.js';
import { isBefore } from './versions.js';

/** What a connection tells of its server. */
export interface NatsFacts {
  server: string;
  version: string;
  isLoopback: boolean;
  isCluster: boolean;
  /** The connection is encrypted. */
  isEncrypted: boolean;
  /** It asks who one is. */
  isGuarded: boolean;
  /** Of our stream. */
  copies: number;
  /** Of our account, in bytes; limit -1: none. null: we are not told. */
  storage: { limit: number; used: number } | null;
  /** What servers show, where there is TLS. */
  certificates: Shown[];
}

/** Below it our own calls do not work. */
const LEAST = '2.9.4';
/** With these and later ones of their line the advisories below are closed. */
const FIXED = ['2.14.3', '2.12.12'];
/** What older servers are open to, in our words. */
const RISKS = [
  'whoever can reach a websocket or leafnode port can end the server before a login (CVE-2026-27889, CVE-2026-29785): open neither',
  'users mapped from names in certificates can be feigned (CVE-2026-33248): use keys or JWTs, not verify_and_map',
  'a user with no name (no_auth_user) weakens the login of routes: set none',
  'what a deny list forbids can be reached by a queue subscription: only allow-lists count',
  "a restore of a stream can pass by an account's permissions (GHSA-9983-vrx2-fg9c): allow no $JS.API.STREAM.* to agents",
];
const NEARLY_FULL = 0.8;
const NATS_SOON_DAYS = 60;

export function natsVersion({ version }: NatsFacts): Verdict[] {
  if (isBefore(version, LEAST) === true)
    return [fail(`nats-server ${version} is older than ${LEAST}`, 'install a newer one')];
  const line = FIXED.find((fixed) => sameLine(fixed, version)) ?? FIXED[0] ?? '';
  if (isBefore(version, line) !== true) return [ok(`nats-server ${version}`)];
  return [
    warn(
      `nats-server ${version} has known weaknesses: ${RISKS.join('; ')}`,
      `install ${FIXED.join(' or ')}, or a newer one, or see that none of them applies`,
    ),
  ];
}

export function natsAccess(facts: NatsFacts): Verdict[] {
  const { server, isLoopback, isEncrypted, isGuarded } = facts;
  if (isLoopback)
    return [
      isGuarded
        ? ok(`${server} is on loopback and asks who one is`)
        : warn(
            `${server} lets every user of this host in`,
            'give it users, or let `netsweep serve --init` make its configuration',
          ),
    ];
  if (!isGuarded)
    return [fail(`${server} lets everybody in who reaches it`, 'give it users with allow-lists')];
  if (!isEncrypted) return [fail(`${server} is spoken to in clear`, 'give it TLS')];
  return [ok(`${server} is encrypted and asks who one is`)];
}

export function natsCopies({ copies, isCluster }: NatsFacts): Verdict[] {
  if (!isCluster)
    return [
      ok(
        'one nats-server: while it is away offers go over gRPC; after a loss of power some of them are offered again, as it syncs its disk every two minutes unless sync_interval says otherwise',
      ),
    ];
  if (copies >= 3) return [ok(`offers are kept ${copies} times`)];
  return [
    warn(
      `the NATS cluster keeps offers ${copies === 1 ? 'once' : `${copies} times`}`,
      'three of its servers must be up with JetStream; the copies are then made by themselves',
    ),
  ];
}

export function natsRoom({ storage }: NatsFacts): Verdict[] {
  if (storage === null)
    return [warn('NATS does not say how full our account is', 'let the coordinator publish $JS.API.INFO')];
  const { limit, used } = storage;
  if (limit <= 0) return [ok(`JetStream holds ${sizeText(used)}, without a limit of the account`)];
  const found = `JetStream holds ${sizeText(used)} of ${sizeText(limit)}`;
  return [
    used > NEARLY_FULL * limit ? warn(found, 'raise the limit: what is not taken goes over gRPC') : ok(found),
  ];
}

/** Nobody renews them on other hosts. */
export function natsCertificates(
  { certificates }: Pick<NatsFacts, 'certificates'>,
  nowMs: number,
): Verdict[] {
  return certificates.map(({ server, fromMs, toMs }) =>
    life(`what nats-server ${server} shows`, fromMs, toMs, nowMs, {
      soonDays: NATS_SOON_DAYS,
      advice:
        'netsweep serve --init --renew, bring its folder to its host, and nats-server --signal reload there; or renew it where it comes from',
    }),
  );
}

function sameLine(one: string, other: string): boolean {
  return one.split('.').slice(0, 2).join('.') === other.split('.').slice(0, 2).join('.');
}

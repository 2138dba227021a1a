// What a coordinator looks at when somebody asks whether it is well: itself, its directory, its NATS, its agents.

import { totalmem } from 'node:os';
import type { Member } from '../../proto/gen/netsweep/v1/members.js';
import type { Agent, Diagnosis } from '../../proto/gen/netsweep/v1/sweeps.js';
import { descriptors } from '../../proto/operation/process.js';
import { sizeText } from '../combine/table.js';
import { isLoopback } from '../intake/loopback.js';
import type { TlsFiles } from '../tls.js';
import * as agents from './agents.js';
import { certificate, renewals } from './certificates.js';
import { type Check, examine, fail, ok, type Verdict, warn } from './check.js';
import { fileSystem, permissions, room } from './files.js';
import { type NatsFacts, natsAccess, natsCertificates, natsCopies, natsRoom, natsVersion } from './nats.js';
import { floor } from './versions.js';

export interface CoordinatorFacts {
  version: string;
  /** Of its state; empty: none is known. */
  directory: string;
  keyFile: string | null;
  /** HOST:PORT or unix:PATH. */
  listen: string;
  tls: TlsFiles | null;
  /** Of our own authority; null: there is none, and `tls` is another's. */
  members: Member[] | null;
  agents: Agent[];
  /** Null: NATS is away. */
  nats(): Promise<NatsFacts | null>;
  /** Why nothing is offered; empty: it is. */
  pause: string;
  nowMs: number;
}

/** What nobody else may read of a state directory. */
const SECRETS = ['key', 'signing-key', 'store.db', 'authority/ca-key.pem', 'authority/server.pem'];
/** Streams, files of the store, and sockets of clients. */
const DESCRIPTORS_LEAST = 1_024;
const MEMORY_LEAST = 512e6;

const CHECKS: readonly Check<CoordinatorFacts>[] = [
  {
    name: 'versions',
    look: ({ version }) => [
      ok(`coordinator ${version}`),
      ...floor('Node', process.version, ' of the coordinator'),
    ],
  },
  {
    name: 'agents',
    look: (facts) => (isPrivate(facts) ? [ok('agents come with sweeps')] : agents.presence(facts)),
  },
  { name: 'agent versions', look: agents.versions },
  { name: 'clocks', look: agents.clocks },
  { name: 'agent limits', look: agents.limits },
  {
    name: 'work',
    look: ({ pause }) => [
      pause === '' ? ok('work is taken') : fail(`paused: ${pause}`, 'make room; all goes on by itself'),
    ],
  },
  { name: 'disk', look: ({ directory }) => room(directory) },
  {
    name: 'state directory',
    look: async ({ directory }) => [
      ...(await fileSystem(directory)),
      ...(await permissions(directory, SECRETS)),
    ],
  },
  { name: 'limits', look: () => [...openFiles(), ...memory()] },
  { name: 'access', look: access },
  {
    name: 'certificates',
    look: async ({ tls, nowMs }) =>
      tls === null
        ? []
        : [
            ...(await certificate("the coordinator's certificate", tls.cert, nowMs)),
            ...(await certificate("its authority's certificate", tls.ca, nowMs)),
          ],
  },
  { name: 'members', look: ({ members, nowMs }) => (members === null ? [] : renewals(members, nowMs)) },
  { name: 'NATS', look: natsOf },
];

export function diagnoseCoordinator(facts: CoordinatorFacts): Promise<Diagnosis[]> {
  return examine(CHECKS, facts);
}

/** It was started by a command, and ends with the last one. */
function isPrivate({ listen }: CoordinatorFacts): boolean {
  return listen.startsWith('unix:');
}

function access({ listen, tls, members }: CoordinatorFacts) {
  if (listen.startsWith('unix:')) return [ok('only this user reaches it, over a socket')];
  if (members !== null) return [ok(`${listen} is served to members alone: those who were enrolled here`)];
  if (tls !== null)
    return [
      ok(`${listen} is served over mutual TLS: whoever has a certificate of its authority may submit sweeps`),
    ];
  if (isLoopback(listen))
    return [
      warn(
        `${listen} is open to every user of its host`,
        'give it --tls-ca, --tls-cert and --tls-key, or let nobody else log in there',
      ),
    ];
  return [fail(`${listen} is served in clear`, 'give it --tls-ca, --tls-cert and --tls-key')];
}

function openFiles() {
  const { open, most } = descriptors();
  const found = `${open} of ${most} files are open`;
  return [
    most < DESCRIPTORS_LEAST ? warn(found, `raise LimitNOFILE to ${DESCRIPTORS_LEAST} or more`) : ok(found),
  ];
}

function memory(): Verdict[] {
  const bytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const found = `${sizeText(bytes)} of memory`;
  return [
    bytes < MEMORY_LEAST ? warn(found, 'give it 512 MB or more: 100,000 devices take 320 MB') : ok(found),
  ];
}

async function natsOf(about: CoordinatorFacts) {
  const facts = await about.nats();
  if (facts === null && isPrivate(about)) return [ok('nats-server comes with sweeps')];
  if (facts === null)
    return [
      warn('NATS is away: offers go over gRPC, a few seconds later', 'look at nats-server and its log'),
    ];
  return [
    ...[natsVersion, natsAccess, natsCopies, natsRoom].flatMap((look) => look(facts)),
    ...natsCertificates(facts, about.nowMs),
  ];
}
